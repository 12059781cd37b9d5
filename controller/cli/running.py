"""A run in the foreground: its progress while it lasts, its tables at the end."""

import sys
from collections.abc import Sequence

import click

from controller.cli.dry_run import dry_run_text
from controller.cli.interrupts import two_steps
from controller.cli.limits import limits_missed
from controller.cli.outcome import outcome_text, status_of
from controller.cli.progress import PlainProgress, Progress, can_redraw
from controller.compare.limits import Limit, hold_limits
from controller.load.watcher import StopRequest
from controller.report.limit_text import limits_text
from controller.run import RunOptions, dry_run, run_plan

__all__ = ["RunOptions", "dry_run_lines", "run_and_show"]


def dry_run_lines(options: RunOptions) -> str:
    """Return what a plan would do."""
    return dry_run_text(dry_run(options))


def run_and_show(options: RunOptions, *, limits: Sequence[Limit] = (), strict: bool = False) -> int:
    """Run a plan with its progress on stderr, print what it found and which limits it keeps; return the exit status."""
    stop, progress = StopRequest(), progress_display()
    try:
        with two_steps(stop, progress):
            outcome = run_plan(options, progress, stop)
    finally:
        progress.finished()
    for warning in outcome.warnings:
        click.echo(f"warning: {warning}", err=True)
    click.echo(outcome_text(outcome), nl=False)
    found = outcome.findings
    judged = hold_limits(limits, found.trials, baseline=found.baseline, baselines=found.baselines)
    click.echo(limits_text(judged), nl=False)
    if outcome.ended_by is not None:
        click.echo(f"Error: {outcome.ended_by}", err=True)
    return status_of(outcome, limits_missed=limits_missed(judged, strict=strict))


def progress_display() -> Progress:
    """Return a display that redraws where the terminal can, and plain lines elsewhere."""
    if can_redraw(sys.stdout) and can_redraw(sys.stderr):
        from controller.cli.live import LiveProgress

        return LiveProgress(sys.stderr)
    return PlainProgress(lambda line: click.echo(line, err=True))
