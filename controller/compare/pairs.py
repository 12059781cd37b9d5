"""Two targets side by side, paired by block: t on the logarithms of their ratios."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import exp, inf, log, sqrt
from statistics import fmean, stdev

from controller.compare.intervals import log_t_interval
from controller.compare.power import detectable_effect
from controller.compare.student import two_sided_p
from controller.units import AtLeast

ONE_TRIAL = "one trial: no spread known"
NO_PAIR = "no block measured both"
NO_ANSWERS = "no ratio: a trial without a single right answer"
NOT_KNOWN = "no ratio: a trial whose arrivals were not all answered has only a lower bound"


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """How many times the baseline's value the candidate's is, over the blocks that have both.

    ratio is the geometric mean, low and high its plain 95 % interval, p_value that of no difference,
    standard_error that of the logarithm of the ratio, with df degrees of freedom. None where it cannot be known.
    """

    blocks: int
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    standard_error: float | None = None
    df: float | None = None
    why_not: str | None = None

    def detectable(self, *, alpha: float) -> float | None:
        """Return the difference, as a share, that would have been found with 80 % power; None without spread."""
        if self.standard_error is None or self.df is None:
            return None
        ratio = detectable_effect(self.standard_error, df=self.df, alpha=alpha)
        return None if ratio == inf else ratio - 1

    def turned(self) -> "Difference":
        """Return the same difference seen from the other side: the baseline over the candidate."""
        return replace(
            self,
            ratio=None if self.ratio is None else 1 / self.ratio,
            low=None if self.high is None else 1 / self.high,
            high=None if self.low is None else 1 / self.low,
        )


def paired_difference(candidate: Mapping[int, float], baseline: Mapping[int, float]) -> Difference:
    """Return the difference of two sets of values of 0 or more, each by block.

    Blocks that only one side has are left out. A value of 0 has no ratio, and leaving its block out would
    flatter who failed in it, so there is no ratio at all then; nor where a value is a
    lower bound. One block gives a ratio without interval.
    """
    blocks = sorted(candidate.keys() & baseline.keys())
    if not blocks:
        return Difference(blocks=0, why_not=NO_PAIR)
    if any(candidate[block] == 0 or baseline[block] == 0 for block in blocks):
        return Difference(blocks=len(blocks), why_not=NO_ANSWERS)
    if any(isinstance(side[block], AtLeast) for block in blocks for side in (candidate, baseline)):
        return Difference(blocks=len(blocks), why_not=NOT_KNOWN)
    logs = [log(candidate[block] / baseline[block]) for block in blocks]
    if len(logs) == 1:
        return Difference(blocks=1, ratio=exp(logs[0]), why_not=ONE_TRIAL)
    return _with_spread(logs)


def _with_spread(logs: list[float]) -> Difference:
    """Return the difference that two or more logarithms of ratios show."""
    interval = log_t_interval([exp(one) for one in logs])
    assert interval is not None  # there are values
    standard_error, df = stdev(logs) / sqrt(len(logs)), len(logs) - 1
    return Difference(
        blocks=len(logs),
        ratio=interval.mean,
        low=interval.low,
        high=interval.high,
        p_value=p_of_mean(fmean(logs), standard_error=standard_error, df=df),
        standard_error=standard_error,
        df=df,
    )


def p_of_mean(mean: float, *, standard_error: float, df: float) -> float:
    """Return the two-sided p-value of a mean; exactly equal ratios are certain, or certainly equal."""
    if standard_error == 0:
        return 1.0 if mean == 0 else 0.0
    return two_sided_p(mean / standard_error, df=df)
