"""What a trial says of itself: only what was measured."""

from dataclasses import replace

from hypothesis import given

from controller.measure.histogram import recorded
from controller.measure.trial import TOGETHER, TrialResult
from controller.measure.window import EndpointCounts, merged_counts
from tests.measure.samples import endpoints

TRIAL = TrialResult(
    trial=1, block=1, order=1, target="a", variant="default", scenario="s", started_at="", outcome="ok", duration_s=4.0
)


@given(endpoints())
def test_all_endpoints_together_are_their_sum(parts: dict[str, EndpointCounts]) -> None:
    """`*` is every endpoint merged; a trial without any has no counts."""
    together = replace(TRIAL, endpoints=parts).counts(TOGETHER)

    assert together == (merged_counts(parts.values()) if parts else None)


def test_throughput_counts_right_answers_only() -> None:
    """Errors are attempts but no throughput."""
    counts = EndpointCounts(latency=recorded({100: 8}), errors={"timeout": 4})
    trial = replace(TRIAL, endpoints={"/a": counts})

    assert trial.throughput_per_s("/a") == trial.throughput_per_s(TOGETHER) == 2.0


def test_what_was_not_measured_is_unknown() -> None:
    """No endpoint, no duration, a duration of 0: no throughput, never a zero."""
    measured = replace(TRIAL, endpoints={"/a": EndpointCounts(latency=recorded({100: 8}))})

    assert TRIAL.throughput_per_s(TOGETHER) is None
    assert measured.throughput_per_s("/b") is None
    assert replace(measured, duration_s=None).throughput_per_s("/a") is None
    assert replace(measured, duration_s=0.0).throughput_per_s("/a") is None


def test_only_ok_is_ok() -> None:
    """A trial that failed or was interrupted was not measured to its end."""
    assert TRIAL.ok
    assert not replace(TRIAL, outcome="failed").ok
    assert not replace(TRIAL, outcome="interrupted").ok
