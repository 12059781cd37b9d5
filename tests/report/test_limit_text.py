"""Limits in words: each is one line."""

import re

import pytest

from controller.compare.limits import hold_limits, read_limit
from controller.report.limit_text import limit_lines, limits_text
from tests.factories.trials import run_of

NUMBER = r"[\d,.]+"
ENDS = rf"{NUMBER} to {NUMBER}"


@pytest.mark.parametrize(
    ("expression", "pattern"),
    [
        ("throughput_per_s < 100", rf"kept: throughput_per_s < 100: one in health: {NUMBER} \({ENDS}\)"),
        (
            "latency_p99_ms > 1.1 * baseline",
            rf"broken: latency_p99_ms > 1.1 \* baseline: other in health: {NUMBER} times that of one \({ENDS}\)",
        ),
        ("failures > 0", r"kept: failures > 0: one in health: 0"),
        ("build_mib > 17", r"broken: build_mib > 17: one in health: 18.0"),
        ("capacity_per_s < 5", r"cannot tell: capacity_per_s < 5: one in health: not known in this run"),
        (
            "throughput_per_s < 1 * baseline",
            rf"broken: throughput_per_s < 1 \* baseline: other in health: {NUMBER} times that of one .*",
        ),
    ],
)
def test_a_line_has_the_outcome_the_place_and_the_numbers(expression: str, pattern: str) -> None:
    """Outcome, limit, target and scenario, number with its interval."""
    lines = limit_lines(hold_limits([read_limit(expression)], run_of({"one": 3000.0, "other": 1000.0}), baseline="one"))

    assert any(re.fullmatch(pattern, line) for line in lines), lines


def test_what_is_broken_is_always_said_and_what_is_kept_is_cut() -> None:
    """Of 30 targets that keep a limit 20 are named; all 30 that break one are."""
    trials = run_of({f"target-{n:02}": 3000.0 for n in range(30)})
    kept, broken = (
        limit_lines(hold_limits([read_limit(expression)], trials, baseline="target-00"))
        for expression in ("throughput_per_s < 1", "throughput_per_s > 1")
    )

    assert (len(kept), len(broken)) == (21, 30)
    assert kept[-1] == "kept: throughput_per_s < 1: and 10 more"


def test_each_stands_on_a_line_of_its_own() -> None:
    """Under a report every limit has the label; without limits there is nothing."""
    limits = [read_limit("throughput_per_s < 1"), read_limit("failures > 0")]
    text = limits_text(hold_limits(limits, run_of({"one": 3000.0}), baseline="one"))

    assert [line.split()[0] for line in text.splitlines()] == ["limit", "limit"]
    assert limits_text(()) == ""
