"""Which trials count, and their values by block: what every comparison pairs."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from controller.compare.metrics import Metric
from controller.measure.trial import TrialResult


@dataclass(frozen=True, slots=True, order=True)
class Cell:
    """What is measured once in every block."""

    scenario: str
    variant: str
    target: str


def cell_of(trial: TrialResult) -> Cell:
    """Return the cell that a trial belongs to."""
    return Cell(trial.scenario, trial.variant, trial.target)


def counted_trials(trials: Iterable[TrialResult]) -> tuple[TrialResult, ...]:
    """Return the trials that count, in the order run: of a repeated trial the last one, however it ended.

    Taking the better of two would choose the result; the rule is fixed before either is seen.
    """
    last: dict[tuple[Cell, int], TrialResult] = {}
    for trial in sorted(trials, key=lambda trial: trial.order):
        last[cell_of(trial), trial.block] = trial
    return tuple(sorted(last.values(), key=lambda trial: trial.order))


def cells(trials: Iterable[TrialResult]) -> Mapping[Cell, Sequence[TrialResult]]:
    """Return the trials that count by cell, both sorted: the order of blocks is shuffled and says nothing."""
    grouped: dict[Cell, list[TrialResult]] = {}
    for trial in counted_trials(trials):
        grouped.setdefault(cell_of(trial), []).append(trial)
    return {cell: sorted(grouped[cell], key=lambda trial: trial.block) for cell in sorted(grouped)}


def doubts_of(trials: Iterable[TrialResult]) -> tuple[str, ...]:
    """Return the names of the doubts about trials that were measured to their end, each once."""
    return tuple(dict.fromkeys(doubt.kind.value for trial in trials if trial.ok for doubt in trial.doubts))


def bounds_of(trials: Iterable[TrialResult]) -> list[str]:
    """Return the party that limited most trials, or those that are equally common; none where no trial knows it."""
    common = Counter(trial.bound for trial in trials if trial.bound is not None)
    return [bound for bound, n in common.items() if n == max(common.values())]


def by_block(trials: Iterable[TrialResult], *, metric: Metric, endpoint: str) -> dict[int, float]:
    """Return a metric's value in each block that was measured to its end and knows it."""
    values = {trial.block: metric.of(trial, endpoint) for trial in trials if trial.ok}
    return {block: value for block, value in values.items() if value is not None}


def endpoints_of(trials: Iterable[TrialResult]) -> list[str]:
    """Return the endpoints that any of the trials counted, sorted."""
    return sorted({endpoint for trial in trials if trial.ok for endpoint in trial.endpoints})
