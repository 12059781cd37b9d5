"""Two runs side by side: ratios of ratios to a target present in both, with what may be said of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import exp, log
from typing import Final

from controller.compare.joining import Joint, Pair
from controller.compare.matched import Matched
from controller.compare.metrics import Metric, metrics_of
from controller.compare.pairs import Difference
from controller.compare.verdicts import Comparison, Judged, Verdict, judge
from controller.compare.words import percent_text
from controller.measure.trial import TOGETHER

UNLIKE: Final = "unlike runs: no verdict"
SAME_BUILD: Final = "same build in both: a difference is one of the runs"


def joined_rows(joint: Joint, tables: Iterable[Matched]) -> tuple[Comparison, ...]:
    """Return every pair of a joint in each scenario and variant, by endpoint and metric.

    A row's baseline is of the first run and its candidate of the second, each taken as its ratio to the target that
    joins them; blocks is how many pairs the shorter run has.

    One family is one scenario, variant, endpoint and metric: its pairs are corrected together. Targets with the same
    build in both runs are a family of their own, since nobody asks for a difference there: they are negative
    controls (Lipsitch et al. 2010). Where one differs for certain all the same, a verdict needs a difference beyond it.
    """
    return tuple(
        row
        for table in tables
        for endpoint in table.endpoints
        for metric in metrics_of(table.trials)
        if endpoint == TOGETHER or not metric.whole
        for row in _family(joint, table, endpoint=endpoint, metric=metric)
    )


def _family(joint: Joint, table: Matched, *, endpoint: str, metric: Metric) -> Iterator[Comparison]:
    """Yield one row for each pair, in the order of the joint."""
    found = {pair: table.difference(joint, pair, metric=metric, endpoint=endpoint) for pair in joint.pairs}
    judged = _judged(found, metric=metric)
    open_ = all(trial.is_open for trial in table.trials if trial.ok)
    gets_verdict = joint.through is not None and not joint.unlike and (metric.judged or open_)
    for pair in joint.pairs:
        one, caveat = judged[pair]
        difference = found[pair]
        if not gets_verdict:
            # What is said of a verdict says nothing here.
            caveat = difference.why_not or (UNLIKE if joint.unlike else SAME_BUILD if pair.same_build else None)
        yield Comparison(
            scenario=table.scenario,
            endpoint=endpoint,
            variant=table.variant,
            baseline=pair.baseline,
            candidate=pair.candidate,
            metric=metric.name,
            ratio=difference.ratio,
            ratio_low=difference.low,
            ratio_high=difference.high,
            p_value=difference.p_value if gets_verdict else None,
            verdict=one.verdict if gets_verdict else None,
            detectable=one.detectable if gets_verdict else None,
            blocks=difference.blocks,
            caveat=caveat,
        )


def _judged(found: Mapping[Pair, Difference], *, metric: Metric) -> dict[Pair, tuple[Judged, str | None]]:
    """Return each pair's verdict and what must be said beside it."""
    controls = _of_family([pair for pair in found if pair.same_build], found, metric=metric)
    asked = _of_family([pair for pair in found if not pair.same_build], found, metric=metric)
    least = max(
        ((_size(one.difference.ratio), pair.candidate) for pair, one in controls.items() if _is_certain(one)),
        default=(1.0, ""),
    )
    return {
        **{pair: (one, one.caveat or SAME_BUILD) for pair, one in controls.items()},
        **{pair: _beyond(one, *least) for pair, one in asked.items()},
    }


def _of_family(family: Sequence[Pair], found: Mapping[Pair, Difference], *, metric: Metric) -> dict[Pair, Judged]:
    judged = judge([found[pair] for pair in family], more_is_better=metric.more_is_better)
    return dict(zip(family, judged, strict=True))


def _beyond(judged: Judged, least: float, control: str) -> tuple[Judged, str | None]:
    """Return a verdict that stands, or "cannot tell" where the nearer end of its interval is not beyond a control."""
    low, high = judged.difference.low, judged.difference.high
    if not _is_certain(judged) or low is None or high is None or min(_size(low), _size(high)) > least:
        return judged, judged.caveat
    why = f"not beyond {control}, of the same build in both, which differs by {percent_text(least - 1)}"
    return replace(judged, verdict=Verdict.CANNOT_TELL), why


def _is_certain(judged: Judged) -> bool:
    return judged.verdict is not Verdict.CANNOT_TELL


def _size(ratio: float | None) -> float:
    """Return how far a ratio is from 1, either way: 0.8 and 1.25 are alike."""
    return 1.0 if ratio is None else exp(abs(log(ratio)))
