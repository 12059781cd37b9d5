"""Builds in the foreground: their progress while they last, a line for what came of each."""

import sys
from collections.abc import Sequence
from typing import IO, Final

import click
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from controller.cli.progress import can_redraw
from controller.cli.shape import size_text
from controller.errors import StackError
from controller.plan.target import Target
from controller.stack.build import Build
from controller.stack.builders import Underway, build_targets, find_builds
from controller.stack.log_tail import last_lines
from controller.units import clock_text

_WIDTH: Final = 100


def build_and_show(targets: Sequence[Target], *, all_told: bool = False) -> dict[str, Build]:
    """Return the builds of targets by name, those of a url left out; what is missing is built, several at once.

    all_told puts a line for each on stdout, built now or before; else what is built now is told on stderr.
    Raises StackError, with a line for each that was not built, once all others are.
    """
    found = find_builds(targets)
    for target in targets if all_told else ():
        if target.url is not None:
            click.echo(f"{target.name}: runs already at {target.url}, nothing to build")
        elif build := found[target.name]:
            click.echo(f"{target.name}: was built, {size_text(build.size_bytes)}")
    missing = [target for target in targets if target.url is None and found[target.name] is None]
    results = _built(missing, on_stdout=all_told) if missing else {}
    # In the order of the targets, whichever ended first.
    if errors := [error for _, error in sorted(results.items()) if isinstance(error, StackError)]:
        raise StackError("\n".join(map(one_line, errors)))
    built = {**found, **results}
    return {name: build for name, build in built.items() if isinstance(build, Build)}


def _built(missing: Sequence[Target], *, on_stdout: bool) -> dict[str, Build | StackError]:
    """Build targets and show how that goes: redrawn where the terminal can, in plain lines elsewhere."""
    if can_redraw(sys.stdout) and can_redraw(sys.stderr):
        with LiveBuilds(sys.stderr) as watcher:
            return build_targets(missing, watcher)
    return build_targets(missing, PlainBuilds(on_stdout=on_stdout))


def one_line(error: StackError) -> str:
    """Return what went wrong and where it is logged, without the end of the log."""
    return str(error).splitlines()[0].rstrip(":")


def built_text(build: Build, took_s: float) -> str:
    """Return what a build came to."""
    return f"{build.target}: built in {took_s:.0f} s, {size_text(build.size_bytes)}"


def failed_text(target: str, error: StackError, took_s: float) -> str:
    """Return that a build failed, over the end of its log; what failed is said once all builds have ended."""
    return "\n".join((f"{target}: not built, failed after {took_s:.0f} s", *str(error).splitlines()[1:]))


class PlainBuilds:
    """One line for each beginning and end; on stderr but for what was built, where on_stdout asks for that."""

    def __init__(self, *, on_stdout: bool) -> None:
        self._on_stdout = on_stdout

    def started(self, job: Underway) -> None:
        """Say what begins."""
        click.echo(f"building {job.target}", err=True)

    def building(self, jobs: Sequence[Underway]) -> None:
        """Say nothing: lines that cannot be taken back would fill a log."""

    def ended(self, build: Build, took_s: float) -> None:
        """Say what came of it."""
        click.echo(built_text(build, took_s), err=not self._on_stdout)

    def failed(self, target: str, error: StackError, took_s: float) -> None:
        """Say what its log says."""
        click.echo(failed_text(target, error, took_s), err=True)


class LiveBuilds:
    """A line for each build that goes on, redrawn in place below what came of the others; use as a context."""

    def __init__(self, stream: IO[str]) -> None:
        """Draw on a stream that is a terminal."""
        self._console = Console(file=stream, highlight=False)
        self._live = Live(console=self._console, auto_refresh=False, transient=True)

    def __enter__(self) -> "LiveBuilds":
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def started(self, job: Underway) -> None:
        """Leave it to the next redraw."""

    def building(self, jobs: Sequence[Underway]) -> None:
        """Show each with its time and the last line of its log."""
        names = max((len(job.target) for job in jobs), default=0)
        self._live.update(Group(*(self._line(job, names) for job in jobs)), refresh=True)

    def ended(self, build: Build, took_s: float) -> None:
        """Keep it above what goes on."""
        self._console.print(built_text(build, took_s), markup=False, soft_wrap=True)

    def failed(self, target: str, error: StackError, took_s: float) -> None:
        """Keep it above what goes on, with the end of its log."""
        self._console.print(failed_text(target, error, took_s), markup=False, soft_wrap=True)

    def _line(self, job: Underway, names: int) -> Text:
        clock = clock_text(job.took_s)
        width = min(_WIDTH, self._console.width)
        return Text(f"{job.target:<{names}}  {clock:>7}  {last_lines(job.log, lines=1)}"[:width], no_wrap=True)
