"""What a run came to: only what counts is in doubt."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from controller.measure.doubt import Doubt, DoubtKind
from controller.measure.trial import TrialResult
from controller.plan.reader import read_plan
from controller.plan.text import plan_toml
from controller.report.outcome import RunOutcome, write_outcome
from controller.report.stored import Shown
from controller.store.folder import RunContents, create_run_folder
from controller.store.journal import Journal
from tests.factories.trials import trial_of, windows_of
from tests.plan.given import SMALLEST, TARGETS

STOLEN = Doubt(DoubtKind.STOLEN, "core 0 was taken away")


def outcome_of(folder: Path, trials: Sequence[TrialResult]) -> RunOutcome:
    """Return what a run of these trials came to, from its journal."""
    (folder / "plan.toml").write_text(SMALLEST)
    plan = read_plan(folder / "plan.toml", targets=TARGETS, available=TARGETS)
    contents = RunContents(plan_toml=plan_toml(plan), planned=len(trials), builds={})
    run = create_run_folder(folder / "runs", "small", now=datetime(2026, 11, 23, tzinfo=UTC), contents=contents)
    with Journal(run.path) as journal:
        for trial in trials:
            for window in windows_of([trial]):
                journal.append_window(window, at="2026-11-23T06:00:00.000Z")
            journal.append_trial(trial)
    return write_outcome(run.path, shown=Shown(), interrupted=False, ended_by=None)


@pytest.mark.parametrize(("before", "after", "doubted"), [(True, False, 0), (False, True, 1), (True, True, 1)])
def test_a_repeat_decides_whether_a_trial_is_in_doubt(tmp_path: Path, before: bool, after: bool, doubted: int) -> None:
    """Of two trials of a cell and block the last one counts: one that it cured is no doubt, one it did not is one."""
    first = trial_of(trial=1, order=1, doubts=[STOLEN] if before else [])
    again = trial_of(trial=1, order=2, doubts=[STOLEN] if after else [])

    assert outcome_of(tmp_path, [first, again]).doubted == doubted


def test_a_doubt_about_several_trials_counts(tmp_path: Path) -> None:
    """No trial alone is in doubt, and the run is: its trials all drift."""
    trials = [replace(trial_of(trial=n, block=n), drift=0.05 + n / 1000) for n in range(1, 6)]
    found = outcome_of(tmp_path, trials)

    assert [one.kind for one in found.findings.distrusts] == [DoubtKind.DRIFTS]
    assert found.doubted == 1
