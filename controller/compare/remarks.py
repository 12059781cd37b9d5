"""What must be read beside the numbers: trials that failed, reasons to distrust one, notes on plan and machine."""

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from controller.compare.blocks import Cell, cell_of, counted_trials
from controller.compare.distrust import Distrust
from controller.compare.words import scene_text
from controller.measure.doubt import REMEDIES, DoubtKind
from controller.measure.trial import FAILED, INTERRUPTED, TrialResult


class Severity(StrEnum):
    """How much a remark weighs, heaviest first."""

    FAILED = "failed"
    DOUBT = "doubt"
    NOTE = "note"


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One line: where names the trials it is about, None where it is about the whole run.

    remedy is what to do about it, None where that is said with another remark or nothing is to be done.
    """

    severity: Severity
    text: str
    where: str | None = None
    remedy: str | None = None

    @property
    def line(self) -> str:
        """The remark with the place it belongs to and what to do."""
        said = self.text if self.where is None else f"{self.where}: {self.text}"
        return said if self.remedy is None else f"{said}. What to do: {self.remedy}"


def remarks(
    trials: Iterable[TrialResult], *, found: Sequence[Distrust] = (), notes: Iterable[str] = ()
) -> tuple[Remark, ...]:
    """Return the remarks on all trials, failures first, then doubts, then notes; what is the same is said once.

    found are doubts about several trials together, notes those about the whole run. A doubt about a trial that was
    repeated stays, as a note that says so: it is no reason to distrust what counts.
    """
    ordered = sorted(trials, key=lambda trial: trial.order)
    counted = {trial.order for trial in counted_trials(ordered)}
    doubts = [*_doubts(ordered, counted), *((one.kind, _remark(one)) for one in found)]
    return (
        *_failures(ordered),
        *_with_remedies(doubts),
        *_interrupted(ordered),
        *_replaced(ordered, counted),
        *_notes(ordered),
        *(Remark(severity=Severity.NOTE, text=note) for note in notes),
    )


def _with_remedies(doubts: Iterable[tuple[DoubtKind, Remark]]) -> Iterator[Remark]:
    """Yield doubts, the first of each kind with what to do about it."""
    said: set[DoubtKind] = set()
    for kind, one in doubts:
        yield one if kind in said else replace(one, remedy=REMEDIES[kind])
        said.add(kind)


def _remark(one: Distrust) -> Remark:
    """Return the remark on a doubt about all trials of some cells; of several it says itself which."""
    where = _cell_name(one.cells[0]) if len(one.cells) == 1 else None
    return Remark(severity=Severity.DOUBT, where=where, text=f"{one.kind}: {one.evidence}")


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


def _doubts(trials: Sequence[TrialResult], counted: Container[int]) -> Iterator[tuple[DoubtKind, Remark]]:
    """Yield one remark for each kind of doubt in a cell, with the evidence of the first of its trials that counts."""
    for (cell, kind), found in _by_doubt([trial for trial in trials if trial.order in counted]).items():
        doubted, evidence = [trial for trial, _ in found], found[0][1]
        text = f"{kind}: {evidence}" if evidence else kind.value
        yield kind, Remark(severity=Severity.DOUBT, where=_where(cell, doubted), text=text)


def _replaced(trials: Sequence[TrialResult], counted: Container[int]) -> Iterator[Remark]:
    """Yield one note for each kind of doubt in a cell about trials that another one took the place of."""
    for (cell, kind), found in _by_doubt([trial for trial in trials if trial.order not in counted]).items():
        doubted, evidence = [trial for trial, _ in found], found[0][1]
        text = (f"{kind}: {evidence}" if evidence else kind.value) + _repeated(doubted, trials)
        yield Remark(severity=Severity.NOTE, where=_where(cell, doubted), text=text)


def _by_doubt(trials: Sequence[TrialResult]) -> dict[tuple[Cell, DoubtKind], list[tuple[TrialResult, str]]]:
    """Return the trials in doubt, each with its evidence, by cell and kind."""
    grouped: dict[tuple[Cell, DoubtKind], list[tuple[TrialResult, str]]] = {}
    for trial in trials:
        for doubt in trial.doubts:
            grouped.setdefault((cell_of(trial), doubt.kind), []).append((trial, doubt.evidence))
    return grouped


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
    return f"{_cell_name(cell)}, trial{'s' if len(numbers) > 1 else ''} {several}"


def _cell_name(cell: Cell) -> str:
    return f"{cell.target} {scene_text(cell.scenario, cell.variant)}"


def _repeated(found: Sequence[TrialResult], trials: Sequence[TrialResult]) -> str:
    """Return what became of trials that do not count because they were repeated; nothing where all count."""
    counted = {(cell_of(trial), trial.block): trial for trial in counted_trials(trials)}
    later = [counted[cell_of(trial), trial.block] for trial in found]
    replaced = [(one, new) for one, new in zip(found, later, strict=True) if new.order != one.order]
    if not replaced:
        return ""
    numbers = sorted({new.trial for one, new in replaced if new.trial != one.trial})
    return "; repeated" + (f" as trial {', '.join(map(str, numbers))}" if numbers else "")
