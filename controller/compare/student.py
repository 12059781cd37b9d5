"""Student's t, central and noncentral: the one place that asks scipy, and only when a number is needed."""

from functools import lru_cache

# A report asks for the same few quantiles, one for each number of blocks and each hurdle of a family, again and again.
_remembered = lru_cache(maxsize=1_000)


@_remembered
def quantile(part: float, *, df: float) -> float:
    """Return the value that Student's t with `df` degrees of freedom does not exceed with probability `part`."""
    # Imported here: scipy takes a third of a second, and most commands never compare anything.
    from scipy.special import stdtrit

    return float(stdtrit(df, part))


def two_sided_p(t: float, *, df: float) -> float:
    """Return the probability that Student's t lies as far from 0 as `t`, on either side."""
    from scipy.special import stdtr

    return float(2 * stdtr(df, -abs(t)))


@_remembered
def noncentrality(power: float, *, critical: float, df: float) -> float:
    """Return how many standard errors an effect must have for t to exceed `critical` with probability `power`.

    The other tail is left out: at the powers of interest it holds less than one in a million.
    Source: noncentral t, as in Cohen 1988, chapter 2.
    """
    from scipy.special import nctdtrinc

    return float(nctdtrinc(df, 1 - power, critical))
