"""A run in the foreground: its progress while it lasts, its tables at the end."""

import sys

import click

from controller.cli.dry_run import dry_run_text
from controller.cli.interrupts import two_steps
from controller.cli.outcome import outcome_text, status_of
from controller.cli.progress import PlainProgress, Progress, can_redraw
from controller.load.watcher import StopRequest
from controller.run import RunOptions, dry_run, run_plan

__all__ = ["RunOptions", "dry_run_lines", "run_and_show"]


def dry_run_lines(options: RunOptions) -> str:
    """Return what a plan would do."""
    return dry_run_text(dry_run(options))


def run_and_show(options: RunOptions) -> int:
    """Run a plan with its progress on stderr, print what it found, and return the exit status."""
    stop, progress = StopRequest(), progress_display()
    try:
        with two_steps(stop, progress):
            outcome = run_plan(options, progress, stop)
    finally:
        progress.finished()
    for warning in outcome.warnings:
        click.echo(f"warning: {warning}", err=True)
    click.echo(outcome_text(outcome), nl=False)
    if outcome.ended_by is not None:
        click.echo(f"Error: {outcome.ended_by}", err=True)
    return status_of(outcome)


def progress_display() -> Progress:
    """Return a display that redraws where the terminal can, and plain lines elsewhere."""
    if can_redraw(sys.stdout) and can_redraw(sys.stderr):
        from controller.cli.live import LiveProgress

        return LiveProgress(sys.stderr)
    return PlainProgress(lambda line: click.echo(line, err=True))
