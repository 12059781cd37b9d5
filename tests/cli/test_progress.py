"""What a run says of itself: plain lines for a pipe, three lines in place for a terminal."""

import io
import os
import signal

import pytest

from controller.cli.interrupts import two_steps
from controller.cli.live import LiveProgress, bar_text
from controller.cli.progress import PlainProgress, Progress, can_redraw
from controller.load.watcher import StopRequest
from controller.measure.doubt import Doubt, DoubtKind
from controller.measure.window import Phase
from controller.plan.factors import variant_of
from controller.plan.plan import Cpus, Environment, Plan
from controller.plan.scenario import Load, Request, Scenario
from controller.plan.schedule import trials_of
from tests.factories.trials import failed, found_nothing, searched, trial_of

PLAN = Plan(
    name="small",
    repeats=2,
    targets=("one", "other"),
    baseline="one",
    load=Load(),
    cpus=Cpus(),
    environment=Environment(),
    variants=(variant_of({}),),
    scenarios=(Scenario(name="health", requests=(Request(path="/api/health"),), load=Load()),),
)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def play(progress: Progress, *, seconds: int = 4) -> None:
    """Let a display see a whole run: the second trial fails, the third is in doubt."""
    trials = trials_of(PLAN)
    progress.planned(PLAN, trials, 80.0)
    progress.stage("building one")
    results = [trial_of(trial.target, trial=trial.number, block=trial.block) for trial in trials]
    results[1] = failed(results[1], "one died at second 3")
    results[2] = trial_of(trials[2].target, trial=3, doubts=[Doubt(DoubtKind.ERRORS, "12 of 100")])
    for n, (trial, result) in enumerate(zip(trials, results, strict=True)):
        progress.trial_started(trial, n + 1, n, len(trials), 80.0 - 20 * n)
        progress.stage("starting")
        for second in range(1, seconds + 1):
            progress.window(trial, Phase.WARMUP, second, None, 2000.0, None, 0, None)
        for second in range(1, seconds + 1):
            progress.window(trial, Phase.MEASURED, second, seconds, 3204.4, 7.1, second, 0.12)
        progress.trial_ended(result, 60.0 - 20 * n)
    progress.finished()
    progress.finished()


def test_plain_lines_say_each_thing_once() -> None:
    """A pipe gets the size of the run, each stage once, and one line for each trial with what it came to."""
    lines: list[str] = []
    play(PlainProgress(lines.append))

    assert lines[0] == "small: 2 targets x 1 scenario x 2 blocks = 4 trials, about 01:20"
    assert lines[1:3] == ["building one", "starting"]
    assert [line.split(":")[0] for line in lines[3:]] == [
        f"trial {trial.number} of 4  {trial.target} health" for trial in trials_of(PLAN)
    ]
    assert "one died at second 3" in lines[4]
    assert "doubt: errors" in lines[5]
    assert "3,000/s" in lines[6]
    assert all(line.isprintable() for line in lines)


def test_a_repeat_is_shown_as_one() -> None:
    """Lines and terminal say that a trial is run once more; the number of trials has grown by it."""
    trial, lines, terminal = trials_of(PLAN)[0], list[str](), Terminal()
    for progress in (PlainProgress(lines.append), LiveProgress(terminal)):
        progress.planned(PLAN, trials_of(PLAN), 80.0)
        progress.trial_started(trial, 3, 2, 5, 40.0, True)
        progress.trial_ended(trial_of(trial.target), 20.0)
        progress.finished()

    assert lines[-1].startswith(f"trial 3 of 5  {trial.target} health, repeated: ")
    assert "block 1 of 2 · repeated" in terminal.getvalue()


def test_long_phases_give_signs_of_life() -> None:
    """A trial of half a minute says every ten seconds how it goes."""
    lines: list[str] = []
    play(PlainProgress(lines.append), seconds=30)

    assert len([line for line in lines if "measuring" in line]) == 3 * 4
    assert len([line for line in lines if "warming up" in line]) == 3 * 4


