"""The search for a capacity, against servers that are only arithmetic: nothing is sent here."""

from collections.abc import Callable
from math import log
from random import Random

import pytest

from controller.load.capacity import MOST_STEPS, RESOLUTION, capacity_of, next_rate, rounded
from controller.measure.step import Capacity, Step
from controller.plan.slo import Search

SEEDS = range(40)
SLO = "p99 <= 20 ms"


def step_of(steps: list[Step], rate_per_s: float, *, kept: bool, doubts: tuple[str, ...] = ()) -> Step:
    """Return the next step of a search with its verdict."""
    missed = () if kept else ("p99 31.0 ms, at most 20 ms",)
    offered = round(rate_per_s * 5)
    return Step(
        step=len(steps) + 1,
        rate_per_s=rate_per_s,
        duration_s=5.0,
        offered=offered,
        answered=offered,
        failures=0,
        missed=missed,
        doubts=doubts,
    )


FROM_100 = Search(from_per_s=100)


def searched(search: Search, keeps: Callable[[float], bool], *, seed: str = "0") -> tuple[Capacity, list[Step]]:
    """Search a server that says of each rate whether it keeps the SLO; return what was found and every step."""
    steps: list[Step] = []
    while (rate_per_s := next_rate(search, steps, seed=seed)) is not None:
        steps.append(step_of(steps, rate_per_s, kept=keeps(rate_per_s)))
    return capacity_of(search, steps, slo=SLO), steps


@pytest.mark.parametrize("seed", SEEDS)
def test_a_threshold_is_found_within_the_resolution(seed: int) -> None:
    """Wherever a server's limit lies, the two ends enclose it, 2 % apart, after few steps."""
    limit_per_s = 100 * 10 ** Random(seed).uniform(0, 4)
    found, steps = searched(FROM_100, lambda rate: rate <= limit_per_s, seed=str(seed))

    assert found.per_s is not None
    assert found.high_per_s is not None
    assert found.low_per_s == found.per_s <= limit_per_s < found.high_per_s <= found.per_s * RESOLUTION
    assert 1 <= limit_per_s / found.per_s <= 1.03
    assert len(steps) <= 13 + 2 + 2 * 8


@pytest.mark.parametrize("seed", SEEDS)
def test_a_stall_now_and_then_does_not_decide(seed: int) -> None:
    """One step in twelve misses whatever its rate: the limit is still found, since a miss is asked again."""
    limit_per_s, random = 2_000.0, Random(seed)
    found, steps = searched(FROM_100, lambda rate: rate <= limit_per_s and random.random() > 1 / 12, seed=str(seed))
    wrong = [step for step in steps if not step.kept and step.rate_per_s <= limit_per_s]
    twice = [step for step in wrong if [one.rate_per_s for one in wrong].count(step.rate_per_s) > 1]

    assert found.per_s is not None
    if not twice:
        assert limit_per_s / 1.03 <= found.per_s <= limit_per_s


@pytest.mark.parametrize("seed", SEEDS)
def test_a_soft_threshold_is_found_where_it_is_soft(seed: int) -> None:
    """Where a step near the limit is a matter of luck, the answer lies in that band."""
    random = Random(seed)
    found, _ = searched(FROM_100, lambda rate: rate < random.uniform(1_980, 2_020), seed=str(seed))

    assert found.per_s is not None
    assert 2_000 / 1.03 <= found.per_s <= 2_000 * 1.03


@pytest.mark.parametrize("arrivals", ["constant", "poisson"])
@pytest.mark.parametrize("limit_per_s", [500.0, 2_000.0, 10_000.0])
def test_a_queue_is_found_where_arithmetic_puts_it(limit_per_s: float, arrivals: str) -> None:
    """One server that takes 1/limit for each answer.

    Constant arrivals are kept until they overtake it. Poisson arrivals wait before that: p99 of the wait in an
    M/D/1 queue is about ln(100) / (2 (1 - rho) limit) (heavy traffic), so a bound on it is reached at a known rho.
    """
    bound_s, seconds = 20 / limit_per_s, (20_000 if arrivals == "constant" else 200_000) / limit_per_s
    random = Random(7)
    found, _ = searched(
        FROM_100,
        lambda rate: p99_of_queue(rate, limit_per_s, seconds, random if arrivals == "poisson" else None) <= bound_s,
    )
    expected_per_s = limit_per_s * (1 - log(100) / (2 * bound_s * limit_per_s) if arrivals == "poisson" else 1)

    assert found.per_s is not None
    assert 1 / 1.03 <= found.per_s / expected_per_s <= 1.03


