"""Verdicts: what may be said of each candidate when all of a table are looked at at once."""

from dataclasses import replace
from random import Random

import pytest

from controller.compare.logratios import NOT_KNOWN
from controller.compare.pairs import ONE_TRIAL, paired_difference
from controller.compare.verdicts import Comparison, Verdict, comparisons, judge
from controller.measure.histogram import recorded
from controller.measure.trial import TrialResult
from tests.factories.noise import noisy
from tests.factories.trials import counts_of, failed, run_of, trial_of


def only(trials: list[TrialResult], *, baseline: str, metric: str = "throughput_per_s") -> list[Comparison]:
    """Return the comparisons of one metric over all endpoints together."""
    return [row for row in comparisons(trials, baseline=baseline) if (row.endpoint, row.metric) == ("*", metric)]


def test_a_clear_difference_has_a_verdict_each_way() -> None:
    """What is faster beside one is slower beside the other."""
    trials = run_of({"python-flask": 3000, "python-fastapi": 14_000})

    (up,) = only(trials, baseline="python-flask")
    (down,) = only(trials, baseline="python-fastapi")

    assert (up.candidate, up.verdict, up.blocks) == ("python-fastapi", Verdict.FASTER, 3)
    assert (down.candidate, down.verdict) == ("python-flask", Verdict.SLOWER)
    assert up.ratio_low < 14 / 3 < up.ratio_high
    assert up.caveat is None


def test_latency_is_a_ratio_without_a_verdict() -> None:
    """In a closed loop it restates throughput: an interval, but neither p-value, verdict nor detectable difference."""
    trials = run_of({"python-flask": 3000, "python-fastapi": 14_000})

    for metric in ("latency_p50_ms", "latency_p99_ms"):
        (row,) = only(trials, baseline="python-flask", metric=metric)
        assert row.ratio_low < row.ratio < row.ratio_high < 1
        assert (row.p_value, row.verdict, row.detectable) == (None, None, None)


def opened(trial: TrialResult, *, given_up: int = 0) -> TrialResult:
    """Return a trial as one of an open load, of whose arrivals so many were not answered."""
    parts = {
        name: replace(part, lag=recorded({5: part.samples}), timeout_us=30_000_000, errors={"timeout": given_up})
        for name, part in trial.endpoints.items()
    }
    return replace(trial, endpoints=parts)


def test_latency_has_verdicts_where_requests_come_at_one_rate() -> None:
    """In an open load it is what tells targets apart; beside a closed trial it has none."""
    trials = [opened(trial) for trial in run_of({"python-flask": 3000, "python-fastapi": 14_000})]

    for metric in ("latency_p50_ms", "latency_p99_ms"):
        (row,) = only(trials, baseline="python-flask", metric=metric)
        assert row.ratio_low < row.ratio < row.ratio_high < 1
        assert row.verdict is Verdict.FASTER
        assert row.p_value < 0.05
    mixed = [*trials[1:], run_of({"python-flask": 3000, "python-fastapi": 14_000})[0]]
    assert only(mixed, baseline="python-flask", metric="latency_p99_ms")[0].verdict is None


def test_a_lower_bound_has_no_ratio() -> None:
    """Where the p99 of a trial reaches arrivals that were not answered, nobody knows how many times another it is."""
    trials = [opened(trial) for trial in run_of({"python-flask": 3000, "python-fastapi": 14_000})]
    trials[0] = opened(trials[0], given_up=5000)

    (p50,) = only(trials, baseline="python-flask", metric="latency_p50_ms")
    (p99,) = only(trials, baseline="python-flask", metric="latency_p99_ms")

    assert p50.verdict is Verdict.FASTER
    assert (p99.ratio, p99.verdict, p99.caveat) == (None, Verdict.CANNOT_TELL, NOT_KNOWN)


def test_one_trial_cannot_tell() -> None:
    """A ratio of ten is a ratio; that no spread is known is said."""
    (row,) = only(run_of({"a": 1000, "b": 10_000}, blocks=1), baseline="a")

    assert row.ratio == pytest.approx(10, rel=0.1)
    assert (row.ratio_low, row.ratio_high, row.p_value, row.detectable) == (None, None, None, None)
    assert (row.verdict, row.caveat) == (Verdict.CANNOT_TELL, ONE_TRIAL)


