"""Throughput over time: a small panel for each target with a line for each of its trials, warm-up shaded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import floor, log10

from markupsafe import Markup

from controller.compare.timeline import Moment
from controller.measure.window import Phase
from controller.report.svg import Scale, element, short_number

_WIDTH, _HEIGHT = 180, 90
_LEFT, _RIGHT, _TOP, _BOTTOM = 32, 176, 6, 72
# The rate of a sliver of a second says nothing.
_LEAST_LENGTH_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One trial's throughput by the second from the start of its measured phase; warm-up lies below 0."""

    name: str
    ok: bool
    points: tuple[tuple[float, float], ...]


def trace_of(moments: Sequence[Moment], *, name: str, ok: bool) -> Trace:
    """Return a trial's trace; moments after the measured phase, and very short ones, are left out."""
    kept = [one for one in moments if one.phase is not Phase.DRAIN and one.end_s - one.start_s >= _LEAST_LENGTH_S]
    warm_s = max((one.end_s for one in kept if one.phase is Phase.WARMUP), default=0.0)
    zero_s = min((one.start_s for one in kept if one.phase is Phase.MEASURED), default=warm_s)
    points = tuple(((one.start_s + one.end_s) / 2 - zero_s, one.throughput_per_s) for one in kept)
    return Trace(name=name, ok=ok, points=points)


def time_span(traces: Sequence[Trace]) -> tuple[float, float]:
    """Return the seconds that all panels of a scenario show, so that they can be compared; 0 to 1 without any."""
    seconds = [at for trace in traces for at, _ in trace.points]
    return min([0.0, *(at - 0.5 for at in seconds)]), max([1.0, *(at + 0.5 for at in seconds)])


def time_panel(traces: Sequence[Trace], *, span: tuple[float, float], label: str) -> Markup | None:
    """Return one target's panel; None where no trial has any window."""
    drawn = [trace for trace in traces if trace.points]
    if not drawn:
        return None
    top = max(rate for trace in drawn for _, rate in trace.points) * 1.08 or 1.0
    x, y = Scale(*span, _LEFT, _RIGHT), Scale(0, top, _BOTTOM, _TOP)
    marks = [*_frame(x, y, span), *_traces(drawn, x, y)]
    return element("svg", *marks, class_="panel", viewBox=f"0 0 {_WIDTH} {_HEIGHT}", role="img", aria_label=label)


def _frame(x: Scale, y: Scale, span: tuple[float, float]) -> Iterator[Markup]:
    """Yield the shaded warm-up, the axes and their few labels."""
    if span[0] < 0:
        width = x(0) - x(span[0])
        yield element("rect", class_="warm", x=x(span[0]), y=_TOP, width=width, height=_BOTTOM - _TOP)
        yield element("line", class_="grid", x1=x(0), x2=x(0), y1=_TOP, y2=_BOTTOM)
    yield element("line", class_="grid", x1=_LEFT, x2=_RIGHT, y1=_BOTTOM, y2=_BOTTOM)
    tick = _round_below(y.high)
    yield element("line", class_="grid", x1=_LEFT, x2=_RIGHT, y1=y(tick), y2=y(tick))
    yield element("text", short_number(tick), x=_LEFT - 4, y=y(tick) + 3.5, text_anchor="end")
    yield element("text", "0", x=_LEFT - 4, y=_BOTTOM + 3.5, text_anchor="end")
    yield element("text", f"{span[1]:.0f} s", x=_RIGHT, y=_BOTTOM + 14, text_anchor="end")
    if x(0) - _LEFT > 44:
        yield element("text", "warm-up", x=_LEFT + 1, y=_BOTTOM + 14)
    # The word would run into the one at the right end where little is measured.
    if _RIGHT - x(0) > 75:
        yield element("text", "measured", x=x(0) + 2, y=_BOTTOM + 14)


def _traces(traces: Sequence[Trace], x: Scale, y: Scale) -> Iterator[Markup]:
    for trace in traces:
        points = " ".join(f"{x(at):.1f},{y(rate):.1f}" for at, rate in trace.points)
        kind = "trace" if trace.ok else "trace bad"
        yield element("polyline", element("title", trace.name), class_=kind, points=points)


def _round_below(value: float) -> float:
    """Return the greatest of 1, 2, 5 times a power of ten that a value above 0 is not below."""
    size = 10.0 ** floor(log10(value))
    return max(step * size for step in (1, 2, 5) if step * size <= value)
