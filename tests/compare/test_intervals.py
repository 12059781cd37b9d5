"""The interval of a geometric mean: right as often as it says."""

from math import exp
from random import Random

import pytest

from controller.compare.intervals import Interval, log_t_interval


@pytest.mark.parametrize("trials", [3, 5, 10])
def test_intervals_cover_the_truth(trials: int) -> None:
    """Of 1,000 intervals from so many trials, 93 to 97 % hold the true throughput."""
    random = Random(trials)
    found = [log_t_interval([5000 * exp(random.gauss(0, 0.03)) for _ in range(trials)]) for _ in range(1000)]

    covering = sum(one.low <= 5000 <= one.high for one in found)

    assert 930 <= covering <= 970


def test_one_value_has_no_interval() -> None:
    """The mean of one value is the value; no spread is known."""
    assert log_t_interval([123.4]) == Interval(mean=123.4)
    assert log_t_interval([123.4]).half_width is None


def test_no_values_have_no_mean() -> None:
    """Nothing measured is nothing known."""
    assert log_t_interval([]) is None


def test_a_zero_makes_the_geometric_mean_zero() -> None:
    """It is known, and it has no interval."""
    assert log_t_interval([0.0, 100.0, 200.0]) == Interval(mean=0.0)


def test_a_value_below_zero_is_a_mistake() -> None:
    """There is no such throughput."""
    with pytest.raises(ValueError, match="below 0"):
        log_t_interval([-1.0, 2.0])


def test_the_unit_does_not_matter() -> None:
    """Ten times the values give ten times the interval."""
    values = [90.0, 100.0, 130.0]
    small, large = log_t_interval(values), log_t_interval([10 * value for value in values])

    assert (large.mean, large.low, large.high) == pytest.approx((10 * small.mean, 10 * small.low, 10 * small.high))
    assert large.half_width == pytest.approx(small.half_width)


def test_a_known_interval() -> None:
    """The textbook's numbers: logarithms 0, 1, 2 have the mean 1 and the half-width 4.3027 / sqrt(3)."""
    found = log_t_interval([1.0, exp(1), exp(2)])

    assert found.mean == pytest.approx(exp(1))
    assert found.high == pytest.approx(exp(1 + 4.30265 / 3**0.5), rel=1e-5)
