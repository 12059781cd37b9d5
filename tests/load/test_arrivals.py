"""Planned sends: an absolute schedule that any number of workers share, evenly spaced or by chance, with stages."""

from fractions import Fraction
from itertools import islice, pairwise
from math import exp, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.load.job import Offered
from controller.load.wire.arrivals import Arrivals
from controller.plan.scenario import Stage

NS = 1_000_000_000
RATES = st.floats(0.5, 5000)
SPANS_S = st.floats(0.1, 20)
FIRST = st.builds(Stage, rate_per_s=RATES, duration_s=SPANS_S)
STAGES = st.tuples(
    FIRST, st.lists(st.builds(Stage, rate_per_s=RATES, duration_s=SPANS_S, ramp=st.booleans()), max_size=4)
).map(lambda parts: (parts[0], *parts[1]))
KINDS = st.sampled_from(["constant", "poisson"])


def constant(rate_per_s: float) -> tuple[Stage, ...]:
    """Return one rate without end."""
    return (Stage(rate_per_s=rate_per_s),)


def arrivals_of(
    stages: tuple[Stage, ...], kind: str = "constant", *, seed: int = 0, share: tuple[int, int] = (0, 1)
) -> Arrivals:
    """Return the arrivals of one worker."""
    return Arrivals(Offered(arrivals=kind, stages=stages), seed=seed, share=share)


def moments(arrivals: Arrivals, many: int) -> list[int]:
    """Take so many arrivals and return their planned sends, in nanoseconds from the start."""
    taken = []
    for _ in range(many):
        taken.append(arrivals.due_ns)
        arrivals.step()
    return taken


def until(arrivals: Arrivals, end_ns: int) -> list[int]:
    """Take all arrivals before a moment."""
    taken = []
    while arrivals.due_ns < end_ns:
        taken.append(arrivals.due_ns)
        arrivals.step()
    return taken


def integral(stages: tuple[Stage, ...], at_s: float) -> float:
    """Return how many arrivals a schedule plans up to a moment of its stages, by the trapezium of each."""
    arrivals, rate = 0.0, stages[0].rate_per_s
    for stage in stages:
        begin = rate if stage.ramp else stage.rate_per_s
        rate = stage.rate_per_s
        assert stage.duration_s is not None
        part_s = min(at_s, stage.duration_s)
        end = begin + (rate - begin) * part_s / stage.duration_s
        arrivals += part_s * (begin + end) / 2
        at_s -= part_s
    return arrivals + at_s * rate


