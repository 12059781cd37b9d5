"""The exit status of a run: the first that applies."""

from pathlib import Path

import pytest

from controller.cli.outcome import outcome_text, status_of
from controller.compare.findings import findings
from controller.errors import FastServeError, LoadError, StackError, StoreError
from controller.report.outcome import RunOutcome


def outcome(
    *,
    interrupted: bool = False,
    ended_by: FastServeError | None = None,
    failed: int = 0,
    load: int = 0,
    doubted: int = 0,
    missed: int = 0,
) -> RunOutcome:
    """Return a run that came to this."""
    return RunOutcome(
        folder=Path("runs/small-1"),
        findings=findings([], run_id="small-1", baseline="one"),
        warnings=(),
        interrupted=interrupted,
        ended_by=ended_by,
        failed=failed,
        load_failed=load,
        doubted=doubted,
        missed=missed,
    )


@pytest.mark.parametrize(
    ("found", "status"),
    [
        (outcome(interrupted=True, failed=1, load=1, doubted=1, ended_by=StoreError("full")), 130),
        (outcome(failed=1, load=1, doubted=1, ended_by=StoreError("full")), 3),
        (outcome(load=1, doubted=1, ended_by=StackError("gone")), 3),
        (outcome(load=1, doubted=1, ended_by=StoreError("full")), 4),
        (outcome(doubted=1, ended_by=LoadError("lost")), 4),
        (outcome(doubted=1, ended_by=StoreError("full")), 5),
        (outcome(doubted=1, missed=1), 11),
        (outcome(missed=1), 10),
        (outcome(), 0),
    ],
)
def test_the_first_status_that_applies_wins(found: RunOutcome, status: int) -> None:
    """130, 3, 4, 5, 11, 10, 0, in this order, whatever else is true."""
    assert status_of(found) == status


@pytest.mark.parametrize(
    ("found", "status"),
    [(outcome(interrupted=True), 130), (outcome(failed=1), 3), (outcome(doubted=1), 11), (outcome(), 10)],
)
def test_a_missed_limit_comes_last(found: RunOutcome, status: int) -> None:
    """--fail-if is 10 where nothing weighs more."""
    assert status_of(found, limits_missed=True) == status


@pytest.mark.parametrize("found", [outcome(interrupted=True), outcome(ended_by=StoreError("full"))])
def test_a_run_that_ended_early_says_how_to_go_on(found: RunOutcome) -> None:
    """The last line has the folder to resume."""
    assert outcome_text(found).splitlines()[-1].startswith("ended early: --resume runs/small-1 ")


def test_a_whole_run_has_nothing_to_resume() -> None:
    """A run that came to its end by itself has no such line."""
    assert "--resume" not in outcome_text(outcome())
