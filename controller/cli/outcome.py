"""What a run came to: its tables in words, and the exit status."""

from typing import Final

from controller.cli.shape import shown_path
from controller.errors import LoadError, StackError, StoreError
from controller.report.outcome import RunOutcome
from controller.report.text import findings_text

INTERRUPTED: Final = 130
IN_DOUBT: Final = 11
SLO_MISSED: Final = 10


def outcome_text(outcome: RunOutcome) -> str:
    """Return the tables of a run; after an early end also how to run the rest. Ends with a newline."""
    text = findings_text(outcome.findings)
    if outcome.interrupted or outcome.ended_by is not None:
        text += f"ended early: --resume {shown_path(outcome.folder)} runs the trials that lack\n"
    return text


def status_of(outcome: RunOutcome, *, limits_missed: bool = False) -> int:
    """Return the exit status, the first that applies.

    Interrupted, a trial failed, the run ended early, in doubt, an SLO or a limit of --fail-if missed, 0.
    """
    applies = {
        INTERRUPTED: outcome.interrupted,
        StackError.exit_code: outcome.failed > 0,
        LoadError.exit_code: outcome.load_failed > 0,
        StoreError.exit_code: False,
        IN_DOUBT: outcome.doubted > 0,
        SLO_MISSED: outcome.missed > 0 or limits_missed,
    }
    if outcome.ended_by is not None:
        applies[outcome.ended_by.exit_code] = True
    return next((status for status, does in applies.items() if does), 0)
