"""What must be read beside the numbers: trials that failed, reasons to distrust one, notes on plan and machine."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from controller.compare.blocks import Cell, cell_of, counted_trials
from controller.compare.words import scene_text
from controller.measure.trial import FAILED, INTERRUPTED, TrialResult


class Severity(StrEnum):
    """How much a remark weighs, heaviest first."""

    FAILED = "failed"
    DOUBT = "doubt"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One line: where names the trials it is about, None where it is about the whole run."""

    severity: Severity
    text: str
    where: str | None = None

    @property
    def line(self) -> str:
        """The remark with the place it belongs to."""
        return self.text if self.where is None else f"{self.where}: {self.text}"


def remarks(trials: Iterable[TrialResult]) -> tuple[Remark, ...]:
    """Return the remarks on all trials, failures first, then doubts, then notes; what is the same is said once.

    A doubt about a trial that was repeated stays, and says so.
    """
    ordered = sorted(trials, key=lambda trial: trial.order)
    return (*_failures(ordered), *_doubts(ordered), *_interrupted(ordered), *_notes(ordered))


def _failures(trials: Sequence[TrialResult]) -> Iterator[Remark]:
    """Yield one remark for each reason that trials of a cell failed for."""
    grouped: dict[tuple[Cell, str], list[TrialResult]] = {}
    for trial in trials:
        if trial.outcome == FAILED:
            grouped.setdefault((cell_of(trial), trial.reason or trial.outcome), []).append(trial)
    for (cell, reason), found in grouped.items():
        yield Remark(severity=Severity.FAILED, where=_where(cell, found), text=reason + _repeated(found, trials))


def _interrupted(trials: Sequence[TrialResult]) -> Iterator[Remark]:
    """Yield a note for each trial that the user ended and that nobody ran again."""
    for trial in trials:
        if trial.outcome == INTERRUPTED and not _repeated([trial], trials):
            where = _where(cell_of(trial), [trial])
            yield Remark(severity=Severity.NOTE, where=where, text=trial.reason or trial.outcome)


def _doubts(trials: Sequence[TrialResult]) -> Iterator[Remark]:
    """Yield one remark for each kind of doubt in a cell, with the evidence of the first trial that has it."""
    grouped: dict[tuple[Cell, str], list[tuple[TrialResult, str]]] = {}
    for trial in trials:
        for doubt in trial.doubts:
            grouped.setdefault((cell_of(trial), doubt.kind.value), []).append((trial, doubt.evidence))
    for (cell, kind), found in grouped.items():
        doubted = [trial for trial, _ in found]
        text = f"{kind}: {found[0][1]}" if found[0][1] else kind
        yield Remark(severity=Severity.DOUBT, where=_where(cell, doubted), text=text + _repeated(doubted, trials))


def _notes(trials: Sequence[TrialResult]) -> Iterator[Remark]:
    """Yield each note once: bare where all trials that could have it do, else with the trials it belongs to."""
    grouped: dict[str, list[TrialResult]] = {}
    for trial in trials:
        for note in trial.notes:
            grouped.setdefault(note, []).append(trial)
    measured = sum(trial.ok for trial in trials)
    for note, found in grouped.items():
        concerned = {cell_of(trial) for trial in found}
        if sum(trial.ok for trial in found) == measured:
            yield Remark(severity=Severity.NOTE, text=note)
        elif len(concerned) == 1:
            yield Remark(severity=Severity.NOTE, where=_where(cell_of(found[0]), found), text=note)
        else:
            yield Remark(severity=Severity.NOTE, where=f"{len(found)} of {len(trials)} trials", text=note)


def _where(cell: Cell, trials: Sequence[TrialResult]) -> str:
    """Return which trials are meant: "python-flask quote, trials 3 and 7"."""
    numbers = list(dict.fromkeys(str(trial.trial) for trial in trials))
    several = " and ".join(filter(None, (", ".join(numbers[:-1]), numbers[-1])))
    return f"{cell.target} {scene_text(cell.scenario, cell.variant)}, trial{'s' if len(numbers) > 1 else ''} {several}"


def _repeated(found: Sequence[TrialResult], trials: Sequence[TrialResult]) -> str:
    """Return what became of trials that do not count because they were repeated; nothing where all count."""
    counted = {(cell_of(trial), trial.block): trial for trial in counted_trials(trials)}
    later = [counted[cell_of(trial), trial.block] for trial in found]
    replaced = [(one, new) for one, new in zip(found, later, strict=True) if new.order != one.order]
    if not replaced:
        return ""
    numbers = sorted({new.trial for one, new in replaced if new.trial != one.trial})
    return "; repeated" + (f" as trial {', '.join(map(str, numbers))}" if numbers else "")
