"""CPU by party, latency by rate, and what comes first on a page: what is drawn is what was measured."""

import re
from dataclasses import replace

import pytest
from markupsafe import Markup

from controller.compare.hypotheses import answers
from controller.measure.trial import TrialResult, Usage
from controller.plan.hypothesis import hypothesis_of
from controller.plan.slo import Slo
from controller.report.chart_capacity import capacity_chart, percentile_of
from controller.report.chart_cpu import cpu_table
from controller.report.html import findings_html
from controller.report.markdown import findings_markdown
from controller.report.text import findings_text
from tests.factories.found import found
from tests.factories.trials import found_nothing, run_of, searched

COLOURS = {"a": 1, "b": 2}


def behind(trials: list[TrialResult], *, proxy_s: float) -> list[TrialResult]:
    """Return trials in which a proxy took some CPU time too."""
    proxy = Usage(cpu_s=proxy_s, busiest=0.4, peak_rss_bytes=1)
    return [replace(one, usage={**one.usage, "proxy": proxy}) for one in trials]


def widths(bar: Markup) -> list[float]:
    """Return how wide the parts of a bar are, in percent."""
    return [float(width) for width in re.findall(r'width="([0-9.]+)%"', bar)]


def test_a_bar_is_as_long_as_what_its_parties_took() -> None:
    """The widest fills its cell, parts lie end to end, and each has the share that it took."""
    trials = [*behind(run_of({"a": 1000}, spread=0), proxy_s=1.0), *run_of({"b": 4000}, spread=0)]
    table = cpu_table(trials, ["a", "b", "gone"])

    assert table is not None
    assert (table.parties, table.numbers) == (("server", "proxy", "generator"), (1, 2, 5))
    first, second = (widths(row.bar) for row in table.rows)
    assert sum(first) == pytest.approx(100, abs=0.05)
    assert first[0] / first[1] == pytest.approx(0.98 * 4, rel=0.01)
    assert sum(second) == pytest.approx(100 * (245 + 5) / (980 + 250 + 5), rel=0.01)
    assert [row.cells for row in table.rows] == [("980", "250", "5.00"), ("245", "-", "5.00")]
    idle = cpu_table(behind(run_of({"a": 1000}, spread=0), proxy_s=0.001), ["a"])
    assert idle is not None
    assert idle.parties == ("server", "generator")
    starts = [float(at) for at in re.findall(r'x="([0-9.]+)%"', table.rows[0].bar)]
    assert starts == pytest.approx([0, first[0], first[0] + first[1]], abs=0.02)


def test_nothing_observed_is_no_table() -> None:
    """Unknown is no bar of length 0."""
    trials = [replace(one, usage={}) for one in run_of({"a": 1000})]

    assert cpu_table(trials, ["a"]) is None
    assert cpu_table([], []) is None


@pytest.mark.parametrize(
    ("slo", "said"),
    [
        ("p99 <= 20 ms and failures <= 0.1 %", ("p99", "latency_p99_ms", 20.0)),
        ("p99.9 <= 2.5 ms", ("p99.9", "latency_p999_ms", 2.5)),
        ("p50 <= 1 ms and p99 <= 9 ms", ("p50", "latency_p50_ms", 1.0)),
        (Slo(p95_ms=1e6).text, ("p95", "latency_p95_ms", 1e6)),
        (Slo(p999_ms=0.00002).text, ("p99.9", "latency_p999_ms", 0.00002)),
    ],
)
def test_the_percentile_of_an_slo_is_drawn(slo: str, said: tuple[str, str, float]) -> None:
    """The first that it bounds."""
    one = percentile_of(slo)

    assert (one.name, one.field, one.ms) == said


def test_latency_is_drawn_at_every_rate_that_was_tried() -> None:
    """From the lowest rate to the highest, one point where several trials tried nearly the same one."""
    trials = [searched(one) for one in run_of({"a": 1000, "b": 4000}, blocks=3)]
    drawn = capacity_chart(trials, ["a", "b"], COLOURS, label="x")

    assert drawn is not None
    percentile, chart = drawn
    lines = re.findall(r'<polyline class="c(\d)" points="([^"]+)"', chart)
    assert percentile.ms == 20
    assert [colour for colour, _ in lines] == ["1", "2"]
    for _, points in lines:
        across = [float(point.split(",")[0]) for point in points.split()]
        assert across == sorted(across)
        assert len(across) == 2
    assert chart.count('class="limit"') == 1


def test_no_search_is_no_chart() -> None:
    """Nor is one of which no step knows its latency."""
    trials = run_of({"a": 1000})
    unknown = [replace(one, steps=()) for one in map(found_nothing, trials)]

    assert capacity_chart(trials, ["a"], COLOURS, label="x") is None
    assert capacity_chart(unknown, ["a"], COLOURS, label="x") is None


def test_page_and_terminal_say_at_which_rate_latencies_can_be_compared() -> None:
    """Half of what the slowest holds; without a search nothing is said."""
    trials = run_of({"a": 1000, "b": 4000}, spread=0)
    after = found([searched(one) for one in trials])

    assert "rate_per_s = 500" in " ".join(findings_text(after).split())
    assert "rate_per_s = 500" in findings_html(after)
    assert "Latency by arrival rate" in findings_html(after)
    assert "rate_per_s" not in findings_text(found(trials))
    assert "CPU a request, by party" in findings_html(found(trials))


def test_what_was_asked_is_answered_first() -> None:
    """Hypotheses of the plan come before the rankings, in the terminal, on the page and in Markdown."""
    trials = run_of({"a": 1000, "b": 4000})
    sides = {"compare": {"target": "b"}, "to": {"target": "a"}, "at_least": 2}
    asked = hypothesis_of({"says": "b is twice as fast", "metric": "throughput_per_s", **sides})
    said = replace(found(trials), hypotheses=answers([asked], trials))

    for text in (findings_text(said), findings_html(said), findings_markdown(said)):
        assert 0 <= text.index("b is twice as fast") < text.index("4.0 times as fast")
