"""An ad-hoc session in the foreground: where its page is, a line for each trial, its tables at the end."""

import sys

import click

from controller.cli.interrupts import two_steps
from controller.cli.outcome import outcome_text, status_of
from controller.cli.progress import STOPPING_TEXT, result_text, trial_name
from controller.load.offer import Asked
from controller.load.watcher import StopRequest
from controller.measure.trial import TrialResult
from controller.plan.schedule import Trial
from controller.session import SessionOptions, serve_session
from controller.units import rate_text

__all__ = ["SessionOptions", "serve_and_show"]


class SessionLines:
    """One line on stderr for each thing that happened; the page's URL alone goes to stdout."""

    def __init__(self) -> None:
        self._said: set[str] = set()
        self._stopping = False

    def stage(self, text: str) -> None:
        """Say each thing once."""
        if text not in self._said:
            self._said.add(text)
            self._line(text)

    def opened(self, url: str) -> None:
        """Say where the page is."""
        click.echo(url)
        sys.stdout.flush()
        self._line("choose and start there; Ctrl-C ends the session and prints its tables")

    def refused(self, asked: Asked, why: str) -> None:
        """Say what was asked for in vain."""
        self._line(f"refused: {why}")

    def trial_started(self, trial: Trial, asked: Asked) -> None:
        """Say what begins."""
        offered = "" if asked.rate_per_s is None else f", {rate_text(asked.rate_per_s)}/s offered"
        self._line(f"trial {trial.number}  {trial_name(trial)}: starting with {asked.users:,} users{offered}")

    def trial_ended(self, result: TrialResult) -> None:
        """Say what it came to."""
        self._line(f"trial {result.trial}  {trial_name(result)}: {result_text(result)}")

    def stopping(self) -> None:
        """Note it; the next line says it."""
        self._stopping = True

    def _line(self, text: str) -> None:
        if self._stopping:
            self._stopping = False
            click.echo(STOPPING_TEXT, err=True)
        click.echo(text, err=True)


def serve_and_show(options: SessionOptions) -> int:
    """Serve a session until the user ends it, print what it found, and return the exit status."""
    stop, lines = StopRequest(), SessionLines()
    with two_steps(stop, lines):
        outcome = serve_session(options, lines, stop)
    for warning in outcome.warnings:
        click.echo(f"warning: {warning}", err=True)
    click.echo(outcome_text(outcome), nl=False)
    if outcome.ended_by is not None:
        click.echo(f"Error: {outcome.ended_by}", err=True)
    return status_of(outcome)
