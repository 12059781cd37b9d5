"""What a run says of itself while it runs, as plain lines: for pipes, logs and terminals that cannot redraw."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Final, Protocol

from controller.compare.findings import offered_text
from controller.load.watcher import Watcher
from controller.measure.trial import TOGETHER, TrialResult
from controller.measure.window import Phase
from controller.plan.cases import cases_of
from controller.plan.plan import Plan
from controller.plan.schedule import Trial
from controller.units import clock_text, counted, crossed_text, duration_text, rate_text

# A phase that takes long says every so many seconds that it is alive.
_LIFE_SIGN_S: Final = 10.0


class Progress(Watcher, Protocol):
    """A display of a run that the command line takes away at its end."""

    def stopping(self) -> None:
        """Note that the user asked to end; called from a signal handler, so it only notes."""

    def finished(self) -> None:
        """Take the display away; may be called twice."""


class PlainProgress:
    """One line for each thing that happened, without control characters."""

    def __init__(self, write: Callable[[str], None]) -> None:
        """Write lines through `write`; once it fails, nothing more is said."""
        self._write = write
        self._read = True
        self._said: set[str] = set()
        self._trial = self._place = ""
        self._next_sign_s = _LIFE_SIGN_S
        self._stopping = False

    def planned(self, plan: Plan, trials: Sequence[Trial], expected_s: float) -> None:
        """Say how much there is to do."""
        self._line(f"{size_text(plan, len(trials))}, about {clock_text(expected_s)}")
        for text in planned_texts(plan):
            self._line(text)

    def stage(self, text: str) -> None:
        """Say each thing once: what comes again with every trial is no news."""
        if text not in self._said:
            self._said.add(text)
            self._line(text)

    def trial_started(
        self, trial: Trial, order: int, done: int, total: int, left_s: float, again: bool = False
    ) -> None:
        """Remember which trial the lines to come are about."""
        name = f"{trial_name(trial)}, repeated" if again else trial_name(trial)
        self._trial = self._place = f"trial {done + 1:>{len(str(total))}} of {total}  {name}"
        self._next_sign_s = _LIFE_SIGN_S

    def step_started(self, step: int, rate_per_s: float) -> None:
        """Say at which rate a search goes on."""
        self._place = f"{self._trial}, {step_text(step, rate_per_s)}"
        self._next_sign_s = _LIFE_SIGN_S
        self._line(self._place)

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
        """Give a sign of life now and then."""
        if elapsed_s < 1.5:
            self._next_sign_s = _LIFE_SIGN_S
        if elapsed_s >= self._next_sign_s:
            self._next_sign_s += _LIFE_SIGN_S
            figures = figures_text(throughput_per_s, p99_ms, errors)
            self._line(f"{self._place}: {PHASE_WORDS[phase]} {elapsed_s:.0f} s  {figures}")

    def trial_ended(self, result: TrialResult, left_s: float) -> None:
        """Say what the trial came to, and how long the rest takes."""
        self._line(f"{self._trial}: {result_text(result)}  {clock_text(left_s)} left")

    def stopping(self) -> None:
        """Note it; the next line says it."""
        self._stopping = True

    def finished(self) -> None:
        """Leave nothing behind."""

    def _line(self, text: str) -> None:
        if self._stopping:
            self._stopping = False
            self._line(STOPPING_TEXT)
        if self._read:
            try:
                self._write(text)
            except OSError:
                # The run goes on: its tables are worth more than its progress.
                self._read = False


STOPPING_TEXT: Final = "ending this trial and keeping what was measured; Ctrl-C again aborts"
PHASE_WORDS: Final[Mapping[Phase, str]] = {
    Phase.WARMUP: "warming up",
    Phase.MEASURED: "measuring",
    Phase.DRAIN: "draining",
}


def trial_name(trial: Trial | TrialResult) -> str:
    """Return target, scenario and, where it is not the default, variant of a trial."""
    variant = trial.variant if isinstance(trial.variant, str) else trial.variant.label
    return " ".join((trial.target, trial.scenario, *(() if variant == "default" else (variant,))))


def size_text(plan: Plan, trials: int) -> str:
    """Return how many trials a plan has, and why."""
    cases = cases_of(plan)
    crossed = crossed_text(
        targets=len(plan.targets),
        variants=len(plan.variants),
        scenarios=len(plan.scenarios),
        cases=len(cases),
        cells=sum(len(case.targets) for case in cases),
    )
    return f"{plan.name}: {crossed} x {counted(plan.repeats, 'block')} = {counted(trials, 'trial')}"


def planned_texts(plan: Plan) -> list[str]:
    """Return what is to be said of a plan beside its size: arrivals of its own, and levels that are in no trial."""
    return [*open_texts(plan), *(f"left out: {text}" for text in plan.left_out)]


def open_texts(plan: Plan) -> list[str]:
    """Return what each scenario of a plan offers that has arrivals of its own, in each variant where that differs."""
    loads = [(case.scenario.name, case.scenario.load) for case in cases_of(plan)]
    return list(dict.fromkeys(f"{name}: {offered_text(load)}" for name, load in loads if load.model == "open"))


def step_text(step: int, rate_per_s: float) -> str:
    """Return which step of a search it is: "step 7: 3,200/s offered"."""
    return f"step {step}: {rate_text(rate_per_s)}/s offered"


def figures_text(throughput_per_s: float, p99_ms: float | None, errors: int) -> str:
    """Return the live figures of a trial."""
    p99 = "-" if p99_ms is None else duration_text(p99_ms)
    return f"{rate_text(throughput_per_s)}/s  p99 {p99}  errors {errors:,}"


def result_text(result: TrialResult) -> str:
    """Return what a trial came to: its figures with its doubts, or why it failed."""
    throughput, counts = result.throughput_per_s(TOGETHER), result.counts(TOGETHER)
    if result.ok and result.capacity is not None and result.capacity.per_s is None:
        return f"{result.capacity.slo}: {result.capacity.reason}"
    if not result.ok or throughput is None or counts is None:
        # A reason may quote lines of a log.
        return f"{result.outcome}: {' '.join(result.reason.split())}" if result.reason else result.outcome
    figures = figures_text(throughput, counts.latency_ms(99, 100), counts.failures)
    if result.capacity is not None:
        figures = f"holds {rate_text(result.capacity.per_s or 0)}/s with {result.capacity.slo}"
    return "  ".join((figures, *(f"doubt: {doubt.kind}" for doubt in result.doubts)))


def can_redraw(stream: IO[str] | None, environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether a stream is a terminal that can take back what it shows; None is one that was closed."""
    return stream is not None and stream.isatty() and environment.get("TERM", "dumb") not in {"dumb", "unknown", ""}
