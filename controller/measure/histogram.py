"""Log-linear histograms of microseconds that merge exactly.

Below 256 us each microsecond has a bucket of its own; above, every octave has 128 buckets,
so a bucket's upper edge is at most 1/128 above any value in it.
"""

import struct
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

_LINEAR_BELOW_US = 256
_OCTAVE_BITS = 7


def bucket_of(us: int) -> int:
    """Return the bucket that holds a duration of `us` microseconds (0 or more)."""
    if us < _LINEAR_BELOW_US:
        return us
    shift = us.bit_length() - _OCTAVE_BITS - 1
    return (shift << _OCTAVE_BITS) + (us >> shift)


def upper_us(bucket: int) -> int:
    """Return the largest duration, in microseconds, that falls into a bucket."""
    if bucket < _LINEAR_BELOW_US:
        return bucket
    shift = (bucket >> _OCTAVE_BITS) - 1
    mantissa = (bucket & ((1 << _OCTAVE_BITS) - 1)) | (1 << _OCTAVE_BITS)
    return ((mantissa + 1) << shift) - 1


def quantile_us(counts: Mapping[int, int], part: int, of: int) -> int | None:
    """Return the latency, in microseconds, that part out of `of` samples do not exceed.

    counts maps buckets (see bucket_of) to samples; p99.9 is quantile_us(counts, 999, 1000).
    The answer is a bucket's upper edge: at most 1/128 too high, never too low.
    Returns None without samples. Raises ValueError unless 0 < part <= of.
    Source: inverse of the empirical distribution (Hyndman and Fan 1996, definition 1).
    """
    if not 0 < part <= of:
        raise ValueError(f"quantile {part}/{of} is outside (0, 1]")
    # Integers only: ceil(n * 99.9 / 100) is one too high for some n.
    left = -(-sum(counts.values()) * part // of)
    for bucket in sorted(counts):
        left -= counts[bucket]
        if left <= 0 < counts[bucket]:
            return upper_us(bucket)
    return None


@dataclass(frozen=True, slots=True)
class Histogram:
    """Durations by bucket, with their exact sum, least and greatest in microseconds."""

    counts: Mapping[int, int] = field(default_factory=dict)
    sum_us: int = 0
    min_us: int | None = None
    max_us: int | None = None

    @property
    def samples(self) -> int:
        """How many durations it holds."""
        return sum(self.counts.values())

    def quantile_ms(self, part: int, of: int) -> float | None:
        """Return quantile_us in milliseconds; the greatest duration is exact, so no quantile exceeds it."""
        edge = quantile_us(self.counts, part, of)
        return None if edge is None or self.max_us is None else min(edge, self.max_us) / 1000


def recorded(durations: Mapping[int, int]) -> Histogram:
    """Return the histogram of durations in microseconds, given as duration -> how often."""
    counts: dict[int, int] = {}
    for us, n in durations.items():
        bucket = bucket_of(us)
        counts[bucket] = counts.get(bucket, 0) + n
    if not counts:
        return Histogram()
    return Histogram(counts, sum(us * n for us, n in durations.items()), min(durations), max(durations))


def merged(histograms: Iterable[Histogram]) -> Histogram:
    """Return all durations of several histograms in one; any order and grouping gives the same."""
    parts = [part for part in histograms if part.counts]
    counts: dict[int, int] = {}
    for part in parts:
        for bucket, n in part.counts.items():
            counts[bucket] = counts.get(bucket, 0) + n
    return Histogram(
        counts,
        sum(part.sum_us for part in parts),
        min((part.min_us for part in parts if part.min_us is not None), default=None),
        max((part.max_us for part in parts if part.max_us is not None), default=None),
    )


def to_wire(histogram: Histogram, *, packed: bool = False) -> list[Any]:
    """Return a histogram as plain lists and numbers: [[bucket, count, bucket, count, ...], sum, min, max].

    packed gives the first of them as bytes, four for each number, the lowest first: for messages alone, which a
    master of a thousand workers unpacks in half the time.
    """
    flat = [number for bucket in sorted(histogram.counts) for number in (bucket, histogram.counts[bucket])]
    counts = struct.pack(f"<{len(flat)}I", *flat) if packed else flat
    return [counts, histogram.sum_us, histogram.min_us, histogram.max_us]


def from_wire(wire: list[Any]) -> Histogram:
    """Return the histogram that to_wire gave."""
    return merged_from_wire([wire])


def merged_from_wire(wires: Iterable[list[Any]]) -> Histogram:
    """Return all durations of several histograms in one, as merged does, from what to_wire gave of each."""
    counts: dict[int, int] = defaultdict(int)
    total_us, least, greatest = 0, [], []
    for flat, sum_us, min_us, max_us in wires:
        if min_us is None:
            continue
        numbers = iter(struct.unpack(f"<{len(flat) // 4}I", flat) if isinstance(flat, bytes) else flat)
        for bucket, n in zip(numbers, numbers, strict=True):
            counts[bucket] += n
        total_us += sum_us
        least.append(min_us)
        greatest.append(max_us)
    return Histogram(dict(counts), total_us, min(least, default=None), max(greatest, default=None))
