"""What a trial's numbers say about themselves: bounds at their limits, and evidence that can be checked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.measure.doubt import Doubt, DoubtKind
from controller.measure.histogram import recorded
from controller.measure.judgement import (
    BUSY_FROM,
    GENERATOR,
    MOST_FAILURES,
    MOST_LAG_MS,
    SERVER,
    backlog_doubt,
    busy,
    contract_doubts,
    error_doubts,
    generator_doubt,
    lag_doubt,
    lost_doubts,
    script_doubts,
    shared_doubt,
    steadiness_doubts,
    unanswered_doubt,
)
from controller.measure.steady import Pace, WarmupEnd
from controller.measure.trial import Usage
from controller.measure.window import ANSWERED_WRONG, EndpointCounts

SHARES = st.dictionaries(st.sampled_from(["server", "generator", "proxy", "database"]), st.floats(0, 1.2))


def usage(cpu_s: float, busiest: float) -> Usage:
    """Return a party's use of so many CPU seconds."""
    return Usage(cpu_s=cpu_s, busiest=busiest, peak_rss_bytes=1)


def counts(samples: int, **errors: int) -> EndpointCounts:
    """Return so many right answers and errors."""
    return EndpointCounts(latency=recorded({100: samples} if samples else {}), errors=errors)


def paces(rates: list[float]) -> list[Pace]:
    """Return the paces of seconds of a closed load with so many requests each."""
    return [Pace(seconds=1.0, ended=round(rate), answered=round(rate)) for rate in rates]


def open_paces(*seconds: tuple[int, int]) -> list[Pace]:
    """Return the paces of seconds of an open load, as (planned, answered)."""
    return [Pace(seconds=1.0, ended=answered, answered=answered, planned=planned) for planned, answered in seconds]


def kinds(doubts: list[Doubt]) -> list[DoubtKind]:
    """Return what is doubted."""
    return [doubt.kind for doubt in doubts]


def test_a_party_is_as_busy_as_its_busiest_thread() -> None:
    """One thread at its limit is the limit, however idle the other cores are."""
    assert busy(usage(10.0, 0.97), seconds=10, cores=4) == 0.97


def test_threads_that_take_turns_are_seen_by_their_sum() -> None:
    """Two threads of half a core each, that hold one interpreter's lock in turn, fill the one core they have."""
    assert busy(usage(9.8, 0.5), seconds=10, cores=1) == pytest.approx(0.98)


@given(SHARES)
def test_a_saturated_generator_is_doubted_exactly_from_the_limit_on(shares: dict[str, float]) -> None:
    """From 85 % on the client may be what was measured; a generator that nobody looked at is not accused."""
    found = kinds(generator_doubt(shares))

    assert found == ([DoubtKind.GENERATOR_SATURATED] if shares.get(GENERATOR, 0) >= BUSY_FROM else [])


@pytest.mark.parametrize(
    ("server", "generator", "shared", "doubted"),
    [(0.5, 0.4, True, True), (0.5, 0.3, True, False), (0.5, 0.4, False, False), (0.0, 0.85, True, True)],
)
def test_a_shared_core_without_time_left_is_doubted(
    server: float, generator: float, shared: bool, doubted: bool
) -> None:
    """What counts is the two together, and only where they share."""
    doubts = shared_doubt({SERVER: server, GENERATOR: generator}, shared=shared)

    assert kinds(doubts) == ([DoubtKind.SHARED_CORES] if doubted else [])


def test_halves_that_differ_are_not_steady() -> None:
    """A rate that rises by 8 % did not settle, one that rises by 4 % did: its halves differ by 2 %."""
    rising, level = ([1000.0 + step * (second % 2 + second) for second in range(10)] for step in (8, 4))

    (doubt,) = steadiness_doubts(paces(rising), warmup_end=WarmupEnd.FIXED, in_flight=64)
    assert (doubt.kind, doubt.passing) == (DoubtKind.NOT_STEADY, True)
    assert doubt.evidence.startswith(
        "halves of the measured phase differ by 4.0%, limit 3%, which windows that scatter"
    )
    assert steadiness_doubts(paces(level), warmup_end=WarmupEnd.FIXED, in_flight=64) == []


