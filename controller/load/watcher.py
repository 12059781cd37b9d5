"""Who is shown how a run goes on, and how it is asked to end."""

from collections.abc import Sequence
from typing import Protocol

from controller.measure.trial import TrialResult
from controller.measure.window import Phase
from controller.plan.plan import Plan
from controller.plan.schedule import Trial


class Watcher(Protocol):
    """Hears of a run while it goes on; every call returns at once and none raises."""

    def planned(self, plan: Plan, trials: Sequence[Trial], expected_s: float) -> None:
        """Hear what is to be done, before it begins."""

    def stage(self, text: str) -> None:
        """Hear what is done beside trials."""

    def trial_started(
        self, trial: Trial, order: int, done: int, total: int, left_s: float, again: bool = False
    ) -> None:
        """Hear that a trial begins, or begins again for a doubt that may pass: then total has grown by it."""

    def step_started(self, step: int, rate_per_s: float) -> None:
        """Hear that a search for a capacity begins a step of its trial, at a rate."""

    def window(
        self,
        trial: Trial,
        phase: Phase,
        elapsed_s: float,
        phase_s: float | None,
        throughput_per_s: float,
        p99_ms: float | None,
        errors: int,
        generator_busy: float | None,
    ) -> None:
        """Hear of one window; elapsed_s and phase_s are seconds of its phase, phase_s None where nobody knows."""

    def trial_ended(self, result: TrialResult, left_s: float) -> None:
        """Hear what a trial came to."""


class StopRequest:
    """The user's wish that the trial under way is cut short and the run ends.

    heeded says whether anybody looks at it: from the first trial on, but not while targets are built and checked.
    """

    def __init__(self) -> None:
        self.asked = False
        self.heeded = False

    def request(self) -> None:
        """Ask for the end; safe in a signal handler."""
        self.asked = True
