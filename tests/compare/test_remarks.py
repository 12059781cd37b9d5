"""Remarks: failures, doubts and notes, each said once and where it belongs."""

from controller.compare.blocks import cell_of
from controller.compare.distrust import Distrust
from controller.compare.remarks import Severity, remarks
from controller.measure.doubt import REMEDIES, Doubt, DoubtKind
from controller.measure.trial import TrialResult
from tests.factories.trials import SATURATED, failed, trial_of


def lines(trials: list[TrialResult]) -> list[str]:
    """Return each remark as severity and line."""
    return [f"{one.severity}: {one.line}" for one in remarks(trials)]


def test_the_heaviest_come_first() -> None:
    """Failures, then doubts, then notes."""
    trials = [
        trial_of(trial=1, block=1, notes=["2 cores"], doubts=[SATURATED]),
        failed(trial_of(trial=2, block=2), "died at second 3"),
    ]

    remedy = REMEDIES[DoubtKind.GENERATOR_SATURATED]
    assert lines(trials) == [
        "failed: python-flask health, trial 2: died at second 3",
        f"doubt: python-flask health, trial 1: generator saturated: {SATURATED.evidence}. What to do: {remedy}",
        "note: 2 cores",
    ]


def test_what_is_the_same_is_said_once() -> None:
    """Three trials with one doubt and one note each are two lines."""
    trials = [trial_of(trial=n, block=n, notes=["2 cores"], doubts=[SATURATED]) for n in (1, 2, 3)]

    assert len(lines(trials)) == 2
    assert lines(trials)[0].startswith("doubt: python-flask health, trials 1, 2 and 3: ")


def test_a_note_of_some_trials_says_which() -> None:
    """One cell: which trials; several: how many."""
    plain = [trial_of(trial=n, block=n) for n in (1, 2)]
    noted = trial_of(trial=3, block=3, notes=["swapped"])
    other = trial_of("b", trial=4, block=1, notes=["swapped"])

    assert lines([*plain, noted]) == ["note: python-flask health, trial 3: swapped"]
    assert lines([*plain, noted, other]) == ["note: 2 of 4 trials: swapped"]


def test_what_to_do_is_said_once_for_each_kind() -> None:
    """Two cells with the same doubt: the first remark has the remedy, the second only its own evidence."""
    trials = [trial_of(name, trial=n, doubts=[SATURATED]) for n, name in enumerate(("a", "b"), 1)]

    assert [one.remedy for one in remarks(trials)] == [REMEDIES[DoubtKind.GENERATOR_SATURATED], None]


def test_a_doubted_trial_that_was_repeated_is_a_note() -> None:
    """What was doubted stays on record beside the trial that took its place, and is no doubt of what counts."""
    doubted = trial_of(trial=7, block=2, doubts=[SATURATED])

    assert lines([doubted, trial_of(trial=13, block=2)])[0].endswith("; repeated as trial 13")
    (line,) = lines([doubted, trial_of(trial=7, order=13, block=2)])
    assert line.startswith("note: python-flask health, trial 7: generator saturated: ")
    assert line.endswith("; repeated")


def test_a_repeat_in_doubt_is_a_doubt_with_its_own_evidence() -> None:
    """Both are said: the one that counts as a doubt, the one that it replaced as a note."""
    before = trial_of(trial=7, order=7, doubts=[Doubt(DoubtKind.STOLEN, "4 %")])
    after = trial_of(trial=7, order=9, doubts=[Doubt(DoubtKind.STOLEN, "9 %")])

    assert lines([before, after]) == [
        f"doubt: python-flask health, trial 7: CPU stolen: 9 %. What to do: {REMEDIES[DoubtKind.STOLEN]}",
        "note: python-flask health, trial 7: CPU stolen: 4 %; repeated",
    ]


def test_doubts_about_several_trials_and_notes_about_the_run_come_with_the_others() -> None:
    """A cell is named where it is one; notes about the run come last."""
    one, other = cell_of(trial_of("a")), cell_of(trial_of("b"))
    found = [
        Distrust(kind=DoubtKind.DRIFTS, evidence="by 5 %", cells=(one,)),
        Distrust(kind=DoubtKind.BASELINE_DRIFT, evidence="a got slower", cells=(one, other)),
    ]

    assert [(one.severity, one.where, one.text) for one in remarks([trial_of("a")], found=found, notes=["quiet"])] == [
        (Severity.DOUBT, "a health", "drifts in every trial: by 5 %"),
        (Severity.DOUBT, None, "baseline drifted: a got slower"),
        (Severity.NOTE, None, "quiet"),
    ]


def test_nothing_to_say_is_nothing_said() -> None:
    """A clean run has no remarks, and so has an empty one."""
    assert remarks([trial_of()]) == ()
    assert remarks([]) == ()
