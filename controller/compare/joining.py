"""Which target two runs are joined through, and which of their targets are compared then."""

from dataclasses import dataclass
from typing import NamedTuple

from controller.compare.likeness import Made, differences, line
from controller.errors import PlanError


class Pair(NamedTuple):
    """A target of the first run and one of the second; same_build where both are the same to the byte."""

    baseline: str
    candidate: str
    same_build: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Joint:
    """How two runs are joined: through is the target present in both, None where there is none.

    unlike is all that they differ in, one line each; empty where they can be compared.
    """

    first: Made
    second: Made
    through: str | None
    unlike: tuple[str, ...] = ()

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """The targets that never met in one run: those in both, each with itself, and those that one of them lacks.

        What was measured side by side in one run is compared there.
        """
        ours, theirs = ([name for name in made.plan.targets if name != self.through] for made in self._sides)
        return tuple(
            Pair(one, other, one == other and same_build(self.first, self.second, one))
            for other in theirs
            for one in ours
            if one == other or not (one in self.second.plan.targets or other in self.first.plan.targets)
        )

    @property
    def _sides(self) -> tuple[Made, Made]:
        return self.first, self.second


def join_runs(first: Made, second: Made, *, asked: str | None = None) -> Joint:
    """Return how two runs are joined: through the target that is asked for, else one with the same build in both.

    Of several the baseline of the first run comes first, then that of the second: the choice looks at no result.
    Raises PlanError where the one asked for is not in both, and for one run given twice.
    """
    if first.run_id == second.run_id:
        raise PlanError(f"compare: expected two runs, found {first.run_id} twice")
    shared = [name for name in first.plan.targets if name in second.plan.targets]
    if asked is not None and asked not in shared:
        there = ", ".join(shared) or "none"
        raise PlanError(f"--baseline: expected a target of both runs ({there}), found {asked}")
    alike = [name for name in shared if same_build(first, second, name)]
    wished = [name for name in (first.plan.baseline, second.plan.baseline) if name in alike]
    through = asked or next(iter((*wished, *alike)), None)
    return Joint(
        first=first,
        second=second,
        through=through,
        unlike=(*differences(first, second), *_target_lines(first, second, through, shared)),
    )


def same_build(first: Made, second: Made, target: str) -> bool:
    """Return whether a target is the same in both runs for certain."""
    key = first.build_of(target)
    return key is not None and key == second.build_of(target)


def _target_lines(first: Made, second: Made, through: str | None, shared: list[str]) -> list[str]:
    """Return why two runs cannot be joined; nothing where they can."""
    if not shared:
        return [line("targets", ", ".join(first.plan.targets), ", ".join(second.plan.targets))]
    unlike = [name for name in shared if not same_build(first, second, name)]
    named = unlike if through is None else [name for name in unlike if name == through]
    return [line(f"build of {name}", first.build_of(name), second.build_of(name)) for name in named]
