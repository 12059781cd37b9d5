"""Which party runs on which cores, and what has to be shared where there are too few."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from controller.errors import StackError
from controller.plan.plan import Cpus

# What _sharing says, read back from the notes of a stored trial.
_SHARED = re.compile(r"\d+ cores?: [a-z ]+ and [a-z ]+ share cores? \d+(, \d+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cores:
    """The cores of each party, by the kernel's numbers; backing is empty where no backing service is used.

    control is for controller, master and sampler; usable is how many cores there are to hand out.
    """

    target: tuple[int, ...]
    backing: tuple[int, ...]
    generator: tuple[int, ...]
    control: tuple[int, ...]
    usable: int

    @property
    def notes(self) -> tuple[str, ...]:
        """What is shared, in words."""
        return (*_sharing(self), _control_note(self.generator))

    def for_target(self, count: int) -> "Cores":
        """Return the same with the first so many cores of the target's: what others have stays where it is."""
        return replace(self, target=self.target[:count])


def usable_cores() -> tuple[int, ...]:
    """Return the cores that this process, and so everything it starts, may use."""
    return tuple(sorted(os.sched_getaffinity(0)))


def assign_cores(cpus: Cpus, cores: Sequence[int], *, backing_used: bool = False) -> Cores:
    """Hand out cores from the lowest: target, then backing services, then generator.

    With too few the target shares with the backing services first, then with the generator.
    Raises StackError where one party alone asks for more than there are.
    """
    backing = cpus.backing if backing_used else 0
    _refuse_too_many({"target": cpus.target, "backing": backing, "generator": cpus.generator}, cores)
    # How far target and backing services reach: disjoint where possible, then over one another, then into the rest.
    reach = min(cpus.target + backing, max(len(cores) - cpus.generator, cpus.target, backing))
    start = min(reach, len(cores) - cpus.generator)
    generator = tuple(cores[start : start + cpus.generator])
    return Cores(
        target=tuple(cores[: cpus.target]),
        backing=tuple(cores[reach - backing : reach]),
        generator=generator,
        control=generator[-1:],
        usable=len(cores),
    )


def _refuse_too_many(wanted: Mapping[str, int], cores: Sequence[int]) -> None:
    for party, count in wanted.items():
        if count > len(cores):
            there = counted(len(cores))
            raise StackError(f"expected cpus.{party} to be at most the {there} of this machine, found {count}")


def _sharing(cores: Cores) -> Iterator[str]:
    """Say which parties have which cores in common; nothing where each has its own."""
    assigned = {"target": cores.target, "backing services": cores.backing, "generator": cores.generator}
    for (one, its), (other, others) in combinations(assigned.items(), 2):
        if both := sorted({*its} & {*others}):
            yield f"{counted(cores.usable)}: {one} and {other} share {core_list(both)}"


def tells_of_sharing(notes: Iterable[str]) -> bool:
    """Whether notes, those of Cores among others, say that target, backing services or generator have a core in common.

    The core that controller, master and sampler share with the generator is another matter: they hardly use it.
    """
    return any(_SHARED.fullmatch(note) for note in notes)


def _control_note(generator: Sequence[int]) -> str:
    return f"controller, master and sampler share {core_list(generator[-1:])} with the generator"


def core_list(cores: Sequence[int]) -> str:
    """Return "core 1" or "cores 1, 2"."""
    return f"core{'s' if len(cores) > 1 else ''} {', '.join(map(str, cores))}"


def counted(cores: int) -> str:
    """Return "1 core" or "2 cores"."""
    return f"{cores} core{'s' if cores > 1 else ''}"