def test_windows_that_only_scatter_are_steady() -> None:
    """Halves that differ by a fifth, for one window that stalled: noise, which the interval over trials shows."""
    assert (
        steadiness_doubts(paces([1000.0] * 7 + [0.0, 1000.0, 1000.0]), warmup_end=WarmupEnd.FIXED, in_flight=64) == []
    )


def test_chance_at_a_bound_is_no_drift() -> None:
    """With few slow answers the halves differ by what was in flight: that says nothing of the server."""
    rates = [10.0, 10.0, 11.0, 11.0, 12.0, 12.0]

    # 4 more came to an end in the second half.
    assert steadiness_doubts(paces(rates), warmup_end=WarmupEnd.FIXED, in_flight=4) == []
    assert kinds(steadiness_doubts(paces(rates), warmup_end=WarmupEnd.FIXED, in_flight=3)) == [DoubtKind.NOT_STEADY]


@pytest.mark.parametrize("rates", [[], [1000.0], [0.0, 0.0]])
def test_too_little_to_tell_is_no_doubt(rates: list[float]) -> None:
    """One window, or no answer at all, has no halves to compare."""
    assert steadiness_doubts(paces(rates), warmup_end=WarmupEnd.STEADY, in_flight=1) == []


def test_a_capped_warm_up_is_doubted_whatever_follows() -> None:
    """The warm-up did not come to rest by itself: said also where the halves are alike."""
    doubts = steadiness_doubts(paces([1000.0] * 4), warmup_end=WarmupEnd.CAPPED, in_flight=1)

    assert kinds(doubts) == [DoubtKind.WARMUP_CAPPED]


@given(samples=st.integers(0, 100_000), failures=st.integers(0, 300))
def test_errors_above_a_thousandth_are_doubted(samples: int, failures: int) -> None:
    """The share is that of all attempts; none at all is no error."""
    doubts = error_doubts({"/a": counts(samples, reset=failures) if failures else counts(samples)})

    attempts = samples + failures
    assert bool(doubts) == (attempts > 0 and failures / attempts > MOST_FAILURES)


def test_errors_are_named_by_kind_over_all_endpoints() -> None:
    """The evidence tells how many of how many, and of which kinds."""
    doubts = error_doubts({"/a": counts(900, reset=50), "/b": counts(0, reset=20, timeout=30)})

    assert [doubt.evidence for doubt in doubts] == ["10.00% of 1,000 requests failed: reset 70, timeout 30"]


@pytest.mark.parametrize("kind", sorted(ANSWERED_WRONG))
def test_one_wrong_answer_breaks_the_contract(kind: str) -> None:
    """However many were right, a wrong one is told, with the first that was found."""
    doubts = contract_doubts({kind: 1, "reset": 5}, messages={kind: ["/a: expected 1, found 2", "/a: more"]})

    assert kinds(doubts) == [DoubtKind.CONTRACT_BROKEN]
    assert doubts[0].evidence.endswith(f"{kind} 1; first: /a: expected 1, found 2")


def test_broken_connections_do_not_break_the_contract() -> None:
    """A time-out or a reset is no answer, so no wrong one."""
    assert contract_doubts({"timeout": 3, "reset": 5, "short_body": 1, "connect_refused": 1}, messages={}) == []


def test_attempts_that_are_not_in_the_windows_are_doubted() -> None:
    """What began must have come to an end somewhere; where a worker is lost that is said instead."""
    whole = {"workers_lost": 0, "windows_late": False, "begun": 10, "counted": 10}

    assert lost_doubts(**whole) == []
    assert [doubt.evidence for doubt in lost_doubts(**{**whole, "counted": 9})] == [
        "10 attempts began, 9 are in the windows"
    ]
    assert [doubt.evidence for doubt in lost_doubts(**{**whole, "workers_lost": 2, "counted": 9})] == ["2 workers lost"]
    assert [doubt.evidence for doubt in lost_doubts(**{**whole, "workers_lost": 1, "windows_late": True})] == [
        "1 worker lost; a worker heard of the measured phase too late"
    ]


