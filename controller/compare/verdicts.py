"""Every candidate against the baseline, with a verdict that holds for all of a table at once."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from controller.compare.blocks import Cell, by_block, cells, endpoints_of
from controller.compare.holm import ALPHA, holm, hurdles
from controller.compare.metrics import Metric, metrics_of
from controller.compare.pairs import Difference, paired_difference
from controller.measure.trial import TOGETHER, TrialResult


class Verdict(StrEnum):
    """What may be said of a candidate beside its baseline."""

    FASTER = "faster"
    SLOWER = "slower"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A difference, and what may be said of it within its family of `comparisons`.

    p_corrected is p_value after Holm's correction; detectable the share of difference that would have
    been found with 80 % power as the rest of the family stands.
    """

    difference: Difference
    verdict: Verdict
    p_corrected: float | None
    detectable: float | None
    comparisons: int

    @property
    def caveat(self) -> str | None:
        """Why the plain interval and the verdict do not say the same, or why there is none; None otherwise."""
        plain = self.difference.p_value
        if plain is not None and plain <= ALPHA and self.verdict is Verdict.CANNOT_TELL:
            return f"not after correction for {self.comparisons} comparisons"
        return self.difference.why_not


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A row of comparison.csv: one metric of one candidate, as a ratio to the baseline's.

    verdict is None for a metric that gets none. The interval is the plain 95 % one, p_value is plain too;
    the verdict follows the p-value after correction. blocks is how many pairs there were.
    """

    scenario: str
    endpoint: str
    variant: str
    baseline: str
    candidate: str
    metric: str
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    p_value: float | None
    verdict: Verdict | None
    detectable: float | None
    blocks: int
    caveat: str | None = None


def judge(differences: Sequence[Difference], *, more_is_better: bool = True) -> list[Judged]:
    """Return each difference of one family with its verdict after Holm's correction.

    Differences without a p-value are not comparisons: they get "cannot tell" and do not count as one.
    """
    tested = [n for n, difference in enumerate(differences) if difference.p_value is not None]
    p_values = [p for difference in differences if (p := difference.p_value) is not None]
    corrected = dict(zip(tested, holm(p_values), strict=True))
    hurdle = dict(zip(tested, hurdles(p_values), strict=True))
    return [
        Judged(
            difference=difference,
            verdict=_verdict(difference, corrected.get(n), more_is_better=more_is_better),
            p_corrected=corrected.get(n),
            detectable=difference.detectable(alpha=hurdle[n]) if n in hurdle else None,
            comparisons=len(tested),
        )
        for n, difference in enumerate(differences)
    ]


def _verdict(difference: Difference, p_corrected: float | None, *, more_is_better: bool) -> Verdict:
    """Return what may be said of one difference, given its corrected p-value."""
    if p_corrected is None or p_corrected > ALPHA or difference.ratio is None or difference.ratio == 1:
        return Verdict.CANNOT_TELL
    return Verdict.FASTER if (difference.ratio > 1) is more_is_better else Verdict.SLOWER


def comparisons(
    trials: Iterable[TrialResult], *, baseline: str, baselines: Mapping[str, str] | None = None
) -> tuple[Comparison, ...]:
    """Return every candidate's ratios to the baseline, by scenario, variant, endpoint and metric.

    baselines has those of scenarios that have another, by their names.

    One family is one scenario, variant, endpoint and metric: the candidates that a reader sees in one table.
    Without trials of the baseline there is nothing to compare with: the rows have no numbers.
    """
    grouped = cells(trials)
    tables = dict.fromkeys((cell.scenario, cell.variant) for cell in grouped)
    return tuple(
        row
        for scenario, variant in tables
        for row in _table(
            {cell: found for cell, found in grouped.items() if (cell.scenario, cell.variant) == (scenario, variant)},
            baseline=Cell(scenario, variant, (baselines or {}).get(scenario, baseline)),
        )
    )


def _table(grouped: Mapping[Cell, Sequence[TrialResult]], *, baseline: Cell) -> Iterator[Comparison]:
    """Yield the comparisons of one scenario and variant."""
    trials = [trial for found in grouped.values() for trial in found]
    for endpoint in (TOGETHER, *endpoints_of(trials)):
        for metric in metrics_of(trials):
            if metric.whole and endpoint != TOGETHER:
                continue
            yield from _family(grouped, baseline=baseline, endpoint=endpoint, metric=metric)


def _family(
    grouped: Mapping[Cell, Sequence[TrialResult]], *, baseline: Cell, endpoint: str, metric: Metric
) -> Iterator[Comparison]:
    """Yield one row for each candidate: the comparisons that are corrected together."""
    anchor = by_block(grouped.get(baseline, ()), metric=metric, endpoint=endpoint)
    candidates = [cell for cell in grouped if cell != baseline]
    values = [by_block(grouped[cell], metric=metric, endpoint=endpoint) for cell in candidates]
    judged = judge([paired_difference(one, anchor) for one in values], more_is_better=metric.more_is_better)
    # One scenario offers the same to all its targets.
    gets_verdict = metric.judged or all(trial.is_open for found in grouped.values() for trial in found if trial.ok)
    for cell, one in zip(candidates, judged, strict=True):
        yield _row(
            cell, one, baseline=baseline.target, endpoint=endpoint, metric=metric.name, gets_verdict=gets_verdict
        )


def _row(cell: Cell, judged: Judged, *, baseline: str, endpoint: str, metric: str, gets_verdict: bool) -> Comparison:
    """Return one row; without a verdict there is neither p-value nor detectable difference."""
    difference = judged.difference
    return Comparison(
        scenario=cell.scenario,
        endpoint=endpoint,
        variant=cell.variant,
        baseline=baseline,
        candidate=cell.target,
        metric=metric,
        ratio=difference.ratio,
        ratio_low=difference.low,
        ratio_high=difference.high,
        p_value=difference.p_value if gets_verdict else None,
        verdict=judged.verdict if gets_verdict else None,
        detectable=judged.detectable if gets_verdict else None,
        blocks=difference.blocks,
        caveat=judged.caveat if gets_verdict else difference.why_not,
    )
