"""A dot with its interval in a table's row: every row has the same logarithmic scale, drawn in percent of its width."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from controller.compare.intervals import Interval
from controller.report.svg import Scale, element, log_ticks, short_number

_HEIGHT = 22
_GAP = 0.17
TIMES = "\N{MULTIPLICATION SIGN}"
# Below one decade a scale would make noise look like a difference.
_LEAST_SPAN = 10.0


@dataclass(frozen=True, slots=True)
class RowChart:
    """The scale that all rows of a table share. one: a ratio's chart, whose stems start at 1."""

    scale: Scale
    one: bool = False

    def axis(self) -> Markup:
        """Return the labels for the table's head."""
        ticks = log_ticks(self.scale.low, self.scale.high, gap=_GAP)
        labels = [
            element(
                "text",
                f"{short_number(tick)}{TIMES if self.one else ''}",
                x=f"{self.scale(tick):.1f}%",
                y="11",
                text_anchor="middle",
            )
            for tick in ticks
        ]
        return element("svg", *labels, class_="axis", height="15", aria_hidden="true")

    def bar(self, interval: Interval | None, *, label: str) -> Markup:
        """Return one row's dot and interval; an empty row where nothing is known or the mean is 0."""
        marks: list[Markup] = []
        if self.one:
            marks.append(self._line(1, 1, class_="one", top=0, bottom=_HEIGHT))
        if interval is not None and interval.mean > 0:
            marks.append(self._line(1 if self.one else self.scale.low, interval.mean, class_="stem"))
            if interval.low is not None and interval.high is not None:
                marks.append(self._line(interval.low, interval.high, class_="ci"))
            at = f"{self.scale(interval.mean):.1f}%"
            marks.append(element("circle", cx=at, cy=_HEIGHT / 2, r=4.5, class_="dot"))
        return element("svg", *marks, class_="bar", height=_HEIGHT, role="img", aria_label=label)

    def _line(
        self, start: float, end: float, *, class_: str, top: float = _HEIGHT / 2, bottom: float = _HEIGHT / 2
    ) -> Markup:
        x1, x2 = f"{self.scale(start):.1f}%", f"{self.scale(end):.1f}%"
        return element("line", x1=x1, x2=x2, y1=top, y2=bottom, class_=class_)


def rate_chart(intervals: Sequence[Interval]) -> RowChart:
    """Return the chart for throughput: from below the least to above the greatest, one decade at least."""
    known = _within_reach(intervals)
    high = max(known, default=10.0) * 1.12
    low = min(min(known, default=1.0) / 1.5, high / _LEAST_SPAN)
    return RowChart(Scale(low, high, 1.5, 98.0, logarithmic=True))


def ratio_chart(intervals: Sequence[Interval]) -> RowChart:
    """Return the chart for ratios: 1 in the middle, from half to twice at least."""
    known = _within_reach(intervals)
    far = max([2.0, *(max(value, 1 / value) for value in known)]) * 1.1
    # Only as far as needed on either side: ratios are often all above 1, or all below.
    low, high = (1 / far if min(known, default=1) < 0.9 else 0.5), (far if max(known, default=1) > 1.1 else 2.0)
    return RowChart(Scale(low, high, 2.0, 98.0, logarithmic=True), one=True)


def _within_reach(intervals: Sequence[Interval]) -> list[float]:
    """Return the means above 0 and the ends of their intervals, these at most a decade from any mean.

    One interval over ten powers of ten would press all others into a single point.
    """
    means = [one.mean for one in intervals if one.mean > 0]
    ends = [end for one in intervals for end in (one.low, one.high) if end is not None and means]
    return means + [min(max(end, min(means) / 10), max(means) * 10) for end in ends]