def test_a_script_that_stumbles_is_doubted() -> None:
    """Exceptions of its tasks are counted with the first of them; users that had to be ended are told too."""
    assert script_doubts(exceptions=0, first="", cut_off=False) == []
    (doubt,) = script_doubts(exceptions=1, first="ValueError: no", cut_off=False)
    assert doubt == Doubt(DoubtKind.SCRIPT, "1 exception in tasks of the Locust file; ValueError: no")
    (doubt,) = script_doubts(exceptions=1_200, first="ValueError: no", cut_off=True)
    assert doubt.evidence.startswith("1,200 exceptions in tasks of the Locust file; ValueError: no; users")


def test_an_open_load_is_steady_where_answers_follow_arrivals() -> None:
    """Arrivals come and go by chance and by stages: what counts is how many of them are answered."""
    follows = open_paces((900, 900), (1100, 1100), (2000, 2000), (4000, 4000))
    slows_down = open_paces((1000, 1000), (1000, 990), (1000, 960), (1000, 920), (1000, 900), (1000, 880))

    assert steadiness_doubts(follows, warmup_end=WarmupEnd.FIXED, in_flight=64) == []
    assert kinds(steadiness_doubts(slows_down, warmup_end=WarmupEnd.FIXED, in_flight=64)) == [DoubtKind.NOT_STEADY]


def test_a_backlog_that_grows_is_doubted() -> None:
    """From the begin on only half of the arrivals are answered: steady in its way, and no rate that the server has."""
    behind = open_paces((1000, 500), (1000, 500), (1000, 500), (1000, 500))

    assert steadiness_doubts(behind, warmup_end=WarmupEnd.FIXED, in_flight=64) == []
    assert backlog_doubt(behind, in_flight=64) == [
        Doubt(DoubtKind.BEHIND, "by 2,000 of 4,000 arrivals in the measured phase, limit 3%")
    ]
    assert backlog_doubt(open_paces((100, 40), (100, 100)), in_flight=64) == []
    assert backlog_doubt(paces([1000.0] * 4), in_flight=1) == []


@given(late_us=st.integers(0, 3000), late=st.integers(1, 100))
def test_late_sends_are_doubted_from_one_in_a_hundred_on(late_us: int, late: int) -> None:
    """The generator's own lateness, at its 99th percentile; a closed load has none."""
    lag = recorded({0: 1000 - late, late_us: late} if late_us else {0: 1000})
    doubts = lag_doubt({"/a": EndpointCounts(latency=recorded({5: 1000}), lag=lag)})

    assert kinds(doubts) == ([DoubtKind.SENDS_LATE] if late > 10 and late_us > MOST_LAG_MS * 1000 else [])
    assert lag_doubt({"/a": counts(1000)}) == []


def test_arrivals_that_were_not_answered_are_told_with_what_they_reach() -> None:
    """How many of how many, and from which percentile on latency is only known to be no less."""
    given_up = EndpointCounts(
        latency=recorded({100: 9_940}),
        errors={"timeout": 50, "connect_timeout": 10, "reset": 5},
        lag=recorded({1: 10_005}),
        timeout_us=30_000_000,
    )

    assert [(doubt.kind, doubt.evidence) for doubt in unanswered_doubt({"/a": given_up})] == [
        (
            DoubtKind.NOT_ANSWERED,
            "60 of 10,000 arrivals not answered within 30 s: percentiles of latency above 99.4 are lower bounds",
        )
    ]
    assert given_up.latency_ms(994, 1000) == 0.1
    assert given_up.latency_ms(9941, 10_000) == 30_000.0
    assert unanswered_doubt({"/a": counts(100, timeout=5)}) == []
