"""A calibration in the foreground: a line for each turn while it lasts, its table at the end."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from controller.calibrate import CalibrationOptions, calibrate
from controller.cli.calibration_text import calibration_text
from controller.cli.outcome import INTERRUPTED
from controller.measure.turn import Turn
from controller.report.calibration import calibration_csv, calibration_json
from controller.units import counted, rate_text, three_digits

FORMATS = {"text": calibration_text, "csv": calibration_csv, "json": calibration_json}


class TurnLines:
    """One line on stderr for each thing that happened."""

    def stage(self, text: str) -> None:
        """Say what is done beside turns."""
        click.echo(text, err=True)

    def turn(self, turn: Turn) -> None:
        """Say what a turn came to."""
        spent = turn.spent
        numbers = f"{rate_text(spent.per_s):>9} requests/s  {three_digits(spent.cpu_us):>6} us CPU each"
        click.echo(f"round {turn.round:<3} {turn.generator:<10}{numbers}", err=True)


def calibrate_and_show(project: Path, asked: Mapping[str, Any], *, format_: str) -> int:
    """Calibrate with these options, the others at their defaults; print the result and return the exit status."""
    options = CalibrationOptions(project=project, **asked)
    _announce(options)
    outcome = calibrate(options, TurnLines())
    click.echo(FORMATS[format_](outcome.calibration), nl=False)
    if outcome.ended_by is not None:
        click.echo(f"Error: {outcome.ended_by}", err=True)
        return outcome.ended_by.exit_code
    return INTERRUPTED if outcome.interrupted else 0


def _announce(options: CalibrationOptions) -> None:
    click.echo(
        f"{options.target} {options.path}: {counted(options.rounds, 'round')} of {options.duration_s} s for each of "
        f"{', '.join(('FastServe', *options.tools))}",
        err=True,
    )
