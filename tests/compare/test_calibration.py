"""Turns of generators become rows, and throughputs beside wrk's, paired by round."""

import pytest

from controller.measure.turn import ENGINE
from tests.factories.turns import GENERATOR_BOUND, IDLE, SERVER_BOUND, calibration_of, turn_of, turns_of


def test_ratios_are_paired_by_round() -> None:
    """A machine that gets slower from round to round moves no ratio, though it moves every number."""
    slower = [6_000.0, 3_000.0, 1_500.0]
    found = calibration_of([*turns_of("wrk", slower), *turns_of(ENGINE, [0.98 * one for one in slower])]).row(ENGINE)

    assert found is not None
    assert found.of_reference is not None
    assert (found.of_reference.ratio, found.of_reference.low, found.of_reference.high) == (pytest.approx(0.98),) * 3
    assert found.per_s.mean == pytest.approx(0.98 * 3_000.0)


def test_a_round_without_wrk_is_in_no_ratio() -> None:
    """What only one of two measured is left out of their ratio, not out of the row."""
    turns = [*turns_of("wrk", [6_000.0, 6_000.0]), *turns_of(ENGINE, [6_000.0, 6_000.0, 60.0])]
    found = calibration_of(turns).row(ENGINE)

    assert found is not None
    assert found.of_reference is not None
    assert (found.of_reference.blocks, found.of_reference.ratio) == (2, pytest.approx(1.0))
    assert (found.rounds, found.requests) == (3, 60_300)


def test_without_wrk_there_is_no_ratio() -> None:
    """A ratio to what was not measured is unknown."""
    (row,) = calibration_of(turns_of(ENGINE, [6_000.0, 6_100.0])).rows

    assert row.of_reference is None


def test_what_nobody_saw_is_unknown() -> None:
    """Latencies that are not told, and processes that cannot be seen, are None and never 0."""
    (row,) = calibration_of([turn_of("h2load", p50_ms=None, p99_ms=None, server_us=None, shares={})]).rows

    assert (row.p50_ms, row.p99_ms, row.server_us, row.bound) == (None, None, None, None)


def test_whole_milliseconds_stay_whole() -> None:
    """The middle of an even number of latencies is one that was told: ab's 4 and 5 ms never become 4.5."""
    (row,) = calibration_of([turn_of("ab", n, p50_ms=ms) for n, ms in enumerate((5.0, 4.0, 9.0, 3.0), 1)]).rows

    assert row.p50_ms == 4.0


@pytest.mark.parametrize(
    ("shares", "bound"), [(SERVER_BOUND, "server"), (GENERATOR_BOUND, "generator"), (IDLE, "none")]
)
def test_the_bound_is_that_of_the_middle_round(shares: dict[str, float], bound: str) -> None:
    """One round in which something else was busy changes nothing."""
    turns = [turn_of("wrk", number, shares=shares) for number in (1, 2)] + [turn_of("wrk", 3, shares=IDLE)]
    (row,) = calibration_of(turns).rows

    assert row.bound == bound


def test_costs_are_each_requests_share() -> None:
    """Microseconds of CPU a request, the generator's and the target's."""
    (row,) = calibration_of([turn_of("wrk", cpu_us=7.5, server_us=161.0)]).rows

    assert (row.generator_us, row.server_us) == (pytest.approx(7.5), pytest.approx(161.0))
