"""Histograms hold what was recorded: exactly in count, sum and extremes, within 1/128 in every quantile."""

import json
import math
from collections import Counter
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.measure.histogram import (
    Histogram,
    bucket_of,
    from_wire,
    merged,
    quantile_us,
    recorded,
    to_wire,
    upper_us,
)

MINUTE_US = 60_000_000
DURATIONS = st.dictionaries(st.integers(0, MINUTE_US), st.integers(1, 1000), max_size=40)
SAMPLES = st.lists(st.integers(1, MINUTE_US), min_size=1, max_size=300)
QUANTILES = [(50, 100), (90, 100), (95, 100), (99, 100), (999, 1000), (1, 1)]
# How durations of a trial may lie between 1 us and 60 s, drawn one by one.
SHAPES: dict[str, Callable[[Random], float]] = {
    "even in every octave": lambda random: math.exp(random.uniform(0, math.log(MINUTE_US))),
    "even in every microsecond": lambda random: random.uniform(1, MINUTE_US),
    "around 200 us with a long tail": lambda random: random.lognormvariate(math.log(200), 1.5),
    "fast, but one in fifty stalls": lambda random: random.uniform(1e6, 6e7) if random.random() < 0.02 else 150.0,
    "all the same": lambda _: 12_345.0,
    "1 us or 60 s": lambda random: random.choice([1.0, float(MINUTE_US)]),
}


def histogram_of(samples: list[int]) -> Histogram:
    """Return the histogram of single durations in microseconds."""
    return recorded({us: samples.count(us) for us in set(samples)})


@given(st.integers(0, MINUTE_US))
def test_a_bucket_holds_its_duration_within_a_128th(us: int) -> None:
    """The upper edge of a duration's bucket is never below it and at most 1/128 above."""
    assert us <= upper_us(bucket_of(us)) <= us * (1 + 1 / 128)


@given(st.integers(0, MINUTE_US))
def test_buckets_leave_no_gap(us: int) -> None:
    """The duration after a bucket's upper edge is in the next bucket."""
    bucket = bucket_of(us)

    assert bucket_of(upper_us(bucket)) == bucket
    assert bucket_of(upper_us(bucket) + 1) == bucket + 1


def exact_quantile_us(samples: list[int], part: int, of: int) -> int:
    """Return the quantile of the raw samples: the least that part out of `of` of them do not exceed."""
    return sorted(samples)[-(-len(samples) * part // of) - 1]


@given(SAMPLES, st.sampled_from([(1, 1000), (1, 2), (9, 10), (95, 100), (99, 100), (999, 1000), (1, 1)]))
def test_quantiles_are_those_of_the_raw_samples_within_a_128th(samples: list[int], quantile: tuple[int, int]) -> None:
    """From 1 us to 60 s, against the sorted samples themselves: never too low, at most 1/128 too high."""
    part, of = quantile
    exact = exact_quantile_us(samples, part, of)

    found = quantile_us(histogram_of(samples).counts, part, of)

    assert found is not None
    assert exact <= found <= exact * (1 + 1 / 128)


@pytest.mark.parametrize("shape", SHAPES)
def test_percentiles_of_a_trial_are_those_of_its_raw_samples_however_they_are_merged(shape: str) -> None:
    """50,000 durations in 40 windows that came as JSON, merged in three ways: the same, within 1/128 of the raw."""
    random = Random(shape)
    samples = [min(MINUTE_US, max(1, round(SHAPES[shape](random)))) for _ in range(50_000)]
    windows = [from_wire(json.loads(json.dumps(to_wire(recorded(Counter(samples[n::40])))))) for n in range(40)]
    shuffled = random.sample(windows, 40)

    whole = merged(windows)

    assert merged(shuffled) == whole
    assert merged(merged(shuffled[n::7]) for n in range(7)) == whole
    assert recorded(Counter(samples)) == whole
    for part, of in QUANTILES:
        exact, found_ms = exact_quantile_us(samples, part, of), whole.quantile_ms(part, of)
        assert found_ms is not None
        assert exact <= round(found_ms * 1000) <= exact * (1 + 1 / 128)
    assert whole.quantile_ms(1, 1) == max(samples) / 1000


@given(SAMPLES)
def test_the_greatest_is_exact_and_no_quantile_exceeds_it(samples: list[int]) -> None:
    """The maximum in milliseconds is the slowest sample's, not its bucket's."""
    assert histogram_of(samples).quantile_ms(1, 1) == max(samples) / 1000


@given(st.lists(DURATIONS, max_size=6), st.randoms())
def test_order_and_grouping_of_merging_do_not_matter(parts: list[dict[int, int]], random: Random) -> None:
    """Any order, any grouping: the same histogram."""
    histograms = [recorded(part) for part in parts]
    shuffled = random.sample(histograms, len(histograms))
    middle = random.randint(0, len(shuffled))

    assert merged(shuffled) == merged(histograms)
    assert merged([merged(shuffled[:middle]), merged(shuffled[middle:])]) == merged(histograms)


@pytest.mark.parametrize("seed", range(20))
def test_merging_workers_equals_recording_together(seed: int) -> None:
    """How samples are split over workers does not change what the master holds."""
    samples = Random(seed).choices(range(MINUTE_US), k=500)

    assert merged([histogram_of(samples[:200]), histogram_of(samples[200:])]) == histogram_of(samples)


@given(DURATIONS)
def test_nothing_is_lost_in_recording(durations: dict[int, int]) -> None:
    """Count, sum, least and greatest are exact."""
    histogram = recorded(durations)

    assert histogram.samples == sum(durations.values())
    assert histogram.sum_us == sum(us * n for us, n in durations.items())
    assert histogram.min_us == min(durations, default=None)
    assert histogram.max_us == max(durations, default=None)


@given(DURATIONS)
def test_a_histogram_survives_its_journey(durations: dict[int, int]) -> None:
    """What travels as JSON arrives as it was."""
    histogram = recorded(durations)

    assert from_wire(json.loads(json.dumps(to_wire(histogram)))) == histogram


def test_without_samples_no_quantile() -> None:
    """Unknown is None."""
    assert quantile_us({}, 1, 2) is None
    assert Histogram().quantile_ms(99, 100) is None
    assert merged([]) == Histogram()


@pytest.mark.parametrize(("part", "of"), [(0, 100), (-1, 100), (101, 100)])
def test_a_quantile_lies_within_its_whole(part: int, of: int) -> None:
    """No quantile of 0 or above 1."""
    with pytest.raises(ValueError, match="outside"):
        quantile_us({1: 1}, part, of)
