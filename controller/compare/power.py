"""Which difference so many blocks would have seen, or will see: 80 % power, paired t on logarithms."""

from math import exp, inf, sqrt

from controller.compare.holm import ALPHA
from controller.compare.student import noncentrality, quantile

POWER = 0.8
# How far trials of one target spread on a quiet machine: what a plan is judged by before it runs.
USUAL_SPREAD = 0.015


def detectable_pairs(log_sd: float, blocks: int, *, alpha: float = ALPHA) -> float | None:
    """Return the ratio above 1 that a paired t test finds with 80 % power; None below two blocks.

    log_sd is the standard deviation of the logarithms of paired ratios, taken as if it were known.
    Source: power of the paired t test by the noncentral t distribution (Cohen 1988, chapter 2).
    """
    if blocks < 2:
        return None
    return detectable_effect(log_sd / sqrt(blocks), df=blocks - 1, alpha=alpha)


def detectable_effect(standard_error: float, *, df: float, alpha: float = ALPHA) -> float:
    """Return the ratio above 1 that a t test finds with 80 % power, given the standard error of its logarithm.

    Infinity where nothing would be seen. Source: as detectable_pairs.
    """
    critical = quantile(1 - alpha / 2, df=df)
    effect = noncentrality(POWER, critical=critical, df=df) * standard_error
    # exp() of more overflows; so large a ratio says that nothing would be seen.
    return exp(effect) if effect < 700 else inf


def detectable_ratio(spread: float, blocks: int, *, comparisons: int = 1) -> float | None:
    """Return the ratio above 1 that so many blocks find with 80 % power; None below two blocks.

    spread is the standard deviation of the logarithm of one target's throughput over its trials; both
    sides of a pair have it. With several comparisons it is the ratio that the hardest of them needs.
    """
    return detectable_pairs(spread * sqrt(2), blocks, alpha=ALPHA / comparisons)
