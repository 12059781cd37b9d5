"""Limits that a run is held to: read from an expression, and broken only where the whole interval breaks them."""

from dataclasses import fields, replace
from math import inf

import pytest

from controller.compare.intervals import Interval
from controller.compare.limits import METRICS, Held, Holding, Limit, hold_limits, hold_slos, read_limit
from controller.compare.summary import Numbers, summaries
from controller.compare.verdicts import comparisons
from controller.errors import PlanError
from controller.measure.trial import TrialResult
from controller.measure.window import EndpointCounts
from controller.plan.slo import Slo
from tests.factories.trials import SATURATED, counts_of, failed, run_of, searched, trial_of


@pytest.mark.parametrize(
    ("expression", "limit"),
    [
        (
            "latency_p99_ms > 1.1 * baseline",
            Limit(metric="latency_p99_ms", sign=">", number=1.1, relative=True),
        ),
        ("throughput_per_s<0.9*baseline", Limit(metric="throughput_per_s", sign="<", number=0.9, relative=True)),
        (" failures >= 1 ", Limit(metric="failures", sign=">=", number=1.0)),
        ("capacity_per_s <= 2e3", Limit(metric="capacity_per_s", sign="<=", number=2000.0)),
        ("failures > 0", Limit(metric="failures", sign=">", number=0.0)),
    ],
)
def test_an_expression_is_read(expression: str, limit: Limit) -> None:
    """Metric, sign and number, with or without the baseline and spaces; as it is shown it is read again."""
    assert read_limit(expression) == limit
    assert read_limit(limit.text) == limit


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("latency_p98_ms > 3", "expected a number of summary.csv, such as latency_p99_ms, found latency_p98_ms"),
        ("throughput_low_per_s > 3", "such as throughput_per_s"),
        ("bound > 3", "expected a number of summary.csv"),
        ("latency_p99_ms", 'found "latency_p99_ms"'),
        ("latency_p99_ms == 3", "one of > >= < <="),
        ("latency_p99_ms > fast", "NUMBER or NUMBER * baseline"),
        ("latency_p99_ms > 1.1 * python-flask", "NUMBER or NUMBER * baseline"),
        ("latency_p99_ms > 1.1.1", "NUMBER or NUMBER * baseline"),
        ("latency_p99_ms > 1e999", "NUMBER or NUMBER * baseline"),
        ("latency_p99_ms > -1", "NUMBER or NUMBER * baseline"),
        ("latency_p99_ms > 0 * baseline", "NUMBER or NUMBER * baseline"),
        ("1.1 * baseline < latency_p99_ms", 'such as "latency_p99_ms > 1.1 * baseline"'),
        ("a > 1; b > 2\nc", "expected METRIC"),
        ("", 'found ""'),
    ],
)
def test_a_wrong_expression_is_one_line(expression: str, said: str) -> None:
    """It says what was expected and what was found."""
    with pytest.raises(PlanError) as error:
        read_limit(expression)

    assert said in str(error.value)
    assert "\n" not in str(error.value)


def test_every_number_of_the_summary_can_be_limited() -> None:
    """All fields of a summary row but words and the ends of intervals, which a limit looks at by itself."""
    left = {field.name for field in fields(Numbers)} - set(METRICS)

    assert left == {
        "bound",
        "throughput_low_per_s",
        "throughput_high_per_s",
        "capacity_low_per_s",
        "capacity_high_per_s",
    }


@pytest.mark.parametrize(
    ("sign", "ends", "holding"),
    [
        (">", (10.1, 12.0), Holding.BROKEN),
        (">", (10.0, 12.0), Holding.CANNOT_TELL),
        (">=", (10.0, 12.0), Holding.BROKEN),
        (">", (8.0, 10.0), Holding.KEPT),
        (">=", (8.0, 10.0), Holding.CANNOT_TELL),
        (">", (9.0, 11.0), Holding.CANNOT_TELL),
        ("<", (8.0, 9.9), Holding.BROKEN),
        ("<", (8.0, 10.0), Holding.CANNOT_TELL),
        ("<=", (8.0, 10.0), Holding.BROKEN),
        ("<", (10.0, 12.0), Holding.KEPT),
        (">", (30.0, inf), Holding.BROKEN),
        ("<", (30.0, inf), Holding.KEPT),
        (">", (3.0, inf), Holding.CANNOT_TELL),
        (">", (None, None), Holding.CANNOT_TELL),
    ],
)
def test_only_a_whole_interval_decides(sign: str, ends: tuple[float, float], holding: Holding) -> None:
    """Broken where all of it is beyond the limit, kept where none of it is, else nobody can tell."""
    limit = Limit(metric="latency_p99_ms", sign=sign, number=10.0)

    assert limit.holding(Interval(mean=11.0, low=ends[0], high=ends[1])) is holding


