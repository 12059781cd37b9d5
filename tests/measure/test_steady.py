"""When a warm-up is over: laws over any sequence of rates, and the cases a user meets."""

from statistics import linear_regression

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.measure.steady import WarmupEnd, halves_drift, slope_share, warmup_end

RATES = st.lists(st.floats(0.1, 1e6), min_size=2, max_size=80)


@given(st.floats(0.1, 1e6), st.integers(0, 50))
def test_constant_rates_end_as_soon_as_they_may(rate: float, least: int) -> None:
    """Steady from the start: over once ten windows and the least warm-up are there, not before."""
    ends = max(10, least)

    assert warmup_end([rate] * (ends - 1), least_s=least) is None
    assert warmup_end([rate] * ends, least_s=least) is WarmupEnd.STEADY


@given(st.lists(st.floats(0, 1e6), max_size=80), st.floats(0, 90), st.floats(1, 60))
def test_a_warm_up_ends_by_its_cap_and_never_before_its_least(rates: list[float], least: float, cap: float) -> None:
    """Whatever the rates do: nothing ends it early, and the cap, or a longer least, always ends it."""
    end = warmup_end(rates, least_s=least, cap_s=cap)

    if len(rates) < least:
        assert end is None
    elif len(rates) >= cap:
        assert end is not None


@given(RATES, st.integers(0, 80), st.integers(-5, 5))
def test_a_warm_up_that_need_not_be_steady_ends_with_its_least(rates: list[float], least: int, left: int) -> None:
    """It is over as soon as the seconds have passed and no requests are left, however unsteady; else by the cap."""
    end = warmup_end(rates, least_s=least, requests_left=left, until_steady=False)

    if len(rates) >= least and left <= 0:
        assert end is WarmupEnd.FIXED
    else:
        assert end is (WarmupEnd.CAPPED if len(rates) >= max(least, 60) else None)


def test_requests_that_are_left_keep_a_steady_warm_up_going() -> None:
    """Ten even windows are not enough where a runtime has not yet compiled what is asked for."""
    assert warmup_end([5.0] * 20, least_s=3, requests_left=1) is None
    assert warmup_end([5.0] * 20, least_s=3, requests_left=0) is WarmupEnd.STEADY
    assert warmup_end([5.0] * 60, least_s=3, requests_left=1) is WarmupEnd.CAPPED


def test_rates_that_go_on_rising_are_capped() -> None:
    """A runtime that gets 3 % faster each second for a minute is not warm when the cap comes."""
    rates = [1000 * 1.03**second for second in range(60)]

    assert all(warmup_end(rates[:n], least_s=3) is None for n in range(60))
    assert warmup_end(rates, least_s=3) is WarmupEnd.CAPPED


def test_what_falls_is_no_more_steady_than_what_rises() -> None:
    """A server that gets slower is not warm either."""
    assert warmup_end([1000 - 10 * second for second in range(10)], least_s=0) is None


def test_a_slow_start_is_forgotten() -> None:
    """Only the last ten windows are judged."""
    assert warmup_end([1, 10, 100, 500, *[1000] * 9], least_s=0) is None
    assert warmup_end([1, 10, 100, 500, *[1000] * 10], least_s=0) is WarmupEnd.STEADY


def test_no_answers_are_not_steady() -> None:
    """A server that answers nothing never gets warm."""
    assert warmup_end([0.0] * 59, least_s=0) is None
    assert warmup_end([0.0] * 60, least_s=0) is WarmupEnd.CAPPED


@pytest.mark.parametrize(("rise", "end"), [(0.019, WarmupEnd.STEADY), (0.021, None)])
def test_two_percent_over_ten_windows_is_the_limit(rise: float, end: WarmupEnd | None) -> None:
    """The slope over the ten windows judged, as a share of their mean, decides."""
    rates = [1000 * (1 + rise * (second - 4.5) / 10) for second in range(10)]

    assert slope_share(rates) == pytest.approx(rise)
    assert warmup_end(rates, least_s=0) is end


@given(RATES)
def test_the_slope_is_that_of_least_squares(rates: list[float]) -> None:
    """It agrees with the standard library's regression."""
    slope = linear_regression(range(len(rates)), rates).slope

    assert slope_share(rates) == pytest.approx(slope * len(rates) ** 2 / sum(rates), abs=1e-6)


@given(RATES, st.floats(0.01, 100))
def test_judgement_does_not_depend_on_the_unit(rates: list[float], scale: float) -> None:
    """A server ten times as fast is judged alike."""
    scaled = [rate * scale for rate in rates]

    assert slope_share(scaled) == pytest.approx(slope_share(rates), abs=1e-6)
    assert halves_drift(scaled) == pytest.approx(halves_drift(rates), abs=1e-6)


@given(RATES)
def test_halves_drift_alike_in_both_directions(rates: list[float]) -> None:
    """Getting slower is as unsteady as getting faster, by at most 200 %: only the sign tells which."""
    drift, turned = halves_drift(rates), halves_drift(rates[::-1])

    assert drift is not None
    assert turned == pytest.approx(-drift)
    assert -2 <= drift <= 2


def test_halves_that_differ_by_so_much() -> None:
    """The difference is a share of the mean; the middle window of an odd number belongs to neither half."""
    assert halves_drift([98, 98, 102, 102]) == pytest.approx(0.04)
    assert halves_drift([102, 102, 98, 98]) == pytest.approx(-0.04)
    assert halves_drift([98, 98, 5000, 102, 102]) == pytest.approx(0.04)


@pytest.mark.parametrize("rates", [[], [1000.0], [0.0, 0.0]])
def test_halves_of_nothing_are_unknown(rates: list[float]) -> None:
    """Without two halves that hold answers there is no difference to speak of."""
    assert halves_drift(rates) is None
