"""Latency against the rate of arrivals, over all steps of the searches for a capacity: one line for each target."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from markupsafe import Markup

from controller.compare.blocks import counted_trials
from controller.measure.step import Step
from controller.measure.trial import TrialResult
from controller.report.chart_lines import BOTTOM, GAP, LEFT, RIGHT, TOP, Line, column, lines_chart, milliseconds
from controller.report.svg import Scale, element, log_ticks, short_number

# Rates that are no further apart are one point of a line, at the median of their latencies.
_ALIKE: Final = 1.05
_BOUND: Final = re.compile(r"p([\d.]+) <= ([\d.]+(?:e[+-]\d+)?) ms")


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentile:
    """The first percentile that an SLO bounds: its name (p99), the field of a step that has it, and the bound."""

    name: str
    field: str
    ms: float


def percentile_of(slo: str) -> Percentile:
    """Return the first bound of an SLO that is given in words; a search has one."""
    found = _BOUND.search(slo)
    assert found is not None  # a search is for a percentile
    part = found[1].replace(".", "")
    return Percentile(name=f"p{found[1]}", field=f"latency_p{part}_ms", ms=float(found[2]))


def capacity_chart(
    trials: Iterable[TrialResult], targets: Sequence[str], colours: Mapping[str, int], *, label: str
) -> tuple[Percentile, Markup] | None:
    """Return the chart of the searches of one scenario and what it draws; None where no step knows its latency."""
    searched = [trial for trial in counted_trials(trials) if trial.capacity is not None]
    if not searched:
        return None
    bound = percentile_of(next(trial.capacity.slo for trial in searched if trial.capacity is not None))
    lines = [
        Line(target=target, colour=colours[target], points=tuple(points))
        for target in targets
        if (points := list(_points([step for one in searched if one.target == target for step in one.steps], bound)))
    ]
    if not lines:
        return None
    rates = [rate for line in lines for rate, _ in line.points]
    x = Scale(min(rates) / 1.05, max(rates) * 1.05, LEFT, RIGHT, logarithmic=True)
    y = milliseconds(lines, bound.ms)
    return bound, lines_chart(lines, x, y, marks=[*_columns(x), *_limit(y, bound)], label=label)


def _points(steps: Iterable[Step], bound: Percentile) -> Iterator[tuple[float, float]]:
    """Yield (rate, latency) of one target's steps, from the lowest rate; rates that are nearly equal are one point."""
    found: list[tuple[float, float]] = []
    known = [(step.rate_per_s, ms) for step in steps if (ms := getattr(step, bound.field)) is not None]
    for rate_per_s, ms in sorted(known):
        if found and rate_per_s > found[0][0] * _ALIKE:
            yield _middle(found)
            found = []
        found.append((rate_per_s, max(ms, 0.001)))
    if found:
        yield _middle(found)


def _middle(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return median(rate for rate, _ in points), median(ms for _, ms in points)


def _columns(x: Scale) -> Iterator[Markup]:
    ticks = log_ticks(x.low, x.high, gap=GAP * 3)
    for tick in ticks:
        yield from column(x(tick), short_number(tick))
    yield element("text", "arrivals/s", x=RIGHT, y=TOP - 8, text_anchor="end")


def _limit(y: Scale, bound: Percentile) -> Iterator[Markup]:
    """Yield the line that latency has to stay below."""
    at = min(y(bound.ms), BOTTOM)
    yield element("line", class_="limit", x1=LEFT, x2=RIGHT, y1=at, y2=at)
    yield element("text", f"{bound.name} {bound.ms:g} ms", x=LEFT + 4, y=at - 4)