def test_no_number_is_no_answer() -> None:
    """What is not known neither keeps nor breaks a limit."""
    assert Limit(metric="latency_p99_ms", sign=">", number=1.0).holding(None) is Holding.CANNOT_TELL


def held(expression: str, trials: list[TrialResult], *, baseline: str = "one") -> tuple[Held, ...]:
    """Return how trials keep one limit."""
    return hold_limits([read_limit(expression)], trials, baseline=baseline)


def test_a_number_has_the_interval_of_the_summary() -> None:
    """Throughput is held to its limit by the very interval that summary.csv shows."""
    trials = run_of({"one": 3000.0})
    (numbers,) = (row.numbers for row in summaries(trials, run_id="r") if row.endpoint == "*")
    (found,) = held("throughput_per_s < 100", trials)

    assert found.holding is Holding.KEPT
    assert (found.interval.mean, found.interval.low, found.interval.high) == (
        numbers.throughput_per_s,
        numbers.throughput_low_per_s,
        numbers.throughput_high_per_s,
    )


def test_a_ratio_is_that_of_the_comparison() -> None:
    """Beside the baseline the paired interval of comparison.csv decides, in each scenario."""
    trials = run_of({"one": 3000.0, "other": 2000.0}, scenarios=("health", "quote"))
    rows = {row.scenario: row for row in comparisons(trials, baseline="one") if row.endpoint == "*"}
    found = held("latency_p99_ms > 1.1 * baseline", trials)

    assert [one.scenario for one in found] == ["health", "quote"]
    for one in found:
        row = rows[one.scenario]
        assert row.metric == "latency_p99_ms"
        assert (one.interval.low, one.interval.high) == (row.ratio_low, row.ratio_high)
        assert (one.target, one.beside, one.holding) == ("other", "one", Holding.BROKEN)


def test_the_baseline_is_never_beside_itself() -> None:
    """A run of the baseline alone can break no limit beside it, and keeps none."""
    (found,) = held("latency_p99_ms > 1.1 * baseline", run_of({"one": 3000.0}))

    assert (found.holding, found.target) == (Holding.CANNOT_TELL, "")
    assert "no target beside the baseline one" in found.why_not


def test_worst_first() -> None:
    """Of one limit what is broken stands before what nobody can tell, and what is kept comes last."""
    trials = run_of({"a-fast": 9000.0, "near": 3010.0, "slow": 1000.0})

    assert [(one.target, one.holding) for one in held("throughput_per_s < 3000", trials)] == [
        ("slow", Holding.BROKEN),
        ("near", Holding.CANNOT_TELL),
        ("a-fast", Holding.KEPT),
    ]


def test_one_trial_tells_nothing() -> None:
    """Without a spread nothing is certain, however far the number is from the limit."""
    for expression in ("throughput_per_s < 999999", "throughput_per_s < 10 * baseline"):
        found = held(expression, run_of({"one": 3000.0, "other": 2000.0}, blocks=1))

        assert {one.holding for one in found} == {Holding.CANNOT_TELL}
        assert {one.why_not for one in found} == {"one trial: no spread known"}


def test_failures_are_counted_and_not_estimated() -> None:
    """One failure in three trials is more than none, and not more than one."""
    trials = run_of({"one": 3000.0})
    trials[1] = replace(trials[1], endpoints={"/": counts_of(3000, errors={"reset": 1})})

    assert [held(f"failures > {n}", trials)[0].holding for n in (0, 1)] == [Holding.BROKEN, Holding.KEPT]
    (beside,) = held("failures > 2 * baseline", [*trials, *run_of({"other": 3000.0})])
    assert (beside.holding, beside.why_not) == (Holding.CANNOT_TELL, "no ratio: 0 in a trial")


def test_what_is_the_same_in_each_trial_is_exact() -> None:
    """312 lines of code are not more than 312, whatever a mean of logarithms makes of them."""
    trials = run_of({"one": 3000.0, "other": 2000.0})

    assert [one.holding for one in held("code_lines > 312", trials)] == [Holding.KEPT] * 2
    assert [one.holding for one in held("code_lines >= 312", trials)] == [Holding.BROKEN] * 2


