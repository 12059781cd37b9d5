"""What a run says of itself while it runs, redrawn in place on a terminal."""

from collections.abc import Sequence
from typing import IO, Final

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from controller.cli.progress import (
    PHASE_WORDS,
    STOPPING_TEXT,
    figures_text,
    planned_texts,
    result_text,
    size_text,
    step_text,
    trial_name,
)
from controller.measure.trial import TOGETHER, TrialResult
from controller.measure.window import Phase
from controller.plan.plan import Plan
from controller.plan.schedule import Trial
from controller.units import clock_text, counted, rate_text

_WIDTH: Final = 100
_LEAST_WIDTH: Final = 50
_BAR_CELLS: Final = 20
_GAP: Final = "   "


class LiveProgress:
    """Three lines that stay in place: where the run is, what it does now, what came out so far."""

    def __init__(self, stream: IO[str]) -> None:
        """Draw on a stream that is a terminal."""
        self._console = Console(file=stream, highlight=False)
        # Redrawn when something happens, once a second: a thread for it would take time from the run.
        self._live = Live(console=self._console, auto_refresh=False, transient=True)
        self._plan_name = ""
        self._blocks = 0
        self._place = ""
        self._step = ""
        self._count = ""
        self._now = ""
        self._done: dict[str, str] = {}
        self._stopping = False

    def planned(self, plan: Plan, trials: Sequence[Trial], expected_s: float) -> None:
        """Say how much there is to do, and begin to draw."""
        self._plan_name, self._blocks = plan.name, plan.repeats
        self._console.print(f"{size_text(plan, len(trials))}, about {clock_text(expected_s)}", markup=False)
        for text in planned_texts(plan):
            self._console.print(text, markup=False)
        self._live.start()

    def stage(self, text: str) -> None:
        """Show it as what is being done now."""
        self._now = text
        self._draw()

    def trial_started(
        self, trial: Trial, order: int, done: int, total: int, left_s: float, again: bool = False
    ) -> None:
        """Show which trial it is, and how much is left."""
        self._step = ""
        again_text = ("repeated",) if again else ()
        self._place = " · ".join((trial_name(trial), f"block {trial.block} of {self._blocks}", *again_text))
        self._count = f"trial {done + 1} of {total}{_GAP}{clock_text(left_s)} left"
        self._draw()

    def step_started(self, step: int, rate_per_s: float) -> None:
        """Show which step of a search it is, before the figures of each of its seconds."""
        self._step = f"{step_text(step, rate_per_s)}  "
        self._now = self._step
        self._draw()

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
        """Show one second of load."""
        busy = "" if generator_busy is None else f"{_GAP}generator {generator_busy:.0%} busy".replace("%", " %")
        figures = figures_text(throughput_per_s, p99_ms, errors).replace("  ", _GAP) + busy
        word = f"{PHASE_WORDS[phase]:<11}"
        if phase_s is None:
            self._now = f"{self._step}{word}{elapsed_s:.0f} s  {figures}"
        else:
            clock = f"{word}{phase_s:.0f} s "
            # On a narrow terminal the bar gives way, not the figures.
            cells = min(_BAR_CELLS, self._width - len(f"  {clock}  {figures}"))
            self._now = f"{clock}{bar_text(elapsed_s / phase_s, cells)}  {figures}"
        self._draw()

    def trial_ended(self, result: TrialResult, left_s: float) -> None:
        """Keep the last figure of each target and scenario in view; what went wrong stays above."""
        throughput = result.throughput_per_s(TOGETHER)
        name = trial_name(result)
        if not result.ok or result.doubts:
            self._console.print(f"  {name}: {result_text(result)}", markup=False, soft_wrap=True)
        if throughput is not None:
            self._done.pop(name, None)
            self._done[name] = f"{name} {rate_text(throughput)}/s"
        self._draw()

    def stopping(self) -> None:
        """Note it; the next redraw shows it."""
        self._stopping = True

    def finished(self) -> None:
        """Take the three lines away, so that the tables stand alone."""
        self._live.stop()

    @property
    def _width(self) -> int:
        return min(_WIDTH, max(_LEAST_WIDTH, self._console.width))

    def _draw(self) -> None:
        width = self._width
        head = f"{self._plan_name}  {self._place}" if self._place else self._plan_name
        lines = [
            head[: width - len(self._count) - 2].ljust(width - len(self._count)) + self._count,
            f"  {STOPPING_TEXT if self._stopping else self._now}",
            f"  {'done':<11}{self._latest(width - 13)}" if self._done else "",
        ]
        texts = (Text(line[:width], no_wrap=True) for line in lines if line)
        self._live.update(Group(*texts), refresh=True)

    def _latest(self, width: int) -> str:
        """Return the newest results that fit, oldest first."""
        shown: list[str] = []
        for result in reversed(self._done.values()):
            if len(" · ".join((result, *shown))) > width:
                break
            shown.insert(0, result)
        return " · ".join(shown) or counted(len(self._done), "result")


def bar_text(part: float, cells: int) -> str:
    """Return a bar of so many cells for a part between 0 and 1, in half cells; more than all is all."""
    full, half = divmod(round(min(1.0, max(0.0, part)) * max(0, cells) * 2), 2)
    return "█" * full + "▌" * half + "·" * (cells - full - half)
