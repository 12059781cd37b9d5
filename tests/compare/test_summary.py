"""Summaries: what a target did over its trials, and nothing that is not known."""

from dataclasses import replace

import pytest

from controller.compare.summary import numbers_of, summaries
from tests.factories.trials import SATURATED, counts_of, failed, run_of, searched, trial_of


def test_throughput_is_the_geometric_mean_over_trials() -> None:
    """Twice and half the rate average to the rate itself, and the interval holds it."""
    trials = [trial_of(block=1, rate_per_s=1000), trial_of(block=2, rate_per_s=4000, trial=2)]

    (row, _) = summaries(trials, run_id="r")

    assert row.numbers.throughput_per_s == pytest.approx(2000)
    assert row.numbers.throughput_low_per_s < 2000 < row.numbers.throughput_high_per_s


def test_percentiles_come_from_all_answers_together() -> None:
    """A trial with nine times the answers weighs nine times as much in p50."""
    few = trial_of(block=1, endpoints={"/a": counts_of(100, around_ms=100)})
    many = trial_of(block=2, trial=2, endpoints={"/a": counts_of(900, around_ms=1)})

    (row, _) = summaries([few, many], run_id="r")

    assert row.numbers.requests == 1000
    assert row.numbers.latency_p50_ms < 2
    assert row.numbers.latency_p95_ms > 20


def test_a_single_trial_has_no_interval() -> None:
    """One trial has no spread: both ends are unknown."""
    (row, _) = summaries([trial_of()], run_id="r")

    assert row.trials == 1
    assert row.numbers.throughput_per_s == pytest.approx(3000)
    assert (row.numbers.throughput_low_per_s, row.numbers.throughput_high_per_s) == (None, None)


def test_failed_trials_are_no_numbers() -> None:
    """A failed trial changes no number, and a note says that it is missing."""
    good = [trial_of(block=1), trial_of(block=2, trial=2)]

    (row, _) = summaries([*good, failed(trial_of(block=3, trial=3))], run_id="r")

    assert row.numbers == summaries(good, run_id="r")[0].numbers
    assert row.trials == 2
    assert row.notes == ("1 of 3 trials not measured to the end",)


def test_a_target_that_only_failed_has_a_row_without_numbers() -> None:
    """Nothing is known of it, and it does not vanish."""
    (row,) = summaries([failed(trial_of())], run_id="r")

    assert (row.endpoint, row.trials) == ("*", 0)
    assert row.numbers == numbers_of([], endpoint="*")


def test_the_last_of_a_repeated_trial_counts() -> None:
    """A repeat replaces the doubted trial of its block, doubt included."""
    doubted = trial_of(block=1, rate_per_s=1000, doubts=[SATURATED])
    repeat = trial_of(block=1, rate_per_s=2000, order=9)

    (row, _) = summaries([doubted, repeat], run_id="r")

    assert row.trials == 1
    assert row.numbers.throughput_per_s == pytest.approx(2000)
    assert row.doubts == ()


def test_cpu_belongs_to_a_whole_trial() -> None:
    """CPU per request, memory and bound stand beside all endpoints together, and beside no single one."""
    together, single = summaries([trial_of(rate_per_s=1000)], run_id="r")

    assert together.numbers.server_cpu_us_per_request == pytest.approx(980)
    assert together.numbers.generator_cpu_us_per_request == pytest.approx(5)
    assert together.numbers.server_peak_rss_mib == pytest.approx(71.1, abs=0.1)
    assert together.numbers.bound == "server"
    assert together.numbers.proxy_cpu_us_per_request is None
    assert single.endpoint == "/api/health"
    assert single.numbers.server_cpu_us_per_request is None
    assert single.numbers.server_peak_rss_mib is None
    assert single.numbers.bound is None


def test_what_a_cpu_second_and_a_gib_are_worth() -> None:
    """All parties but the generator take part, and a party that must take part and was not seen leaves it unknown."""
    (row,) = (one for one in summaries([trial_of(rate_per_s=1000)], run_id="r") if one.endpoint == "*")
    proxied = replace(trial_of(rate_per_s=1000), factors={"proxy": "nginx"})
    peak_gib = row.numbers.server_peak_rss_mib / 1024

    assert row.numbers.requests_per_cpu_s == pytest.approx(1e6 / row.numbers.server_cpu_us_per_request)
    assert row.numbers.throughput_per_s_per_gib == pytest.approx(row.numbers.throughput_per_s / peak_gib)
    assert summaries([proxied], run_id="r")[0].numbers.requests_per_cpu_s is None
    held = summaries([searched(trial_of(rate_per_s=1000))], run_id="r")[0].numbers
    assert held.throughput_per_s_per_gib == pytest.approx(held.capacity_per_s / peak_gib)
    assert summaries([trial_of(rate_per_s=1000)], run_id="r")[1].numbers.requests_per_cpu_s is None


def test_cpu_is_unknown_where_it_was_not_observed() -> None:
    """A trial without observation neither counts as no CPU time nor dilutes the others."""
    seen = trial_of(block=1, rate_per_s=1000)
    unseen = replace(trial_of(block=2, trial=2, rate_per_s=1000), usage={})

    assert summaries([seen, unseen], run_id="r")[0].numbers.server_cpu_us_per_request == pytest.approx(980)
    assert summaries([unseen], run_id="r")[0].numbers.server_cpu_us_per_request is None


def test_a_trial_without_right_answers_has_a_throughput_of_zero() -> None:
    """Zero is known, and it has no interval; percentiles of nothing are unknown."""
    nothing = trial_of(endpoints={"/a": counts_of(0, errors={"reset": 50})})

    row = summaries([nothing, trial_of(block=2, trial=2)], run_id="r")[0]
    alone = summaries([nothing], run_id="r")[0]

    assert (row.numbers.throughput_per_s, row.numbers.throughput_low_per_s) == (0.0, None)
    assert (alone.numbers.requests, alone.numbers.failures) == (50, 50)
    assert alone.numbers.latency_p50_ms is None


def test_what_limited_most_trials_is_the_bound() -> None:
    """The most common one is named; equally common ones are joined."""
    trials = [
        replace(trial_of(block=n, trial=n), bound=bound) for n, bound in enumerate(("server", "none", "server"), 1)
    ]

    assert summaries(trials, run_id="r")[0].numbers.bound == "server"
    assert summaries(trials[:2], run_id="r")[0].numbers.bound == "server;none"
    assert summaries([replace(trials[0], bound=None)], run_id="r")[0].numbers.bound is None


def test_every_target_scenario_and_endpoint_has_a_row() -> None:
    """Two targets in two scenarios give eight rows: `*` and the one endpoint of each."""
    rows = summaries(run_of({"a": 1000, "b": 2000}, scenarios=("health", "quote")), run_id="r")

    assert len({(row.target, row.scenario, row.endpoint) for row in rows}) == len(rows) == 8