@given(kind=KINDS, stages=STAGES, from_s=st.floats(0, 5), workers=st.integers(1, 7), seed=st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_all_workers_together_plan_what_one_would(
    kind: str, stages: tuple[Stage, ...], from_s: float, workers: int, seed: int
) -> None:
    """The union over any number of workers is the schedule of one, to the nanosecond."""
    alone = arrivals_of(stages, kind, seed=seed)
    alone.measure(from_s)
    whole = moments(alone, 350)

    shared = []
    for number in range(workers):
        one = arrivals_of(stages, kind, seed=seed, share=(number, workers))
        one.measure(from_s)
        shared.append(moments(one, len(range(number, 350, workers))))

    assert sorted(moment for part in shared for moment in part) == whole
    assert whole == sorted(whole)


@pytest.mark.parametrize("rate_per_s", [3.0, 0.1, 19_997.0, 333.3])
def test_even_arrivals_do_not_drift_in_a_day(rate_per_s: float) -> None:
    """After a day an arrival is where its number over the rate says, to the nanosecond; so is every one before."""
    numbers = [0, 1, 7, 1000, round(rate_per_s * 3600), round(rate_per_s * 86_400)]

    for number in numbers:
        # A worker's first arrival is the one of its own number.
        due_ns = arrivals_of(constant(rate_per_s), share=(number, number + 1)).due_ns if number < 10_000 else None
        if due_ns is None:
            lone = arrivals_of(constant(rate_per_s), share=(0, number))
            lone.step()
            due_ns = lone.due_ns
        assert abs(Fraction(due_ns) - Fraction(number) * NS / Fraction(rate_per_s)) <= 1


@given(stages=STAGES, from_s=st.floats(0, 5))
@settings(max_examples=60, deadline=None)
def test_stages_and_ramps_plan_as_many_as_their_rates_integrate_to(stages: tuple[Stage, ...], from_s: float) -> None:
    """At the time of the n-th even arrival the integral of the rate is n: in the warm-up, in stages, in ramps."""
    arrivals = arrivals_of(stages)
    arrivals.measure(from_s)

    for number, moment in enumerate(islice(moments(arrivals, 3000), 0, None, 37)):
        at_s = moment / NS
        rate = stages[0].rate_per_s
        planned = rate * at_s if at_s < from_s else rate * from_s + integral(stages, at_s - from_s)
        assert planned == pytest.approx(number * 37, rel=1e-6, abs=1e-4)


def test_a_ramp_is_even() -> None:
    """From 100/s to 300/s in 10 s: 2,000 arrivals, 125 of every 1,000 ... as the squares of the time say."""
    arrivals = arrivals_of((Stage(rate_per_s=100, duration_s=1), Stage(rate_per_s=300, duration_s=10, ramp=True)))
    arrivals.measure(0.0)
    planned = until(arrivals, 11 * NS)

    ramp = [moment - NS for moment in planned if moment >= NS]
    assert len(planned) == 2100
    seconds = [sum(second * NS <= moment < (second + 1) * NS for moment in ramp) for second in range(10)]
    assert all(abs(found - (110 + 20 * second)) <= 1 for second, found in enumerate(seconds))


def test_what_is_due_moves_with_stages_that_are_told_late() -> None:
    """An arrival that was already next when the phase became known is planned by the stages it lies in."""
    stages = (Stage(rate_per_s=0.1, duration_s=1), Stage(rate_per_s=1000, duration_s=1))
    arrivals = arrivals_of(stages)
    moments(arrivals, 2)
    assert arrivals.due_ns == 20 * NS

    arrivals.measure(12.0)

    # 1.3 arrivals by the end of the first stage, and the rest of the second one at 1,000/s.
    assert arrivals.due_ns == pytest.approx(13.0007 * NS, abs=1000)


@pytest.mark.parametrize("seed", range(10))
def test_poisson_arrivals_are_exponentially_apart(seed: int) -> None:
    """The distances of 20,000 arrivals pass the Kolmogorov-Smirnov test at 0.1 %, whole and of one worker in three.

    Seeds are fixed, so it passes always or never. Of a third of the arrivals every distance is the sum of three.
    """
    found = moments(arrivals_of(constant(1000.0), "poisson", seed=seed), 20_000)
    gaps = sorted((after - before) / NS * 1000 for before, after in pairwise(found))
    largest = max(abs((place + 0.5) / len(gaps) - (1 - exp(-gap))) for place, gap in enumerate(gaps))
    assert largest < 1.95 / sqrt(len(gaps))

    mine = moments(arrivals_of(constant(1000.0), "poisson", seed=seed, share=(1, 3)), 6000)
    sums = sorted((after - before) / NS * 1000 for before, after in pairwise(mine))
    # The distribution of the sum of three exponentials (Erlang).
    largest = max(
        abs((place + 0.5) / len(sums) - (1 - exp(-gap) * (1 + gap + gap * gap / 2))) for place, gap in enumerate(sums)
    )
    assert largest < 1.95 / sqrt(len(sums))


def test_another_seed_is_another_schedule() -> None:
    """Poisson arrivals are those of the seed: the same for the same one, others for another."""
    first, again, other = (moments(arrivals_of(constant(50.0), "poisson", seed=seed), 100) for seed in (1, 1, 2))

    assert first == again
    assert first != other
