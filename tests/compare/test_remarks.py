"""Remarks: failures, doubts and notes, each said once and where it belongs."""

from controller.compare.remarks import remarks
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

    assert lines(trials) == [
        "failed: python-flask health, trial 2: died at second 3",
        "doubt: python-flask health, trial 1: generator saturated: workers 91 % busy, at least 85 % is a doubt",
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


def test_a_doubted_trial_that_was_repeated_says_so() -> None:
    """The doubt stays on record beside the trial that took its place."""
    doubted = trial_of(trial=7, block=2, doubts=[SATURATED])

    assert lines([doubted, trial_of(trial=13, block=2)])[0].endswith("; repeated as trial 13")
    assert lines([doubted, trial_of(trial=7, order=13, block=2)])[0].endswith("; repeated")


def test_nothing_to_say_is_nothing_said() -> None:
    """A clean run has no remarks, and so has an empty one."""
    assert remarks([trial_of()]) == ()
    assert remarks([]) == ()
