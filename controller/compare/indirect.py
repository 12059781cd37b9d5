"""Two targets that never met, through one that each of them was measured beside: the ratio of their ratios to it."""

from math import exp, hypot, log

from controller.compare.intervals import CONFIDENCE
from controller.compare.pairs import ONE_TRIAL, Difference, p_of_mean
from controller.compare.student import quantile


def indirect_difference(candidate: Difference, baseline: Difference) -> Difference:
    """Return how many times the baseline's ratio the candidate's is; each is paired, in its own run, to one target.

    What slows a whole run down is in both halves of its own ratio and cancels; what acts on one target in one run only
    does not, and no number of blocks shows it: the interval holds the spread within the runs and no more. blocks is
    how many pairs the shorter run has. Without a ratio on either side there is none, and without a spread no interval.
    Covers 0.93 to 0.97 with 3, 5 and 10 blocks in either run (simulated), 0.88 to 0.90 with 2 against 10.
    Source: the adjusted indirect comparison of Bucher et al. 1997 ("The results of direct and indirect treatment
    comparisons in meta-analysis of randomized controlled trials"): the logarithms are subtracted, their variances
    added. The runs have spreads and lengths of their own, so the t quantile is that of Welch 1947, with degrees of
    freedom after Satterthwaite 1946.
    """
    blocks = min(candidate.blocks, baseline.blocks)
    if candidate.ratio is None or baseline.ratio is None:
        return Difference(blocks=blocks, why_not=candidate.why_not if candidate.ratio is None else baseline.why_not)
    ratio = candidate.ratio / baseline.ratio
    if candidate.standard_error is None or baseline.standard_error is None:
        return Difference(blocks=blocks, ratio=ratio, why_not=ONE_TRIAL)
    standard_error = hypot(candidate.standard_error, baseline.standard_error)
    df = _welch_df(candidate, baseline)
    half = quantile((1 + CONFIDENCE) / 2, df=df) * standard_error
    return Difference(
        blocks=blocks,
        ratio=ratio,
        low=exp(log(ratio) - half),
        high=exp(log(ratio) + half),
        p_value=p_of_mean(log(ratio), standard_error=standard_error, df=df),
        standard_error=standard_error,
        df=df,
    )


def _welch_df(*sides: Difference) -> float:
    """Return the degrees of freedom of a difference of two means, between the least of both sides and their sum."""
    errors = [(side.standard_error or 0.0, side.df or 0.0) for side in sides]
    largest = max(error for error, _ in errors)
    if largest == 0:
        return sum(df for _, df in errors)
    # In units of the largest one, since a fourth power of what is tiny would vanish.
    shares = [((error / largest) ** 2, df) for error, df in errors]
    return float(sum(share for share, _ in shares) ** 2 / sum(share**2 / df for share, df in shares))
