"""Little's law as a check on ourselves: counts, latencies and requests in flight must fit together."""

from collections.abc import Sequence
from random import Random

import pytest

from controller.measure.doubt import Doubt
from controller.measure.histogram import recorded
from controller.measure.little import little_doubt
from controller.measure.window import EndpointCounts


def doubts(
    *, samples: int, latency_us: int, in_flight: Sequence[int], seconds: float = 10.0, failures: int = 0
) -> list[Doubt]:
    """Return what is doubted of so many answers that all took as long, give or take what the law allows."""
    counts = EndpointCounts(latency=recorded({latency_us: samples}), errors={"reset": failures} if failures else {})
    return little_doubt({"/a": counts}, seconds=seconds, in_flight=in_flight, most_failures=0.001)


def test_a_closed_load_that_holds_what_it_says_keeps_the_law() -> None:
    """64 in flight that take 6.4 ms each are 10,000 answers a second."""
    assert doubts(samples=100_000, latency_us=6_400, in_flight=[64]) == []
    assert doubts(samples=96_000, latency_us=6_400, in_flight=[64]) == []


@pytest.mark.parametrize("samples", [94_000, 107_000])
def test_more_or_fewer_answers_than_the_law_allows_are_doubted(samples: int) -> None:
    """Connections that pause between two requests, or latencies that leave out a part, do not add up."""
    (doubt,) = doubts(samples=samples, latency_us=6_400, in_flight=[64])

    assert doubt.evidence.startswith(f"64.0 in flight, {samples / 10 * 0.0064:,.1f} by rate x mean latency: ")
    assert doubt.evidence.endswith(" off, limit 5%")
    assert not doubt.passing


def test_the_law_is_not_asked_where_it_cannot_answer() -> None:
    """Slow answers reach over the ends of the phase, errors have no latency, and nothing is nothing."""
    assert doubts(samples=600, latency_us=200_000, in_flight=[64]) == []
    assert doubts(samples=90_000, latency_us=6_400, in_flight=[64], failures=200) == []
    assert doubts(samples=0, latency_us=1, in_flight=[64]) == []
    assert doubts(samples=90_000, latency_us=6_400, in_flight=[]) == []


def test_whole_microseconds_are_no_breach() -> None:
    """One request in flight of 8.9 us shows as 8 us: what is cut off is added on average."""
    assert doubts(samples=1_176_000, latency_us=8, in_flight=[1]) == []


def test_arrivals_by_chance_keep_the_law() -> None:
    """Of 300 open phases with few or many in flight hardly one is doubted: moments scatter as arrivals do."""
    random = Random(5)
    accused = 0
    for mean in (0.3, 3, 30):
        for _ in range(100):
            looks = [_poisson(random, mean) for _ in range(11)]
            accused += bool(doubts(samples=round(mean * 10 / 0.01), latency_us=10_000, in_flight=looks))

    assert accused <= 3


def _poisson(random: Random, mean: float) -> int:
    """Return a number that is Poisson distributed: how many arrivals fall into one unit of time."""
    left, count = random.expovariate(mean), 0
    while left < 1:
        left, count = left + random.expovariate(mean), count + 1
    return count


def test_arrivals_that_wait_longer_than_their_latency_says_are_doubted() -> None:
    """An open load with a thousand waiting at each second, of which latency knows only half."""
    looks = [1000 + 10 * n for n in range(-5, 6)]

    assert len(doubts(samples=100_000, latency_us=50_000, in_flight=looks)) == 1
    assert doubts(samples=100_000, latency_us=99_000, in_flight=looks) == []


def test_arrivals_at_even_moments_may_stand_one_off() -> None:
    """Looked at just as an arrival comes, a constant load always shows one, though none is there most of the time."""
    assert doubts(samples=10_000, latency_us=300, in_flight=[1] * 11) == []
