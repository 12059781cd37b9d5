"""A line for each target on two logarithmic scales, its name at the line's end: what charts of latency share."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup

from controller.report.svg import Scale, element, log_ticks, short_number, shortened, spread_apart

_WIDTH, _HEIGHT = 400, 270
LEFT, RIGHT, TOP, BOTTOM = 34, 278, 18, 244
_LABEL_GAP = 13
_LONGEST_LABEL = 15
GAP: Final = 0.055


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A target's points, from left to right, both values above 0; and its colour's number."""

    target: str
    colour: int
    points: tuple[tuple[float, float], ...]


def milliseconds(lines: Iterable[Line], *others: float) -> Scale:
    """Return the scale of lines whose second values are milliseconds, with room for some others."""
    values = [*(ms for line in lines for _, ms in line.points), *others]
    return Scale(min(values) / 1.15, max(values) * 1.15, BOTTOM, TOP, logarithmic=True)


def lines_chart(lines: Sequence[Line], x: Scale, y: Scale, *, marks: Iterable[Markup], label: str) -> Markup:
    """Return the chart; marks are drawn under the lines."""
    drawn = [*_rows(y), *marks, *_drawn(lines, x, y), *_labels(lines, x, y)]
    return element("svg", *drawn, class_="chart", viewBox=f"0 0 {_WIDTH} {_HEIGHT}", role="img", aria_label=label)


def _rows(y: Scale) -> Iterator[Markup]:
    """Yield the lines of the grid for milliseconds, with their labels."""
    for tick in log_ticks(y.low, y.high, gap=GAP):
        yield element("line", class_="grid", x1=LEFT, x2=RIGHT, y1=y(tick), y2=y(tick))
        yield element("text", short_number(tick), x=LEFT - 5, y=y(tick) + 3.5, text_anchor="end")
    yield element("text", "ms", x=LEFT - 5, y=TOP - 8, text_anchor="end")


def column(at: float, name: str) -> Iterator[Markup]:
    """Yield a line of the grid across all rows, with its label."""
    yield element("line", class_="grid", x1=at, x2=at, y1=TOP, y2=BOTTOM)
    yield element("text", name, x=at, y=BOTTOM + 16, text_anchor="middle")


def _drawn(lines: Sequence[Line], x: Scale, y: Scale) -> Iterator[Markup]:
    for line in lines:
        points = " ".join(f"{x(at):.1f},{y(ms):.1f}" for at, ms in line.points)
        yield element("polyline", element("title", line.target), class_=f"c{line.colour}", points=points)


def _labels(lines: Sequence[Line], x: Scale, y: Scale) -> Iterator[Markup]:
    """Yield each target's name at the end of its line, pushed apart where lines end close together."""
    ends = [(x(line.points[-1][0]), y(line.points[-1][1])) for line in lines]
    places = spread_apart([end for _, end in ends], gap=_LABEL_GAP, low=TOP, high=BOTTOM + 6)
    for line, (end_x, end_y), place in zip(lines, ends, places, strict=True):
        yield element("line", class_=f"lead c{line.colour}", x1=end_x, y1=end_y, x2=RIGHT + 9, y2=place)
        name = shortened(line.target, _LONGEST_LABEL)
        full = [element("title", line.target)] if name != line.target else []
        yield element("text", name, *full, class_=f"lab c{line.colour}t", x=RIGHT + 12, y=place + 3.5)
