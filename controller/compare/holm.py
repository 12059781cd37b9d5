"""Holm's correction: many comparisons at once, and still at most 5 % of such tables with any false verdict."""

from collections.abc import Sequence

ALPHA = 0.05


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p-values of one family, corrected: a comparison is certain where its own is at most ALPHA.

    Source: Holm 1979, "A simple sequentially rejective multiple test procedure", in its adjusted form.
    """
    corrected = [1.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        # A comparison cannot be more certain than one with a smaller p-value.
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = highest
    return corrected


def hurdles(p_values: Sequence[float]) -> list[float]:
    """Return, for each comparison of a family, the p-value that it has to reach as the others stand.

    Holm asks for ALPHA divided by the comparisons that are not certain yet, this one included.
    """
    certain = [p <= ALPHA for p in holm(p_values)]
    return [ALPHA / (certain.count(False) + one) for one in certain]
