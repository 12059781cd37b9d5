"""What chance alone does: Student's t, without a package, since a trial is judged where none may be imported."""

from math import atan, cos, fsum, pi, sin, sqrt


def two_sided_p(t: float, *, df: int) -> float:
    """Return the probability that Student's t with df >= 1 degrees of freedom lies as far from 0 as t, on either side.

    Exact but for rounding. Source: Abramowitz and Stegun 1964, 26.7.3 and 26.7.4.
    """
    angle = atan(abs(t) / sqrt(df))
    odd = df % 2
    term = cos(angle) if odd else 1.0
    terms = [term] if df > 1 else []
    for place in range(2 + odd, df - 1, 2):
        term *= cos(angle) ** 2 * (place - 1) / place
        terms.append(term)
    inside = 2 / pi * (angle + sin(angle) * fsum(terms)) if odd else sin(angle) * fsum(terms)
    return min(1.0, max(0.0, 1 - inside))