def late(block: int, *, answered: int) -> TrialResult:
    """Return an open trial that left more than 1 % of its arrivals unanswered for 30 s."""
    counts = EndpointCounts(
        latency=counts_of(answered).latency,
        errors={"timeout": 400},
        lag=counts_of(answered).latency,
        timeout_us=30_000_000,
    )
    return trial_of("one", block=block, trial=block, endpoints={"/": counts})


def test_a_lower_bound_can_break_a_limit() -> None:
    """Where every trial's percentile lies beyond the time-out, a limit below that is broken, and none above it is."""
    trials = [late(block, answered=8000) for block in (1, 2, 3)]

    assert held("latency_p99_ms > 20", trials)[0].holding is Holding.BROKEN
    assert held("latency_p99_ms > 40000", trials)[0].holding is Holding.CANNOT_TELL
    assert held("latency_p99_ms > 20", trials[:1])[0].holding is Holding.CANNOT_TELL


def test_nothing_answered_in_any_trial_is_known() -> None:
    """A throughput of 0 each time is below any limit; 0 once among others has no interval."""
    silent = run_of({"one": 0.0})
    silent = [replace(trial, endpoints={"/": EndpointCounts(errors={"reset": 5})}) for trial in silent]

    assert held("throughput_per_s < 10", silent)[0].holding is Holding.BROKEN
    mixed = held("throughput_per_s < 10", [silent[0], *run_of({"one": 3000.0})[1:]])
    assert (mixed[0].holding, mixed[0].why_not) == (Holding.CANNOT_TELL, "no interval: 0 in a trial")


def test_failed_trials_keep_nothing() -> None:
    """A target that was never measured to the end neither keeps nor breaks a limit."""
    (found,) = held("throughput_per_s < 10", [failed(trial) for trial in run_of({"one": 3000.0})])

    assert (found.holding, found.why_not) == (Holding.CANNOT_TELL, "no trial was measured to its end")
    assert hold_limits([read_limit("failures > 0")], [], baseline="one")[0].holding is Holding.CANNOT_TELL


def test_a_capacity_has_limits_where_it_was_searched() -> None:
    """After a search its result can be limited, without one it is not known."""
    trials = run_of({"one": 3000.0})

    assert held("capacity_per_s < 5000", [searched(trial) for trial in trials])[0].holding is Holding.BROKEN
    assert held("capacity_per_s < 5000", trials)[0].why_not == "not known in this run"


def test_doubts_stand_beside_a_limit() -> None:
    """A reason to distrust the trials is said where their number decides."""
    trials = run_of({"one": 3000.0})
    trials[0] = replace(trials[0], doubts=(SATURATED,))

    assert held("throughput_per_s < 10", trials)[0].doubts == (SATURATED.kind.value,)


def test_an_slo_is_held_in_its_own_scenario() -> None:
    """Each of its bounds is a limit there, by the whole interval; failures are their share of all attempts."""
    trials = run_of({"one": 1000.0, "two": 4000.0}, scenarios=("health", "quote"), blocks=5)
    slo = Slo(p99_ms=300.0, p50_ms=100.0, failures=0.001)
    held = [(one.scenario, one.target, one.limit.text, one.holding) for one in hold_slos({"quote": slo}, trials)]

    assert held == [
        ("quote", "one", "latency_p50_ms > 100", Holding.BROKEN),
        ("quote", "two", "latency_p50_ms > 100", Holding.KEPT),
        ("quote", "one", "latency_p99_ms > 300", Holding.BROKEN),
        ("quote", "two", "latency_p99_ms > 300", Holding.KEPT),
        ("quote", "one", "failure_share > 0.001", Holding.KEPT),
        ("quote", "two", "failure_share > 0.001", Holding.KEPT),
    ]
    assert hold_slos({}, trials) == ()


def test_a_baseline_of_a_scenario_is_what_its_ratios_are_to() -> None:
    """Where the plan's is not asked there."""
    trials = [*run_of({"a": 1000.0, "b": 2000.0}), *run_of({"b": 1000.0, "c": 3000.0}, scenarios=("quote",))]
    held = hold_limits(
        [read_limit("throughput_per_s < 0.9 * baseline")], trials, baseline="a", baselines={"quote": "c"}
    )

    assert {(one.scenario, one.target, one.beside) for one in held} == {("health", "b", "a"), ("quote", "b", "c")}
