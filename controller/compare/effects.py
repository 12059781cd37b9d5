"""What each factor does: every level beside the first one of its factor, for each target and over all of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from controller.compare.blocks import Cell, by_block, cells, endpoints_of
from controller.compare.contrasts import Contrast, Varied, contrasts, levels_seen
from controller.compare.logratios import LogRatios, averaged, log_ratios
from controller.compare.metrics import CPU, Metric, metrics_of
from controller.compare.pairs import difference_of
from controller.compare.verdicts import Judged, Verdict, judge
from controller.measure.trial import TOGETHER, TrialResult
from controller.plan.factors import Level
from controller.stack.cpus import tells_of_sharing

ALL_TARGETS: Final = "*"
ON_SHARED_CORE: Final = "on one shared core"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A row of factors.csv: one metric at one level of a factor, as a ratio to that at the factor's first level.

    target is `*` over all targets; targets says how many are in the ratio. The interval is the plain 95 % one and
    p_value is plain too; the verdict follows the p-value after correction, and knows which way is better. Without a
    verdict there is no p_value and nothing detectable, and caveat says why where that is not the rule for the metric.
    """

    factor: str
    level: Level
    against: Level
    target: str
    scenario: str
    endpoint: str
    metric: str
    ratio: float | None
    ratio_low: float | None
    ratio_high: float | None
    p_value: float | None
    verdict: Verdict | None
    detectable: float | None
    blocks: int
    targets: int
    caveat: str | None = None


def effects(trials: Iterable[TrialResult], *, varied: Varied | None = None) -> tuple[Effect, ...]:
    """Return the effect of each level of each factor that varies, by scenario, endpoint and metric.

    varied has the levels of each factor in the plan's order; without it they are those that a scenario's trials have,
    see levels_seen(). The value of a block is the mean logarithm over all pairs of trials that differ in this factor
    alone, and over targets the mean of theirs: however many pairs there are, the block is the unit. The interval over
    targets is about these targets, of which each may react in its own way; it says nothing of others.

    Verdicts follow Holm's correction over a family: in one scenario, endpoint and metric the effects over all targets
    are one, and those at single targets are another. Each is what a reader sees in one table and picks the largest
    from; the first answers what tuning does, the second which target gains, and one of the two is no fishing in the
    other.
    """
    found: list[Effect] = []
    for grouped in by_scenario(trials):
        listed = listed_contrasts(grouped, varied)
        if listed:
            found += _of_scenario(grouped, listed)
    return tuple(found)


def by_scenario(trials: Iterable[TrialResult]) -> Iterator[Mapping[Cell, Sequence[TrialResult]]]:
    """Yield the trials that count of each scenario, by cell."""
    for _, found in groupby(cells(trials).items(), key=lambda item: item[0].scenario):
        yield dict(found)


def listed_contrasts(grouped: Mapping[Cell, Sequence[TrialResult]], varied: Varied | None) -> list[Contrast]:
    """Return the contrasts of one scenario, with the levels that its own trials show where none are given."""
    return list(contrasts(grouped, levels_seen(in_one_list(grouped)) if varied is None else varied))


def in_one_list(grouped: Mapping[Cell, Sequence[TrialResult]]) -> list[TrialResult]:
    """Return all trials of some cells."""
    return [trial for found in grouped.values() for trial in found]


def on_shared_cores(trials: Iterable[TrialResult]) -> bool:
    """Whether target, backing services or generator had a core in common in any of the trials, as their notes say.

    The trials of one scenario are read in one table, so one that shared decides for all of them. There throughput
    says as much about who else was on the core as about the factor: a level that moves work from the server to the
    proxy, or that makes the generator's part cheaper, looks faster or slower for it. What a request costs all
    parties together but the generator is the same wherever they run, so it decides instead.
    """
    return any(tells_of_sharing(trial.notes) for trial in trials)


