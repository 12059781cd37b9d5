"""What a run came to: its tables in words, and the exit status."""

from typing import Final

from controller.cli.shape import shown_path
from controller.errors import LoadError, StackError
from controller.report.outcome import RunOutcome
from controller.report.text import findings_text

INTERRUPTED: Final = 130
IN_DOUBT: Final = 11


def outcome_text(outcome: RunOutcome) -> str:
    """Return the tables of a run; after an interruption also how to run the rest. Ends with a newline."""
    text = findings_text(outcome.findings)
    text += "".join(f"warning {warning}\n" for warning in outcome.warnings)
    if outcome.ended_by is not None:
        text += f"Error: {outcome.ended_by}\n"
    if outcome.interrupted or outcome.ended_by is not None:
        text += f"ended early: --resume {shown_path(outcome.folder)} runs the trials that lack\n"
    return text


def status_of(outcome: RunOutcome) -> int:
    """Return the exit status, the first that applies: interrupted, a trial failed, in doubt, 0."""
    applies = {
        INTERRUPTED: outcome.interrupted,
        StackError.exit_code: outcome.failed > 0,
        LoadError.exit_code: outcome.load_failed > 0,
        IN_DOUBT: outcome.doubted > 0,
    }
    if outcome.ended_by is not None and not outcome.interrupted:
        return outcome.ended_by.exit_code
    return next((status for status, does in applies.items() if does), 0)
