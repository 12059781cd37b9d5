"""Whether a step of a search kept its SLO, and whose fault it was where it did not."""

import pytest

from controller.measure.histogram import recorded
from controller.measure.step import Step, step_of
from controller.measure.window import EndpointCounts
from controller.plan.slo import Slo

SLO = Slo(p50_ms=2.0, p99_ms=20.0)


def judged(
    latencies_us: dict[int, int], *, slo: Slo = SLO, errors: dict[str, int] | None = None, lag_us: int = 0
) -> Step:
    """Return the step that had these latencies and errors, its arrivals taken up so late."""
    latency = recorded(latencies_us)
    lag = recorded({lag_us: latency.samples})
    counts = EndpointCounts(latency=latency, errors=errors or {}, lag=lag, timeout_us=1_000_000)
    return step_of(3, 200.0, counts=counts, duration_s=5.0, slo=slo)


def test_a_step_says_what_was_offered_and_answered() -> None:
    """Arrivals are offered, right answers are answered, and percentiles are those of the histogram."""
    step = judged({1_000: 990, 100_000: 10})

    assert (step.offered, step.answered, step.failures, step.kept) == (1000, 1000, 0, True)
    assert (step.latency_p50_ms, step.latency_p99_ms) == (pytest.approx(1, rel=1 / 128), pytest.approx(1, rel=1 / 128))
    assert step.latency_p999_ms == pytest.approx(100, rel=1 / 128)


def test_each_bound_that_is_missed_is_named() -> None:
    """With what was found and what was allowed."""
    assert judged({3_000: 900, 100_000: 100}).missed == (
        "p50 3.01 ms, at most 2 ms",
        "p99 100 ms, at most 20 ms",
    )


def test_arrivals_that_were_not_answered_rank_above_all_others() -> None:
    """Two of a hundred that were given up are beyond p99, of which nothing is known but that."""
    step = judged({1_000: 98}, errors={"timeout": 2}, slo=Slo(p99_ms=20.0, failures=0.5))

    assert (step.latency_p50_ms, step.latency_p99_ms) == (pytest.approx(1, rel=1 / 128), None)
    assert step.missed == ("p99 ≥ 1.00 s, at most 20 ms",)


@pytest.mark.parametrize(
    ("failures", "errors", "missed"),
    [
        (None, 1, ()),
        (None, 2, ("0.20 % failures, at most 0.10 %",)),
        (0.0, 1, ("0.10 % failures, at most 0.00 %",)),
        (0.01, 10, ()),
    ],
)
def test_failures_are_bounded_too(failures: float | None, errors: int, missed: tuple[str, ...]) -> None:
    """By what the SLO says, or else by one in a thousand."""
    slo = Slo(p99_ms=20.0, failures=failures)

    assert judged({1_000: 1000 - errors}, errors={"reset": errors}, slo=slo).missed == missed


def test_a_generator_that_was_late_is_said() -> None:
    """Half of a bound is enough for a doubt: the server may have kept what was left of it."""
    assert judged({1_000: 100}, lag_us=900).doubts == ()
    assert judged({3_000: 100}, lag_us=1_500).doubts == ("sends late: p50 1.50 ms",)


def test_a_step_without_arrivals_kept_nothing() -> None:
    """Nothing is known of it, and that is no success."""
    assert judged({}).missed == ("no arrival came to its end",)
