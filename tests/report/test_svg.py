"""Small pieces of drawing."""

from itertools import pairwise
from random import Random

import pytest

from controller.compare.intervals import Interval
from controller.measure.histogram import recorded
from controller.measure.window import EndpointCounts
from controller.report.chart_latency import curve_of, latency_chart, percentile_cells
from controller.report.chart_rows import TIMES, rate_chart, ratio_chart
from controller.report.chart_time import time_panel, time_span, trace_of
from controller.report.svg import Scale, element, log_ticks, short_number, spread_apart


def test_elements_escape_what_they_are_given() -> None:
    """Text and attributes alike; what is markup already stays."""
    inner = element("title", '<&"')

    assert inner == "<title>&lt;&amp;&#34;</title>"
    assert element("text", inner, aria_label='"><x', class_="c", x=1.04, y=None) == (
        f'<text aria-label="&#34;&gt;&lt;x" class="c" x="1">{inner}</text>'
    )


@pytest.mark.parametrize(("low", "high"), [(0.002, 0.03), (1, 12), (45, 171_000), (1e-3, 1e7), (0.9, 1.1)])
def test_ticks_are_round_few_and_within_the_range(low: float, high: float) -> None:
    """Never closer than asked for, where decades allow it."""
    ticks = log_ticks(low, high, gap=0.1)

    assert ticks == sorted(ticks)
    assert all(low <= tick <= high for tick in ticks)
    assert len(ticks) <= 11
    assert all(f"{tick:e}"[0] in "1235" for tick in ticks)


def test_tick_labels_are_short() -> None:
    """Thousands and millions have their letter."""
    assert [short_number(value) for value in (0, 0.05, 0.5, 20, 5000, 1_500_000)] == [
        "0",
        "0.05",
        "0.5",
        "20",
        "5k",
        "1.5M",
    ]


def test_a_scale_holds_values_at_its_edges() -> None:
    """What lies outside does not leave the picture; a range of nothing is drawn in its middle."""
    scale = Scale(1, 100, 0, 10, logarithmic=True)

    assert [scale(value) for value in (0.1, 1, 10, 100, 1000)] == [0, 0, 5, 10, 10]
    assert Scale(3, 3, 0, 10)(3) == 5


@pytest.mark.parametrize("seed", range(50))
def test_labels_never_overlap(seed: int) -> None:
    """Pushed apart they keep their order, their gap and the picture's bounds."""
    random = Random(seed)
    wanted = [random.choice((random.uniform(0, 250), 100.0)) for _ in range(random.randint(1, 18))]
    placed = spread_apart(wanted, gap=13, low=0, high=250)

    in_order = [placed[index] for index in sorted(range(len(wanted)), key=wanted.__getitem__)]
    assert all(second - first >= 13 - 1e-9 for first, second in pairwise(in_order))
    assert min(placed) >= 0 - 1e-9
    assert max(placed) <= 250


def test_a_bar_shows_mean_and_interval() -> None:
    """A dot, and a bar where the interval is known; nothing for what was not measured or answered nothing."""
    chart = rate_chart([Interval(mean=3000, low=2900, high=3100), Interval(mean=15_000)])

    assert 'class="ci"' in chart.bar(Interval(mean=3000, low=2900, high=3100), label="x")
    assert 'class="ci"' not in chart.bar(Interval(mean=15_000), label="x")
    assert "circle" not in chart.bar(None, label="x") + chart.bar(Interval(mean=0), label="x")
    assert chart.axis().count("<text") >= 2
    assert f">1{TIMES}<" in ratio_chart([Interval(mean=4.6, low=4.4, high=4.9)]).axis()


def test_a_chart_of_nothing_is_no_chart() -> None:
    """No answers, too few answers, no windows."""
    few = EndpointCounts(latency=recorded({100: 5}))

    assert latency_chart([curve_of("a", EndpointCounts(), colour=1), curve_of("b", few, colour=2)], label="x") is None
    assert time_panel([trace_of((), name="trial 1", ok=True)], span=time_span([]), label="x") is None
    assert rate_chart([]).axis()


def test_a_curve_ends_where_few_answers_are_left() -> None:
    """With 2,000 answers 99.5 % is the last percentile that ten answers lie beyond."""
    counts = EndpointCounts(latency=recorded(dict.fromkeys(range(1, 2001), 1)))
    shares = [1 / slower for slower, _ in curve_of("a", counts, colour=1).points]

    assert shares[0] == 0.5
    assert 0.005 <= min(shares) < 0.007


def test_a_curve_ends_where_arrivals_were_not_answered() -> None:
    """Of 2,000 arrivals 100 were given up: beyond 95 % are only lower bounds, which cells say and no line draws."""
    counts = EndpointCounts(
        latency=recorded(dict.fromkeys(range(1, 1901), 1)),
        errors={"timeout": 100},
        lag=recorded({1: 2000}),
        timeout_us=30_000_000,
    )
    points = curve_of("a", counts, colour=1).points

    assert 0.05 <= min(1 / slower for slower, _ in points) < 0.07
    assert max(ms for _, ms in points) < 2
    assert percentile_cells(counts) == [
        "1.00 ms",
        "1.81 ms",
        "\u2265 30.00 s",
        "\u2265 30.00 s",
        "\u2265 30.00 s",
        "\u2265 30.00 s",
    ]
