"""What a trial costs beside its warm-up and its measuring, read from the journal of a real run."""

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Final

from controller.errors import LoadError
from controller.measure.trial import TrialResult
from controller.store.journal import read_trials

# Seconds that a trial may take beside warm-up and measuring.
MOST_FIXED_S: Final = 3.0
_PLAN: Final = "quick"
# The tables were written with these too: some trial failed, or is in doubt.
_TABLES_WRITTEN: Final = (0, 3, 10, 11)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialCost:
    """What one trial took beside warm-up and measuring, in seconds; startup_s of it until its target was ready."""

    order: int
    target: str
    scenario: str
    startup_s: float | None
    fixed_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FixedCost:
    """What the trials of a run cost beside their phases; there is at least one."""

    trials: tuple[TrialCost, ...]

    @property
    def median_s(self) -> float:
        """The middle one."""
        return median(trial.fixed_s for trial in self.trials)

    @property
    def greatest(self) -> TrialCost:
        """The trial that cost most."""
        return max(self.trials, key=lambda trial: trial.fixed_s)

    @property
    def reached(self) -> bool:
        """Whether even the greatest is within bounds."""
        return self.greatest.fixed_s <= MOST_FIXED_S


def run_quick_plan(project: Path, out: Path) -> Path:
    """Run the quick plan of a project and return the run's folder. Raises LoadError where that fails."""
    argv = [sys.executable, "-m", "controller", "run", _PLAN, "--out", str(out)]
    ended = subprocess.run(argv, cwd=project, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if ended.returncode not in _TABLES_WRITTEN:
        raise LoadError(f"expected the plan {_PLAN} to run, found status {ended.returncode}: {ended.stderr[-800:]}")
    return (out / "latest").resolve()


def fixed_cost(trials: Sequence[TrialResult]) -> FixedCost:
    """Return the fixed cost of trials in the order they ran. Raises LoadError without a whole one that has a next one.

    From one start to the next, without the phases: what lies between two trials is part of it, such as the
    target that stops, the journal, and sockets that the kernel still remembers.
    """
    costs = tuple(
        TrialCost(
            order=trial.order,
            target=trial.target,
            scenario=trial.scenario,
            startup_s=trial.startup_s,
            fixed_s=(_started(after) - _started(trial)).total_seconds() - trial.warmup_s - trial.duration_s,
        )
        for trial, after in pairwise(trials)
        if trial.ok and trial.warmup_s is not None and trial.duration_s is not None
    )
    if not costs:
        raise LoadError(f"expected a whole trial with one after it, found {len(trials)} trials")
    return FixedCost(trials=costs)


def _started(trial: TrialResult) -> datetime:
    return datetime.fromisoformat(trial.started_at)


def fixed_cost_of_run(folder: Path) -> FixedCost:
    """Return the fixed cost of a stored run's trials."""
    return fixed_cost(sorted(read_trials(folder), key=lambda trial: trial.order))
