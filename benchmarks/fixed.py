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
class FixedCost:
    """Seconds beside warm-up and measuring of all trials but the last: the median and the greatest."""

    trials: int
    median_s: float
    greatest_s: float

    @property
    def reached(self) -> bool:
        """Whether even the greatest is within bounds."""
        return self.greatest_s <= MOST_FIXED_S


def run_quick_plan(project: Path, out: Path) -> Path:
    """Run the quick plan of a project and return the run's folder. Raises LoadError where that fails."""
    argv = [sys.executable, "-m", "controller", "run", _PLAN, "--out", str(out)]
    ended = subprocess.run(argv, cwd=project, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if ended.returncode not in _TABLES_WRITTEN:
        raise LoadError(f"expected the plan {_PLAN} to run, found status {ended.returncode}: {ended.stderr[-800:]}")
    return (out / "latest").resolve()


def fixed_cost(trials: Sequence[TrialResult]) -> FixedCost:
    """Return the fixed cost of trials in the order they ran. Raises LoadError with fewer than two whole ones."""
    costs_s = fixed_costs_s(trials)
    if not costs_s:
        raise LoadError(f"expected two whole trials one after the other, found {len(trials)} trials")
    return FixedCost(trials=len(costs_s), median_s=median(costs_s), greatest_s=max(costs_s))


def fixed_costs_s(trials: Sequence[TrialResult]) -> list[float]:
    """Return, for each whole trial with one after it, the time from start to start without its phases, in seconds.

    What lies between two trials is part of it: the sockets that drain, the target that stops, the journal.
    """
    return [
        (_started(after) - _started(trial)).total_seconds() - trial.warmup_s - trial.duration_s
        for trial, after in pairwise(trials)
        if trial.ok and trial.warmup_s is not None and trial.duration_s is not None
    ]


def _started(trial: TrialResult) -> datetime:
    return datetime.fromisoformat(trial.started_at)


def fixed_cost_of_run(folder: Path) -> FixedCost:
    """Return the fixed cost of a stored run's trials."""
    return fixed_cost(sorted(read_trials(folder), key=lambda trial: trial.order))
