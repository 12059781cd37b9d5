"""Student's t without a package: held against scipy's, and against its own laws."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.compare.student import two_sided_p as by_scipy
from controller.measure.chance import two_sided_p


@given(st.floats(-100, 100), st.integers(1, 300))
def test_it_is_students_t(t: float, df: int) -> None:
    """Whatever the value and the degrees of freedom, odd and even ones: scipy says the same."""
    assert two_sided_p(t, df=df) == pytest.approx(by_scipy(t, df=df), abs=1e-12)


@pytest.mark.parametrize("df", [1, 2, 7])
def test_the_ends_are_certain(df: int) -> None:
    """No distance at all is no evidence; an infinite one leaves no chance."""
    assert two_sided_p(0.0, df=df) == 1.0
    assert two_sided_p(inf, df=df) == pytest.approx(0.0, abs=1e-12)
