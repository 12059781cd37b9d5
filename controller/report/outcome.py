"""What a run came to: its tables and page written, and what the exit status depends on."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from controller.compare.blocks import counted_trials
from controller.compare.findings import Findings
from controller.compare.limits import Holding
from controller.errors import FastServeError
from controller.measure.trial import INTERRUPTED, LOAD_FAILED, TrialResult
from controller.report.html import findings_html
from controller.report.stored import Shown, stored_findings
from controller.report.tables import write_tables, write_whole

_FAILED, _LOAD = "failed", "load"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOutcome:
    """A run's findings; failed counts trials that failed for their target, load_failed those for the generator.

    doubted counts trials that were measured, count and are in doubt, and doubts about several trials together; one
    whose repeat counts is none of them. missed counts searches that kept their SLO at no rate, and SLOs that targets
    broke at the load they were given; ended_by is what ended the run too early; warnings say what of the journal could
    not be used.
    """

    folder: Path
    findings: Findings
    warnings: tuple[str, ...]
    interrupted: bool
    ended_by: FastServeError | None
    failed: int
    load_failed: int
    doubted: int
    missed: int


def write_outcome(folder: Path, *, shown: Shown, interrupted: bool, ended_by: FastServeError | None) -> RunOutcome:
    """Write a run's tables and page from its journal and return what it came to.

    Raises StoreError where the journal cannot be read or a table not be written.
    """
    found, warnings = stored_findings(folder, shown=shown)
    write_all(folder, found)
    kinds = Counter(kind for trial in found.trials if (kind := _kind(trial)))
    return RunOutcome(
        folder=folder,
        findings=found,
        warnings=warnings,
        interrupted=interrupted,
        ended_by=ended_by,
        failed=kinds[_FAILED],
        load_failed=kinds[_LOAD],
        doubted=sum(trial.ok and bool(trial.doubts) for trial in counted_trials(found.trials)) + len(found.distrusts),
        missed=sum(trial.ok and trial.capacity is not None and trial.capacity.per_s is None for trial in found.trials)
        + sum(held.holding is Holding.BROKEN for held in found.slos),
    )


def write_all(folder: Path, found: Findings) -> tuple[Path, ...]:
    """Write the tables and the page of a run into its folder and return their paths. Raises StoreError."""
    return *write_tables(folder, found), write_whole(folder / "report.html", findings_html(found))


def _kind(trial: TrialResult) -> str | None:
    if trial.outcome == INTERRUPTED or trial.ok:
        return None
    return _LOAD if (trial.reason or "").startswith(LOAD_FAILED) else _FAILED
