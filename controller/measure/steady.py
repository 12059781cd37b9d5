"""When a warm-up is over, and whether the measured phase was as steady as it should be."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import fsum
from typing import Final

from controller.measure.window import EndpointCounts

WINDOWS_JUDGED: Final = 10
STEADY_SLOPE: Final = 0.02
STEADY_HALVES: Final = 0.03
CAP_S: Final = 60.0


class WarmupEnd(StrEnum):
    """Why a warm-up ended; FIXED where plan or target give its length."""

    FIXED = "fixed"
    STEADY = "steady"
    CAPPED = "capped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Least:
    """The least warm-up of a target: seconds, and so many requests to each endpoint, whichever takes longer."""

    seconds: float = 0.0
    requests: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How fast a window went: requests that came to an end and those that were answered, in so many seconds.

    planned is how many arrivals fell into it in the open model, None in the closed one.
    """

    seconds: float
    ended: int
    answered: int
    planned: int | None = None

    @classmethod
    def of(cls, counts: EndpointCounts, *, seconds: float) -> "Pace":
        """Return the pace of a window with these counts of all that ended in it."""
        planned = None if counts.lag is None else counts.lag.samples
        return cls(seconds=seconds, ended=counts.attempts, answered=counts.answered, planned=planned)

    @property
    def rate(self) -> float:
        """What is to be steady: requests per second; in the open model answers per arrival, which comes and goes."""
        if self.planned is not None:
            return self.answered / self.planned if self.planned else 1.0
        return self.ended / self.seconds if self.seconds > 0 else 0.0


def warmup_end(
    rates: Sequence[float], *, least_s: float, cap_s: float = CAP_S, requests_left: int = 0, until_steady: bool = True
) -> WarmupEnd | None:
    """Return why a warm-up ends after these windows of one second (see Pace.rate), None while it goes on.

    STEADY after least_s, and no requests left of the least number, once the last 10 windows have a slope under 2 %;
    FIXED as soon as it may end at all where it need not be steady. CAPPED when that did not come by cap_s, or by
    least_s where that is later: a server's own least time is never cut short.
    """
    if len(rates) < least_s:
        return None
    if requests_left <= 0:
        if not until_steady:
            return WarmupEnd.FIXED
        slope = slope_share(rates[-WINDOWS_JUDGED:]) if len(rates) >= WINDOWS_JUDGED else None
        if slope is not None and abs(slope) < STEADY_SLOPE:
            return WarmupEnd.STEADY
    return WarmupEnd.CAPPED if len(rates) >= cap_s else None


def slope_share(rates: Sequence[float]) -> float | None:
    """Return how much rates rise over all their windows, as a share of their mean: 0.02 is 2 %.

    The slope is that of least squares over evenly spaced windows. None with fewer than two or a mean of 0.
    """
    mean = fsum(rates) / len(rates) if rates else 0.0
    if len(rates) < 2 or mean == 0:
        return None
    middle = (len(rates) - 1) / 2
    covariance = fsum((place - middle) * (rate - mean) for place, rate in enumerate(rates))
    variance = fsum((place - middle) ** 2 for place in range(len(rates)))
    return covariance / variance * len(rates) / mean


def halves_drift(rates: Sequence[float]) -> float | None:
    """Return by which share of their mean the second half of a phase lies above the first, below 0 where it is lower.

    The middle one of an odd number of windows belongs to neither. None with fewer than two windows or no answers.
    """
    half = len(rates) // 2
    first, second = fsum(rates[:half]), fsum(rates[len(rates) - half :])
    if half == 0 or first + second == 0:
        return None
    return (second - first) / ((first + second) / 2)