def test_a_failed_trial_takes_its_block_out_of_the_pair() -> None:
    """Two of three blocks are left, whichever side failed."""
    trials = run_of({"a": 1000, "b": 2000})
    broken = [failed(trial) if (trial.target, trial.block) == ("b", 2) else trial for trial in trials]

    assert only(broken, baseline="a")[0].blocks == 2
    assert only(broken, baseline="b")[0].blocks == 2


def test_a_repeat_takes_the_place_of_the_trial_it_repeats() -> None:
    """The last trial of a block counts, also where it failed."""
    trials = run_of({"a": 1000, "b": 2000})
    repeat = trial_of("b", block=2, rate_per_s=4000, trial=99)

    assert only([*trials, repeat], baseline="a")[0].ratio > only(trials, baseline="a")[0].ratio * 1.2
    assert only([*trials, failed(repeat)], baseline="a")[0].blocks == 2


def test_a_baseline_that_never_ran_leaves_rows_without_numbers() -> None:
    """Nothing to compare with is no ratio and no verdict."""
    rows = comparisons(run_of({"a": 1000, "b": 2000}), baseline="gone")

    assert {row.candidate for row in rows} == {"a", "b"}
    assert all(row.ratio is None and row.verdict in (None, Verdict.CANNOT_TELL) for row in rows)


def test_a_scenario_may_have_a_baseline_of_its_own() -> None:
    """Where a plan asks it of other targets."""
    trials = [*run_of({"a": 1000, "b": 2000}), *run_of({"b": 1000, "c": 3000}, scenarios=("quote",))]
    rows = comparisons(trials, baseline="a", baselines={"quote": "c"})

    assert {(row.scenario, row.baseline, row.candidate) for row in rows} == {("health", "a", "b"), ("quote", "c", "b")}


def test_no_trials_are_no_comparisons() -> None:
    """An empty run has an empty table."""
    assert comparisons([], baseline="a") == ()


def test_each_endpoint_is_compared_by_itself() -> None:
    """A mix where one route is twice as fast and the other as fast as before shows both."""
    trials = [
        trial_of(
            target,
            block=block,
            trial=block * 2 + (target == "b"),
            endpoints={
                "/x": counts_of(round(x * (1 + block / 500))),
                "/y": counts_of(4000 + block * (3 if target == "a" else 4)),
            },
        )
        for block in (1, 2, 3)
        for target, x in (("a", 4000), ("b", 8000))
    ]
    rows = {row.endpoint: row for row in comparisons(trials, baseline="a") if row.metric == "throughput_per_s"}

    assert list(rows) == ["*", "/x", "/y"]
    assert rows["/x"].ratio == pytest.approx(2, rel=0.01)
    assert rows["/y"].ratio == pytest.approx(1, rel=0.01)


def test_what_falls_to_the_correction_says_so() -> None:
    """A p-value of 3 % alone is a verdict; as one of eleven it is not, and the words are those of the design."""
    close = paired_difference({1: 1.010, 2: 1.030, 3: 1.022, 4: 1.018}, dict.fromkeys(range(1, 5), 1.0))
    noise = [
        paired_difference({n: 1 + ((n + k) % 3 - 1) / 50 for n in range(1, 5)}, dict.fromkeys(range(1, 5), 1.0))
        for k in range(10)
    ]

    (alone,) = judge([close])
    among = judge([close, *noise])[0]

    assert alone.verdict is Verdict.FASTER
    assert alone.caveat is None
    assert among.verdict is Verdict.CANNOT_TELL
    assert among.caveat == "not after correction for 11 comparisons"
    assert among.detectable > alone.detectable


def test_less_is_better_where_the_metric_says_so() -> None:
    """Twice the latency is slower."""
    twice = paired_difference({1: 2.0, 2: 2.1, 3: 1.9}, {1: 1.0, 2: 1.0, 3: 1.0})

    assert judge([twice], more_is_better=False)[0].verdict is Verdict.SLOWER


def test_tables_without_a_difference_seldom_hold_a_verdict() -> None:
    """Of 1,000 tables of 12 equal targets at most 70 hold any verdict, though the baseline is in all 11 pairs."""
    random = Random(12)
    wrong = 0
    for _ in range(1000):
        targets = [noisy(1000, blocks=5, spread=0.015, random=random) for _ in range(12)]
        judged = judge([paired_difference(one, targets[0]) for one in targets[1:]])
        wrong += any(one.verdict is not Verdict.CANNOT_TELL for one in judged)

    assert wrong <= 70
