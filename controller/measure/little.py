"""Little's law: what is in flight on average is the rate times the mean latency, whatever the server does."""

from collections.abc import Mapping, Sequence
from math import sqrt
from statistics import fmean, variance
from typing import Final

from controller.measure.chance import two_sided_p
from controller.measure.doubt import Doubt, DoubtKind
from controller.measure.drift import CHANCE
from controller.measure.window import EndpointCounts, merged_counts
from controller.units import US_PER_S

MOST_OFF: Final = 0.05
# Answers that began before the phase and ended in it, and the other way round, are this share of it at most.
LONGEST: Final = 0.01
# Latencies are whole microseconds, cut off.
_CUT_OFF_US: Final = 0.5


def little_doubt(
    measured: Mapping[str, EndpointCounts], *, seconds: float, in_flight: Sequence[int], most_failures: float
) -> list[Doubt]:
    """Return a doubt where requests in flight are not rate x mean latency, as they must be.

    in_flight is how many there were at the bounds of the measured windows, or the one number that a closed load
    holds. Not judged where the mean latency is above 1 % of the phase, or where more than most_failures failed: errors
    have no latency. Of numbers at bounds only what their scatter does not explain is told.
    Source: Little 1961, Operations Research 9.
    """
    counts = merged_counts(measured.values())
    if not counts.samples or not in_flight or counts.failures > most_failures * counts.attempts:
        return []
    mean_s = (counts.latency.sum_us / counts.samples + _CUT_OFF_US) / US_PER_S
    expected, found = counts.samples / seconds * mean_s, fmean(in_flight)
    off = abs(found - expected)
    if (
        mean_s > LONGEST * seconds
        or off <= MOST_OFF * expected
        or (len(in_flight) > 1 and _chance(in_flight, expected))
    ):
        return []
    evidence = (
        f"{found:,.1f} in flight, {expected:,.1f} by rate x mean latency: "
        f"{off / expected:.1%} off, limit {MOST_OFF:.0%}"
    )
    return [Doubt(DoubtKind.LITTLE, evidence)]


def _chance(in_flight: Sequence[int], expected: float) -> bool:
    """Return whether numbers looked at now and then may have this mean, by Student's t.

    They scatter as arrivals by chance do (Poisson) or more, and arrivals at even moments may stand one off each time.
    """
    error = sqrt(max(variance(in_flight), expected) / len(in_flight))
    off = abs(fmean(in_flight) - expected)
    return off <= 1 or two_sided_p(off / error, df=len(in_flight) - 1) >= CHANCE
