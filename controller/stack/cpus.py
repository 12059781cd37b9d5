"""Which party runs on which cores, and what has to be shared where there are too few."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from controller.errors import StackError
from controller.plan.plan import Cpus

# What _sharing says, read back from the notes of a stored trial.
_SHARED = re.compile(r"\d+ cores?: [a-z ]+ and [a-z ]+ share cores? \d+(, \d+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cores:
    """The cores of each party, by the kernel's numbers; backing is empty where no backing service is used.

    control is for controller, master and sampler. notes say in words what is shared.
    """

    target: tuple[int, ...]
    backing: tuple[int, ...]
    generator: tuple[int, ...]
    control: tuple[int, ...]
    notes: tuple[str, ...] = ()


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
    assigned = {"target": tuple(cores[: cpus.target]), "backing services": tuple(cores[reach - backing : reach])}
    return Cores(
        target=assigned["target"],
        backing=assigned["backing services"],
        generator=generator,
        control=generator[-1:],
        notes=(*_sharing({**assigned, "generator": generator}, len(cores)), _control_note(generator)),
    )


def _refuse_too_many(wanted: Mapping[str, int], cores: Sequence[int]) -> None:
    for party, count in wanted.items():
        if count > len(cores):
            there = counted(len(cores))
            raise StackError(f"expected cpus.{party} to be at most the {there} of this machine, found {count}")


def _sharing(assigned: Mapping[str, tuple[int, ...]], count: int) -> Iterator[str]:
    """Say which parties have which cores in common; nothing where each has its own."""
    for (one, its), (other, others) in combinations(assigned.items(), 2):
        if both := sorted({*its} & {*others}):
            yield f"{counted(count)}: {one} and {other} share {core_list(both)}"


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