def p99_of_queue(rate_per_s: float, limit_per_s: float, seconds: float, random: Random | None) -> float:
    """Return the wait that 99 of 100 arrivals do not exceed, of a queue that is served at a limit."""
    at_s, free_s, waits = 0.0, 0.0, []
    while at_s < seconds:
        at_s += random.expovariate(rate_per_s) if random else 1 / rate_per_s
        free_s = max(free_s, at_s)
        waits.append(free_s - at_s)
        free_s += 1 / limit_per_s
    return sorted(waits)[len(waits) * 99 // 100]


def test_every_miss_at_first_is_asked_again_and_both_are_kept() -> None:
    """A rate bounds the search from above after its second miss; one that is kept then goes on growing."""
    misses = iter([True, True, False, True, *[True] * 99])
    _, steps = searched(Search(from_per_s=100, to_per_s=800), lambda _: next(misses))

    assert [(step.rate_per_s, step.kept) for step in steps] == [
        (100, True),
        (200, True),
        (400, False),
        (400, True),
        (800, True),
    ]


def test_a_rate_that_missed_once_is_no_sure_one() -> None:
    """The low end of the answer is the highest rate that was kept each time."""
    misses = iter([True, True, False, True, False, False, *[False] * 99])
    found, _ = searched(FROM_100, lambda _: next(misses))

    assert (found.per_s, found.low_per_s, found.step) == (400, 200, 4)


def test_a_first_rate_that_misses_is_halved_before_the_search_gives_up() -> None:
    """A server below from_per_s is found as long as an eighth of it is kept; below that nothing is known."""
    found, _ = searched(FROM_100, lambda rate: rate <= 30)
    assert found.per_s is not None
    assert 30 / 1.03 <= found.per_s <= 30

    unknown, steps = searched(FROM_100, lambda _: False)
    assert (unknown.per_s, unknown.low_per_s, unknown.step, unknown.high_per_s) == (None, None, None, 12.5)
    assert unknown.reason == "missed even at 12.5/s: p99 31.0 ms, at most 20 ms"
    assert [step.rate_per_s for step in steps] == [100, 100, 50, 50, 25, 25, 12.5, 12.5]


def test_a_server_beyond_the_last_rate_has_no_upper_end() -> None:
    """Where to_per_s is kept, the answer is that and its high end unknown."""
    found, steps = searched(Search(from_per_s=100, to_per_s=1_000), lambda _: True)

    assert (found.per_s, found.high_per_s, found.reason) == (1_000, None, "kept up to the 1,000/s of to_per_s")
    assert [step.rate_per_s for step in steps] == [100, 200, 400, 800, 1_000]


def test_a_generator_that_is_late_ends_the_search() -> None:
    """A miss while the generator was late says nothing of the server: what was kept before stands as a lower bound."""
    search, steps = FROM_100, [step_of([], 100, kept=True)]
    steps.append(step_of(steps, 200, kept=False, doubts=("sends late",)))
    assert next_rate(search, steps, seed="0") == 200
    steps.append(step_of(steps, 200, kept=False, doubts=("sends late",)))

    assert next_rate(search, steps, seed="0") is None
    found = capacity_of(search, steps, slo=SLO)
    assert (found.per_s, found.high_per_s, found.reason) == (100, None, "the generator was late at higher rates")


def test_a_search_that_was_cut_short_says_what_it_has() -> None:
    """Ctrl-C in the middle of a search, and before its first step ended."""
    steps = [step_of([], 100, kept=True)]

    assert capacity_of(FROM_100, steps, slo=SLO) == Capacity(
        slo=SLO, per_s=100, low_per_s=100, step=1, reason="the search was cut short"
    )
    assert capacity_of(FROM_100, [], slo=SLO) == Capacity(slo=SLO, reason="no step came to its end")


@pytest.mark.parametrize("seed", SEEDS)
def test_no_server_keeps_a_search_busy_for_ever(seed: int) -> None:
    """Whatever answers come, a search ends, and its rates stay within its bounds."""
    random = Random(seed)
    found, steps = searched(Search(from_per_s=3, to_per_s=7e6), lambda _: random.random() < seed / 40, seed=str(seed))

    assert len(steps) < MOST_STEPS
    assert all(3 / 8 <= step.rate_per_s <= 7e6 for step in steps)
    assert (found.per_s is None) is (found.step is None)


def test_trials_cut_gaps_at_different_places() -> None:
    """Two seeds find a limit from different rates, so that equal servers do not look exactly equal."""
    ends = {searched(FROM_100, lambda rate: rate <= 2_000, seed=str(seed))[0].per_s for seed in SEEDS}

    assert len(ends) > 20


@pytest.mark.parametrize(("rate", "said"), [(1234.56, 1235), (0.123456, 0.1235), (99_999.9, 100_000), (7.0, 7.0)])
def test_rates_have_four_digits(rate: float, said: float) -> None:
    """A rate is a number that people can say."""
    assert rounded(rate) == said
