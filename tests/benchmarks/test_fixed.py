"""The fixed cost of a trial is the time to the start of the next one without its phases."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from benchmarks.fixed import FixedCost, TrialCost, fixed_cost
from controller.errors import LoadError
from controller.measure.trial import FAILED, TrialResult


def trials(seconds: Sequence[float]) -> list[TrialResult]:
    """Return whole trials with 3 s of warm-up and 4 s measured that began at so many seconds past a minute."""
    return [
        TrialResult(
            trial=order,
            block=1,
            order=order,
            target="mine",
            variant="default",
            scenario="health",
            started_at=f"2026-11-23T06:59:{second:06.3f}Z",
            outcome="ok",
            warmup_s=3.0,
            duration_s=4.0,
        )
        for order, second in enumerate(seconds, start=1)
    ]


def test_what_is_no_phase_is_fixed_cost() -> None:
    """From start to start 9 s with phases of 7 s cost 2 s; the last trial has no next one."""
    cost = fixed_cost(trials([1.0, 10.0, 18.5, 29.0]))

    assert [trial.fixed_s for trial in cost.trials] == pytest.approx([2.0, 1.5, 3.5])
    assert [(trial.order, trial.target) for trial in cost.trials] == [(1, "mine"), (2, "mine"), (3, "mine")]


def test_the_greatest_decides() -> None:
    """One trial above the bound is a miss, however low the median is."""
    cost = fixed_cost(trials([1.0, 10.0, 18.5, 29.0]))

    assert (cost.median_s, cost.greatest.order, cost.reached) == (pytest.approx(2.0), 3, False)


def test_the_bound_itself_is_reached() -> None:
    """At most means up to and including."""
    trial = TrialCost(order=1, target="mine", scenario="health", startup_s=None, fixed_s=3.0)

    assert FixedCost(trials=(trial,)).reached


def test_a_trial_that_failed_has_no_phases_to_take_off() -> None:
    """Failed trials and those without phases are left out; the time to the next start after a whole one stays right."""
    ran = trials([0.0, 9.0, 20.0, 28.0])
    ran[1] = replace(ran[1], outcome=FAILED)
    ran[2] = replace(ran[2], warmup_s=None)

    assert [trial.fixed_s for trial in fixed_cost(ran).trials] == pytest.approx([2.0])


@pytest.mark.parametrize("count", [0, 1])
def test_one_trial_tells_nothing(count: int) -> None:
    """Without a next trial the fixed cost could not be measured, and that is said."""
    with pytest.raises(LoadError, match=f"found {count} trials"):
        fixed_cost(trials([1.0] * count))
