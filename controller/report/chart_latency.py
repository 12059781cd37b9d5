"""Latency by percentile: one line for each target, both scales logarithmic so that the tail has room."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from controller.measure.window import EndpointCounts
from controller.report.svg import Scale, element, log_ticks, short_number, shortened, spread_apart
from controller.units import AtLeast, duration_text

_WIDTH, _HEIGHT = 400, 270
_LEFT, _RIGHT, _TOP, _BOTTOM = 34, 278, 18, 244
_LABEL_GAP = 13
_LONGEST_LABEL = 15
_GAP = 0.055
# A percentile is drawn where at least so many answers were slower.
_LEAST_BEYOND = 10
PERCENTILES = (("50 %", 0.5), ("90", 0.1), ("99", 0.01), ("99.9", 0.001), ("99.99", 0.0001))
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """A target's latencies in milliseconds by the share of answers that were slower, and its colour's number."""

    target: str
    colour: int
    points: tuple[tuple[float, float], ...]


def curve_of(target: str, counts: EndpointCounts, *, colour: int) -> Curve:
    """Return a target's curve from the median on; it has no points without answers, and ends before lower bounds."""
    arrivals = counts.samples + counts.unanswered
    tails = [0.5 * 10 ** (-step / 8) for step in range(31)]
    shares = [tail for tail in (*tails, 0.0001) if tail * arrivals >= _LEAST_BEYOND]
    found = [(share, counts.latency_ms(_MILLION - round(share * _MILLION), _MILLION)) for share in shares]
    points = tuple((share, max(ms, 0.001)) for share, ms in found if ms is not None and not isinstance(ms, AtLeast))
    return Curve(target=target, colour=colour, points=points)


def latency_chart(curves: Sequence[Curve], *, label: str) -> Markup | None:
    """Return the chart; None where no target has enough answers to draw any percentile."""
    drawn = [curve for curve in curves if curve.points]
    if not drawn:
        return None
    values = [ms for curve in drawn for _, ms in curve.points]
    y = Scale(min(values) / 1.15, max(values) * 1.15, _BOTTOM, _TOP, logarithmic=True)
    least = min(share for curve in drawn for share, _ in curve.points)
    x = Scale(1 / 0.5, 1 / min(least, 0.1), _LEFT, _RIGHT, logarithmic=True)
    marks = [*_grid(x, y), *_lines(drawn, x, y), *_labels(drawn, x, y)]
    return element("svg", *marks, class_="chart", viewBox=f"0 0 {_WIDTH} {_HEIGHT}", role="img", aria_label=label)


def _grid(x: Scale, y: Scale) -> Iterator[Markup]:
    """Yield the grid with its labels."""
    for tick in log_ticks(y.low, y.high, gap=_GAP):
        yield element("line", class_="grid", x1=_LEFT, x2=_RIGHT, y1=y(tick), y2=y(tick))
        yield element("text", short_number(tick), x=_LEFT - 5, y=y(tick) + 3.5, text_anchor="end")
    for name, share in PERCENTILES:
        if 1 / share <= x.high * 1.001:
            at = x(1 / share)
            yield element("line", class_="grid", x1=at, x2=at, y1=_TOP, y2=_BOTTOM)
            yield element("text", name, x=at, y=_BOTTOM + 16, text_anchor="middle")
    yield element("text", "ms", x=_LEFT - 5, y=_TOP - 8, text_anchor="end")


def _lines(curves: Sequence[Curve], x: Scale, y: Scale) -> Iterator[Markup]:
    for curve in curves:
        points = " ".join(f"{x(1 / share):.1f},{y(ms):.1f}" for share, ms in curve.points)
        yield element("polyline", element("title", curve.target), class_=f"c{curve.colour}", points=points)


def _labels(curves: Sequence[Curve], x: Scale, y: Scale) -> Iterator[Markup]:
    """Yield each target's name at the end of its line, pushed apart where lines end close together."""
    ends = [(x(1 / curve.points[-1][0]), y(curve.points[-1][1])) for curve in curves]
    places = spread_apart([end for _, end in ends], gap=_LABEL_GAP, low=_TOP, high=_BOTTOM + 6)
    for curve, (end_x, end_y), place in zip(curves, ends, places, strict=True):
        yield element("line", class_=f"lead c{curve.colour}", x1=end_x, y1=end_y, x2=_RIGHT + 9, y2=place)
        name = shortened(curve.target, _LONGEST_LABEL)
        full = [element("title", curve.target)] if name != curve.target else []
        yield element("text", name, *full, class_=f"lab c{curve.colour}t", x=_RIGHT + 12, y=place + 3.5)


def percentile_cells(counts: EndpointCounts) -> list[str]:
    """Return the numbers behind a curve: the percentiles of PERCENTILES and the greatest; empty without answers."""
    parts = [_MILLION - round(share * _MILLION) for _, share in PERCENTILES]
    found = [counts.latency_ms(part, _MILLION) for part in (*parts, _MILLION)]
    return ["" if ms is None else duration_text(ms) for ms in found]


def curves_of(latencies: Mapping[str, EndpointCounts], colours: Mapping[str, int]) -> list[Curve]:
    """Return a curve for each target."""
    return [curve_of(target, counts, colour=colours[target]) for target, counts in latencies.items()]
