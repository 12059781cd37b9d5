"""SLOs and searches: what they say, and that a step of a search is long enough to break one."""

from pathlib import Path
from typing import Any

import pytest

from controller.errors import PlanError
from controller.plan.scenario import Load
from controller.plan.schedule import is_searched, measured_s, step_s, warmup_is_estimated
from controller.plan.slo import Search, Slo, least_step_s
from tests.plan.given import SMALLEST, plan_from


def test_an_slo_reads_as_people_write_it() -> None:
    """Percentiles first, in their order, then the failures."""
    assert (
        Slo(failures=0.001, p999_ms=50.0, p50_ms=0.5).text == "p50 <= 0.5 ms and p99.9 <= 50 ms and failures <= 0.1 %"
    )
    assert Slo(p99_ms=20.0).text == "p99 <= 20 ms"


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        (Slo, {}),
        (Slo, {"p99_ms": 0.0}),
        (Slo, {"failures": 1.5}),
        (Search, {"from_per_s": 10.0, "to_per_s": 10.0}),
        (Search, {"step_s": 0.0}),
    ],
)
def test_wrong_ones_cannot_be_made(kind: Any, fields: dict[str, Any]) -> None:
    """What a file may not say, code may not either."""
    with pytest.raises(PlanError):
        kind(**fields)


@pytest.mark.parametrize("beyond", [0.025, 0.05])
@pytest.mark.parametrize(("name", "part"), [("p50_ms", 0.5), ("p99_ms", 0.99)])
def test_a_step_is_long_enough_to_show_a_server_that_falls_behind(name: str, part: float, beyond: float) -> None:
    """Latency under a steady overload grows in a line, so its percentile at the end of a step is known."""
    seconds = least_step_s({name: 40.0})

    assert seconds is not None
    assert part * beyond * seconds * 1000 >= 40.0 * (1 - 1e-9)


def test_of_several_bounds_the_first_to_break_counts() -> None:
    """A slow percentile beside a quick one costs no time; failures alone show nothing."""
    assert least_step_s({"p99_ms": 20.0, "p999_ms": 5000.0, "failures": 0.1}) == least_step_s({"p99_ms": 20.0})
    assert least_step_s({"failures": 0.1}) is None


def test_a_step_has_enough_arrivals(tmp_path: Path) -> None:
    """At a low rate a step lasts until as many have come as the plan says, at a high one as long as it says."""
    load = plan_from(tmp_path, SEARCHED).scenario("health").load

    assert [step_s(load, rate) for rate in (50, 100, 500, 5000)] == [20, 10, 2, 2]
    assert step_s(Load(), 1_000) == 10


def test_the_time_of_a_search_is_an_estimate_that_grows_with_its_range(tmp_path: Path) -> None:
    """Without having searched nobody knows how many steps it takes: more where it may go further."""
    long = "load.capacity.step_s=20"
    narrow, wide = (plan_from(tmp_path, SEARCHED, long, f"load.capacity.to_per_s={most}") for most in (400, 1e6))
    times = [measured_s(plan.load) for plan in (narrow, wide)]

    assert is_searched(narrow)
    assert not warmup_is_estimated(narrow)
    assert 20 < times[0] < times[1] < 20 * 40
    assert measured_s(Load(duration_s=7.0)) == 7.0


SEARCHED = (
    SMALLEST
    + """\
slo = { p99_ms = 20 }
[load]
model = "capacity"
capacity = { from_per_s = 100, step_s = 2, step_requests = 1_000 }
"""
)
