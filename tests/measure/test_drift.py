"""Whether windows drift or only scatter: simulations with fixed seeds, and what is known without any."""

from collections.abc import Callable, Sequence
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.measure.drift import trend_of


def noise(random: Random, count: int, *, spread: float, alike: float = 0.0) -> list[float]:
    """Return so many deviations as shares; each resembles the one before by a correlation."""
    found, last = [], random.gauss(0, 1)
    for _ in range(count):
        found.append(spread * last)
        last = alike * last + (1 - alike**2) ** 0.5 * random.gauss(0, 1)
    return found


def told(made: Callable[[Random], Sequence[float]], *, phases: int, seed: int) -> int:
    """Return how many of so many phases are told to drift."""
    random = Random(seed)
    trends = [trend_of([1000 * (1 + share) for share in made(random)]) for _ in range(phases)]
    return sum(trend is not None and trend.drifts for trend in trends)


@pytest.mark.parametrize("windows", [3, 4, 6, 10, 20, 60])
def test_noise_is_hardly_ever_taken_for_drift(windows: int) -> None:
    """At a spread of 15 % a window the halves nearly always differ by more than 3 %: under 1 of 100 phases is told."""
    assert told(lambda random: noise(random, windows, spread=0.15), phases=2000, seed=windows) < 20


@pytest.mark.parametrize("windows", [10, 20, 60])
def test_noise_that_lasts_is_seldom_taken_for_drift(windows: int) -> None:
    """Where a window resembles its neighbour (0.3) chance alone would tell 3 to 6 of 100; corrected it is under 3."""
    made = 2000

    assert told(lambda random: noise(random, windows, spread=0.15, alike=0.3), phases=made, seed=windows) < 0.03 * made


@pytest.mark.parametrize(("windows", "least"), [(20, 70), (30, 90), (60, 98)])
@pytest.mark.parametrize("turn", [1, -1])
def test_a_drift_of_a_tenth_is_found(windows: int, least: int, turn: int) -> None:
    """A rate that rises or falls by 10 % over the phase, at a spread of 3 %, the more surely the longer the phase."""

    def drifting(random: Random) -> list[float]:
        scatter = noise(random, windows, spread=0.03)
        return [turn * 0.1 * (place / (windows - 1) - 0.5) + one for place, one in enumerate(scatter)]

    assert told(drifting, phases=100, seed=windows) >= least


def test_a_drift_within_the_limit_is_none_however_certain() -> None:
    """A rise by 4 % makes halves that differ by 2 %: sure, and small."""
    trend = trend_of([1000 + 40 * place / 29 for place in range(30)])

    assert trend is not None
    assert trend.p_value == pytest.approx(0, abs=1e-12)
    assert trend.drift == pytest.approx(0.02, abs=0.001)
    assert not trend.drifts


@given(st.lists(st.floats(1, 1e6), min_size=3, max_size=40), st.floats(0.01, 100))
def test_it_depends_neither_on_the_unit_nor_on_the_direction(rates: list[float], scale: float) -> None:
    """A server ten times as fast is judged alike; backwards only the sign of the drift turns."""
    trend, scaled, turned = trend_of(rates), trend_of([rate * scale for rate in rates]), trend_of(rates[::-1])

    assert trend is not None
    assert scaled is not None
    assert turned is not None
    assert scaled.drift == pytest.approx(trend.drift, abs=1e-6)
    assert turned.drift == pytest.approx(-trend.drift, abs=1e-6)
    assert scaled.spread == pytest.approx(trend.spread, abs=1e-6)
    assert turned.spread == pytest.approx(trend.spread, abs=1e-6)


@pytest.mark.parametrize("rates", [[], [1000.0], [0.0, 0.0]])
def test_too_little_has_no_trend(rates: list[float]) -> None:
    """One window, or no answer at all, has no halves to compare."""
    assert trend_of(rates) is None


def test_two_windows_have_a_difference_and_no_scatter() -> None:
    """What they would do around a line is not known, so nothing is told."""
    trend = trend_of([1000.0, 2000.0])

    assert trend is not None
    assert trend.drift == pytest.approx(2 / 3)
    assert (trend.spread, trend.p_value, trend.drifts) == (None, None, False)


def test_level_windows_are_certain_to_be_level() -> None:
    """Without any scatter there is neither drift nor division by it."""
    trend = trend_of([1000.0] * 10)

    assert trend is not None
    assert (trend.drift, trend.spread, trend.p_value) == (0.0, 0.0, 1.0)
