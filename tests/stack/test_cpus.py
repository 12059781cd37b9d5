"""Cores are handed out from the lowest, and what is shared is said."""

from itertools import product

import pytest

from controller.errors import StackError
from controller.plan.plan import Cpus
from controller.stack.cpus import Cores, assign_cores, tells_of_sharing


def assigned(count: int, *, backing_used: bool, target: int = 1, backing: int = 1, generator: int = 1) -> Cores:
    """Assign the first cores of a machine."""
    cpus = Cpus(target=target, backing=backing, generator=generator)
    return assign_cores(cpus, range(count), backing_used=backing_used)


def shared(cores: Cores) -> list[str]:
    """Return the notes about too few cores."""
    return [note for note in cores.notes if "controller" not in note]


@pytest.mark.parametrize(
    ("count", "backing_used", "expected"),
    [
        (1, False, ((0,), (), (0,))),
        (1, True, ((0,), (0,), (0,))),
        (2, False, ((0,), (), (1,))),
        (2, True, ((0,), (0,), (1,))),
        (3, True, ((0,), (1,), (2,))),
        (8, True, ((0,), (1,), (2,))),
    ],
)
def test_one_core_each(count: int, *, backing_used: bool, expected: tuple[tuple[int, ...], ...]) -> None:
    """Target, backing, generator; with two cores the target shares with the backing services, not the generator."""
    cores = assigned(count, backing_used=backing_used)

    assert (cores.target, cores.backing, cores.generator) == expected
    assert cores.control == cores.generator[-1:]


def test_several_cores_each() -> None:
    """Only as much is shared as is missing."""
    wide = assigned(6, backing_used=True, target=3, backing=2, generator=1)
    tight = assigned(5, backing_used=True, target=3, backing=2, generator=1)
    tighter = assigned(3, backing_used=True, target=2, backing=2, generator=2)

    assert (wide.target, wide.backing, wide.generator) == ((0, 1, 2), (3, 4), (5,))
    assert (tight.target, tight.backing, tight.generator) == ((0, 1, 2), (2, 3), (4,))
    assert (tighter.target, tighter.backing, tighter.generator) == ((0, 1), (0, 1), (1, 2))


def test_what_is_shared_is_said() -> None:
    """A note names the parties and the cores; with enough cores only the controller's place is noted."""
    assert shared(assigned(2, backing_used=True)) == ["2 cores: target and backing services share core 0"]
    assert shared(assigned(1, backing_used=False)) == ["1 core: target and generator share core 0"]
    assert shared(assigned(2, backing_used=False)) == []
    assert assigned(2, backing_used=False).notes == ("controller, master and sampler share core 1 with the generator",)


def test_the_cores_that_may_be_used_are_used() -> None:
    """A machine, or a container, may give us other cores than the first ones."""
    cores = assign_cores(Cpus(), (3, 5, 9))

    assert (cores.target, cores.generator) == ((3,), (5,))


def test_a_target_with_fewer_cores_moves_nobody_else() -> None:
    """What a level of cpus changes is the target alone, and what it shares is said as it is then."""
    two = assigned(2, backing_used=False, target=2)
    one = two.for_target(1)

    assert (one.target, one.generator, one.control) == ((0,), two.generator, two.control)
    assert shared(two) == ["2 cores: target and generator share core 1"]
    assert shared(one) == []


def test_laws() -> None:
    """Each party gets as many as it asked for, and shares only where there are too few for all."""
    for count, target, backing, generator in product(range(1, 7), range(1, 5), range(1, 4), range(1, 4)):
        if max(target, backing, generator) > count:
            continue
        cores = assigned(count, backing_used=True, target=target, backing=backing, generator=generator)
        parties = (cores.target, cores.backing, cores.generator)

        assert tuple(map(len, parties)) == (target, backing, generator)
        assert {core for party in parties for core in party} <= set(range(count))
        assert bool(shared(cores)) == (target + backing + generator > count)
        # What is written is what is read back from a stored trial; that the controller sits on a core is no sharing.
        assert tells_of_sharing(cores.notes) == (target + backing + generator > count)
        if max(target, backing) + generator <= count:
            assert not set(cores.target + cores.backing) & set(cores.generator)


def test_more_than_there_are() -> None:
    """A party that asks for more cores than the machine has is refused with both numbers."""
    with pytest.raises(StackError, match=r"cpus\.target to be at most the 2 cores of this machine, found 3"):
        assigned(2, backing_used=False, target=3)
    assert assigned(2, backing_used=False, backing=9).backing == ()
