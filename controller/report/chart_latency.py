"""Latency by percentile: one line for each target, both scales logarithmic so that the tail has room."""

from collections.abc import Iterator, Mapping, Sequence

from markupsafe import Markup

from controller.measure.window import EndpointCounts
from controller.report.chart_lines import LEFT, RIGHT, Line, column, lines_chart, milliseconds
from controller.report.svg import Scale
from controller.units import AtLeast, duration_text

# A percentile is drawn where at least so many answers were slower.
_LEAST_BEYOND = 10
PERCENTILES = (("50 %", 0.5), ("90", 0.1), ("99", 0.01), ("99.9", 0.001), ("99.99", 0.0001))
_MILLION = 1_000_000


def curve_of(target: str, counts: EndpointCounts, *, colour: int) -> Line:
    """Return a target's latencies in milliseconds by how many answers there are for each slower one.

    From the median on; there are no points without answers, and the line ends before lower bounds.
    """
    arrivals = counts.samples + counts.unanswered
    tails = [0.5 * 10 ** (-step / 8) for step in range(31)]
    shares = [tail for tail in (*tails, 0.0001) if tail * arrivals >= _LEAST_BEYOND]
    found = [(share, counts.latency_ms(_MILLION - round(share * _MILLION), _MILLION)) for share in shares]
    points = tuple((1 / share, max(ms, 0.001)) for share, ms in found if ms is not None and not isinstance(ms, AtLeast))
    return Line(target=target, colour=colour, points=points)


def latency_chart(curves: Sequence[Line], *, label: str) -> Markup | None:
    """Return the chart; None where no target has enough answers to draw any percentile."""
    drawn = [curve for curve in curves if curve.points]
    if not drawn:
        return None
    most = max(slower for curve in drawn for slower, _ in curve.points)
    x = Scale(1 / 0.5, max(most, 10.0), LEFT, RIGHT, logarithmic=True)
    return lines_chart(drawn, x, milliseconds(drawn), marks=_columns(x), label=label)


def _columns(x: Scale) -> Iterator[Markup]:
    for name, share in PERCENTILES:
        if 1 / share <= x.high * 1.001:
            yield from column(x(1 / share), name)


def percentile_cells(counts: EndpointCounts) -> list[str]:
    """Return the numbers behind a curve: the percentiles of PERCENTILES and the greatest; empty without answers."""
    parts = [_MILLION - round(share * _MILLION) for _, share in PERCENTILES]
    found = [counts.latency_ms(part, _MILLION) for part in (*parts, _MILLION)]
    return ["" if ms is None else duration_text(ms) for ms in found]


def curves_of(latencies: Mapping[str, EndpointCounts], colours: Mapping[str, int]) -> list[Line]:
    """Return a curve for each target."""
    return [curve_of(target, counts, colour=colours[target]) for target, counts in latencies.items()]
