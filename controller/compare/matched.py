"""What two runs have both measured: the trials of each, by scenario, and how a pair of targets differs there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from controller.compare.blocks import by_block, cells, endpoints_of
from controller.compare.indirect import indirect_difference
from controller.compare.intervals import log_t_interval
from controller.compare.joining import Joint, Pair
from controller.compare.metrics import Metric, metrics_of
from controller.compare.pairs import Difference, paired_difference
from controller.measure.trial import TOGETHER, TrialResult

DIFFERENT_TIMES: Final = "different times: no verdict"

Table = Mapping[str, Sequence[TrialResult]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matched:
    """One scenario and variant: the trials of the first and of the second run, by target."""

    scenario: str
    variant: str
    first: Table
    second: Table

    @property
    def trials(self) -> list[TrialResult]:
        """The trials of both."""
        return [trial for table in (self.first, self.second) for found in table.values() for trial in found]

    @property
    def endpoints(self) -> tuple[str, ...]:
        """All endpoints together, and those that both runs have asked."""
        asked = [
            set(endpoints_of(trial for found in table.values() for trial in found))
            for table in (self.first, self.second)
        ]
        return TOGETHER, *sorted(asked[0] & asked[1])

    def difference(self, joint: Joint, pair: Pair, *, metric: Metric, endpoint: str = TOGETHER) -> Difference:
        """Return how a pair differs, each as its ratio to the target that joins the runs.

        Where none does, it is a bare ratio of geometric means: no interval knows what lies between two times.
        """
        candidate = by_block(self.second.get(pair.candidate, ()), metric=metric, endpoint=endpoint)
        baseline = by_block(self.first.get(pair.baseline, ()), metric=metric, endpoint=endpoint)
        if joint.through is None:
            return _bare(candidate, baseline)
        first, second = (
            by_block(table.get(joint.through, ()), metric=metric, endpoint=endpoint)
            for table in (self.first, self.second)
        )
        return indirect_difference(paired_difference(candidate, second), paired_difference(baseline, first))

    def rates(self, target: str) -> tuple[float | None, float | None]:
        """Return what a target is ranked by, each second, in the first and the second run; None is not known."""
        metric = metrics_of(self.trials)[0]
        means = [
            log_t_interval([*by_block(table.get(target, ()), metric=metric, endpoint=TOGETHER).values()])
            for table in (self.first, self.second)
        ]
        first, second = (None if mean is None else mean.mean for mean in means)
        return first, second


def matched_tables(
    first: Sequence[TrialResult], second: Sequence[TrialResult], *, scenarios: Sequence[str]
) -> tuple[Matched, ...]:
    """Return the scenarios and variants that both runs have trials of, in the order of scenarios."""
    one, other = _tables(first), _tables(second)
    keys = sorted(one.keys() & other.keys(), key=lambda key: (scenarios.index(key[0]), key[1]))
    return tuple(
        Matched(scenario=scenario, variant=variant, first=one[scenario, variant], second=other[scenario, variant])
        for scenario, variant in keys
    )


def _tables(trials: Sequence[TrialResult]) -> dict[tuple[str, str], dict[str, Sequence[TrialResult]]]:
    tables: dict[tuple[str, str], dict[str, Sequence[TrialResult]]] = {}
    for cell, found in cells(trials).items():
        tables.setdefault((cell.scenario, cell.variant), {})[cell.target] = found
    return tables


def _bare(candidate: Mapping[int, float], baseline: Mapping[int, float]) -> Difference:
    means = [log_t_interval([*values.values()]) for values in (candidate, baseline)]
    known = [mean.mean for mean in means if mean is not None and mean.mean > 0]
    ratio = known[0] / known[1] if len(known) == len(means) else None
    return Difference(blocks=0, ratio=ratio, why_not=DIFFERENT_TIMES)