def test_a_reader_that_left_does_not_stop_the_run() -> None:
    """When nobody reads the progress any more, the run goes on without saying more."""
    said: list[str] = []

    def write(line: str) -> None:
        said.append(line)
        raise BrokenPipeError

    play(PlainProgress(write))

    assert len(said) == 1


def test_a_terminal_sees_where_the_run_is() -> None:
    """A terminal is shown trial, time left, live figures and what came out, and gets its cursor back."""
    terminal = Terminal()
    play(LiveProgress(terminal))
    text = terminal.getvalue()

    assert "trial 3 of 4   00:40 left" in text
    assert "3,204/s   p99 7.10 ms   errors 4   generator 12 % busy" in text
    assert "one died at second 3" in text
    assert "\x1b[?25h" in text[text.rindex("\x1b[?25l") :]


@pytest.mark.parametrize(
    ("part", "bar"), [(0, "·" * 20), (0.5, "█" * 10 + "·" * 10), (0.525, "█" * 10 + "▌" + "·" * 9), (7, "█" * 20)]
)
def test_a_bar_has_one_width(part: float, bar: str) -> None:
    """A bar is twenty cells wide whatever it shows."""
    assert bar_text(part, 20) == bar


@pytest.mark.parametrize(("term", "can"), [("xterm-256color", True), ("dumb", False), ("", False), ("unknown", False)])
def test_only_a_terminal_that_can_redraw_is_redrawn(term: str, can: bool) -> None:
    """TERM=dumb gets plain lines, and so does everything that is no terminal."""
    assert can_redraw(Terminal(), {"TERM": term}) is can
    assert not can_redraw(io.StringIO(), {"TERM": term})
    assert not can_redraw(Terminal(), {})


def test_the_first_interrupt_asks_and_the_second_aborts() -> None:
    """Ctrl-C once asks the run to end and says so; Ctrl-C twice ends it at once; afterwards all is as before."""
    lines: list[str] = []
    stop, progress, before = StopRequest(), PlainProgress(lines.append), signal.getsignal(signal.SIGINT)
    stop.heeded = True

    with two_steps(stop, progress):
        os.kill(os.getpid(), signal.SIGINT)
        progress.stage("still here")
        assert stop.asked
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)

    assert [line.split(" ")[0] for line in lines] == ["ending", "still"]
    assert signal.getsignal(signal.SIGINT) is before


def test_an_interrupt_that_nobody_would_heed_aborts() -> None:
    """Before the first trial there is nothing to end in order: Ctrl-C once is enough."""
    stop = StopRequest()

    with pytest.raises(KeyboardInterrupt), two_steps(stop, PlainProgress(print)):
        os.kill(os.getpid(), signal.SIGINT)

    assert not stop.asked


def search(progress: Progress) -> None:
    """Let a display see two searches: one that finds a capacity, and one in vain."""
    trials = trials_of(PLAN)[:2]
    progress.planned(PLAN, trials, 80.0)
    results = [searched(trial_of("one", rate_per_s=2_000)), found_nothing(trial_of("other", trial=2))]
    for n, (trial, result) in enumerate(zip(trials, results, strict=True)):
        progress.trial_started(trial, n + 1, n, 2, 80.0)
        for step, rate in enumerate((100.0, 200.0), start=1):
            progress.step_started(step, rate)
            progress.window(trial, Phase.MEASURED, 1, None, rate, 1.0, 0, None)
        progress.trial_ended(result, 40.0)
    progress.finished()


def test_plain_lines_say_each_step_of_a_search() -> None:
    """Its rate as it begins, and at the end what was held, or that nothing was."""
    lines: list[str] = []
    search(PlainProgress(lines.append))

    assert sum("step 2: 200/s offered" in line for line in lines) == 2
    assert sum("holds 2,000/s with p99 <= 20 ms" in line for line in lines) == 1
    assert sum("p99 <= 20 ms: missed even at 50/s" in line for line in lines) == 1


def test_a_terminal_shows_the_step_of_a_search() -> None:
    """Beside the trial, for as long as it lasts."""
    terminal = Terminal()
    search(LiveProgress(terminal))

    assert "step 2: 200/s offered" in terminal.getvalue()