def deciding_metric(trials: Sequence[TrialResult]) -> Metric:
    """Return what a scenario's factors are judged by, first of all: CPU a request where cores were shared.

    Else what its targets are ranked by; where requests come at one rate whatever is answered, the last of its
    latencies, since throughput is then what was offered.
    """
    if on_shared_cores(trials):
        return CPU
    metrics = metrics_of(trials)
    return metrics[-1] if _all_open(trials) else metrics[0]


def _all_open(trials: Iterable[TrialResult]) -> bool:
    """Whether all trials that were measured had an open load."""
    measured = [trial for trial in trials if trial.ok]
    return bool(measured) and all(trial.is_open for trial in measured)


def contrast_ratios(contrast: Contrast, values: Mapping[Cell, Mapping[int, float]]) -> LogRatios:
    """Return how a level changes a value by block, over all pairs of a contrast; values are by cell and block."""
    return averaged(log_ratios(values[pair.cell], values[pair.base]) for pair in contrast.pairs)


def _of_scenario(grouped: Mapping[Cell, Sequence[TrialResult]], listed: Sequence[Contrast]) -> Iterator[Effect]:
    """Yield the effects of one scenario: over all targets first, then at each."""
    trials = in_one_list(grouped)
    shared, is_open = on_shared_cores(trials), _all_open(trials)
    scenario = next(iter(grouped)).scenario
    for endpoint in (TOGETHER, *endpoints_of(trials)):
        for metric in (*metrics_of(trials), CPU):
            if metric.whole and endpoint != TOGETHER:
                continue
            values = {cell: by_block(found, metric=metric, endpoint=endpoint) for cell, found in grouped.items()}
            single = [(one, contrast_ratios(one, values)) for one in listed]
            judged_by = metric is CPU if shared else metric.judged or (is_open and metric is not CPU)
            for family in (over_targets(single), single):
                yield from _family(
                    family, scenario=scenario, endpoint=endpoint, metric=metric, judged=judged_by, shared=shared
                )


def over_targets(single: Iterable[tuple[Contrast, LogRatios]]) -> list[tuple[Contrast, LogRatios]]:
    """Return each level's effect over all targets, of which every one counts as much as another.

    Its contrast has the pairs of all targets whose effect is in it. A target that was measured in no block is left out.
    """
    together: list[tuple[Contrast, LogRatios]] = []
    for (factor, level, against), some in groupby(
        single, key=lambda item: (item[0].factor, item[0].level, item[0].against)
    ):
        found = list(some)
        pairs = tuple(pair for contrast, ratios in found if ratios.blocks for pair in contrast.pairs)
        whole = Contrast(factor=factor, level=level, against=against, target=ALL_TARGETS, pairs=pairs)
        together.append((whole, averaged(ratios for _, ratios in found)))
    return together


def _family(
    found: Sequence[tuple[Contrast, LogRatios]],
    *,
    scenario: str,
    endpoint: str,
    metric: Metric,
    judged: bool,
    shared: bool,
) -> Iterator[Effect]:
    """Yield one row for each contrast: the effects that are corrected together."""
    verdicts = judge([difference_of(ratios) for _, ratios in found], more_is_better=metric.more_is_better)
    for (contrast, _), one in zip(found, verdicts, strict=True):
        difference = one.difference
        yield Effect(
            factor=contrast.factor,
            level=contrast.level,
            against=contrast.against,
            target=contrast.target,
            scenario=scenario,
            endpoint=endpoint,
            metric=metric.name,
            ratio=difference.ratio,
            ratio_low=difference.low,
            ratio_high=difference.high,
            p_value=difference.p_value if judged else None,
            verdict=one.verdict if judged else None,
            detectable=one.detectable if judged else None,
            blocks=difference.blocks,
            targets=len({pair.cell.target for pair in contrast.pairs}),
            caveat=_caveat(one, metric=metric, judged=judged, shared=shared),
        )


def _caveat(one: Judged, *, metric: Metric, judged: bool, shared: bool) -> str | None:
    """Return what must be said beside an effect."""
    if judged:
        return one.caveat
    return one.difference.why_not or (ON_SHARED_CORE if shared and metric is not CPU else None)
