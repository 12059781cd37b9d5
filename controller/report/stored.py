"""A stored run, read back from its journal: what tables, page and comparisons are made of, now and later."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from controller.compare.findings import Findings, findings, settings_of
from controller.compare.limits import hold_slos
from controller.errors import PlanError
from controller.measure.trial import INTERRUPTED, TrialResult
from controller.plan.plan import Plan
from controller.plan.reader import read_plan
from controller.store.folder import PLAN, RunFolder, open_run_folder
from controller.store.journal import read_journal, read_windows

if TYPE_CHECKING:
    from controller.plan.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """A run as it was stored: its folder, its plan, the trials that stand; warnings say what could not be used."""

    run: RunFolder
    plan: Plan
    trials: tuple[TrialResult, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """How a stored run is shown: about says what each target is, folder where it lies, following what to do next."""

    folder: str = ""
    following: str = ""
    about: Mapping[str, str] | None = None


def stored_findings(
    folder: Path, *, baseline: str | None = None, shown: Shown | None = None
) -> tuple[Findings, tuple[str, ...]]:
    """Return what a stored run found, and warnings about what of its journal could not be used.

    Without a baseline it is the plan's. Raises StoreError for a folder that is no run or is damaged,
    PlanError for a baseline that is no target of the run.
    """
    shown = shown or Shown()
    stored = read_stored(folder)
    run, plan = stored.run, stored.plan
    if baseline is not None and baseline not in plan.targets:
        raise PlanError(
            f"--baseline: expected a target of {run.run_id}, found {baseline}; it has {', '.join(plan.targets)}"
        )
    found = findings(
        stored.trials,
        run_id=run.run_id,
        baseline=baseline or plan.baseline,
        baselines=(plan if baseline is None else replace(plan, baseline=baseline)).baselines,
        windows=read_windows(run.path),
        name=plan.name,
        question=plan.question,
        facts=run.machine,
        plan_text=run.plan_text(),
        settings=settings_of(plan),
        varied=plan.varied,
        hypotheses=plan.hypotheses,
        about=shown.about,
        folder=shown.folder,
        following=shown.following,
    )
    return replace(found, slos=hold_slos(plan.slos, found.trials)), stored.warnings


def read_stored(folder: Path) -> StoredRun:
    """Read a run's folder, plan and journal. Raises StoreError for a folder that is no run or is damaged."""
    run = open_run_folder(folder)
    reading = read_journal(run.path)
    trials = tuple(_standing(reading.trials))
    return StoredRun(run=run, plan=stored_plan(run.path), trials=trials, warnings=reading.warnings)


def _standing(trials: Sequence[TrialResult]) -> list[TrialResult]:
    """Return the trials that count: one that the user cut short does not, once it was run again."""
    whole = {trial.trial for trial in trials if trial.outcome != INTERRUPTED}
    return [trial for trial in trials if trial.outcome != INTERRUPTED or trial.trial not in whole]


def stored_plan(folder: Path) -> Plan:
    """Return the plan of a stored run, also where its targets are not those of this project."""
    table = tomllib.loads((folder / PLAN).read_text(encoding="utf-8"))
    names = table["targets"]
    # A plan's reader looks at the names of targets only; this run's own are all that count here, and those that
    # its hypotheses name and that were left out for a missing tool.
    known = cast("Mapping[str, Target]", dict.fromkeys((*names, *_named(table.get("hypotheses", [])))))
    return read_plan(folder / PLAN, targets=known, available=names)


def _named(hypotheses: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return the targets that the hypotheses of a stored plan name."""
    chosen = [one[side].get("target", []) for one in hypotheses for side in ("compare", "to")]
    return [name for names in chosen for name in ([names] if isinstance(names, str) else names)]
