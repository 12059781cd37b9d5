"""Two targets side by side, paired by block: t on the logarithms of their ratios."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import exp, inf, sqrt
from statistics import fmean

from controller.compare.intervals import Interval, interval_of_logs, log_spread
from controller.compare.logratios import NO_ANSWERS, LogRatios, log_ratios
from controller.compare.power import detectable_effect
from controller.compare.student import two_sided_p

ONE_TRIAL = "one trial: no spread known"
_A_ZERO = "no ratio: 0 in a trial"


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

    @property
    def reason(self) -> str | None:
        """why_not where the values may be any numbers: a 0 among them need not be a trial without a right answer."""
        return _A_ZERO if self.why_not == NO_ANSWERS else self.why_not

    @property
    def half_width(self) -> float | None:
        """The interval's half-width as a share of the ratio; None where there is no interval."""
        return None if self.ratio is None else Interval(mean=self.ratio, low=self.low, high=self.high).half_width

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
    """Return the difference of two sets of values of 0 or more, each by block; see log_ratios() and difference_of()."""
    return difference_of(log_ratios(candidate, baseline))


def difference_of(ratios: LogRatios) -> Difference:
    """Return the difference that ratios by block show: t on their logarithms, the block as the unit.

    One block gives a ratio without interval.
    """
    if ratios.why_not is not None:
        return Difference(blocks=len(ratios.blocks), why_not=ratios.why_not)
    logs = list(ratios.logs.values())
    if len(logs) == 1:
        return Difference(blocks=1, ratio=exp(logs[0]), why_not=ONE_TRIAL)
    return _with_spread(logs)


def _with_spread(logs: list[float]) -> Difference:
    """Return the difference that two or more logarithms of ratios show."""
    interval = interval_of_logs(logs)
    standard_error, df = log_spread(logs) / sqrt(len(logs)), len(logs) - 1
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
