"""The report for a terminal."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from controller.report.text import COLUMNS, findings_text
from tests.factories.found import RUNS, found, quick, twelve
from tests.factories.trials import failed, run_of, trial_of

GOLDEN = Path(__file__).parent / "golden"


@pytest.mark.parametrize(
    ("name", "trials", "baseline"), [("quick", quick, "python-flask"), ("twelve", twelve, "node-express")]
)
def test_the_text_is_the_one_on_file(name: str, trials: object, baseline: str) -> None:
    """What people see changes only on purpose: the golden file changes with it."""
    shown = found(
        trials(), baseline=baseline, folder="exports/runs/latest", following="fastserve run frameworks    all servers"
    )

    assert findings_text(shown) == (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", RUNS)
def test_lines_fit_and_hold_no_control_characters(name: str) -> None:
    """A hundred columns, plain text, no spaces at line ends."""
    trials = RUNS[name]()
    baseline = trials[0].target if trials else "python-flask"
    for line in findings_text(found(trials, baseline=baseline)).splitlines():
        assert len(line) <= COLUMNS
        assert line.isprintable()
        assert line == line.rstrip()


def test_wide_numbers_fit_too() -> None:
    """Wherever the bound is not the same in all blocks, numbers swing and names are long: a hundred columns still."""
    names = ("a-name-of-22-characters", "b-name-of-22-character", "third-of-the-servers")
    trials = [
        replace(trial_of(trial=3 * (block - 1) + n, block=block, target=name, rate_per_s=rate), bound=bound)
        for n, name in enumerate(names, 1)
        for block, (rate, bound) in enumerate([(1_000_000.0, "generator"), (9.0, "server"), (70.0, "none")], 1)
    ]
    text = findings_text(found(trials, baseline=names[0]))

    assert max(map(len, text.splitlines())) <= COLUMNS
    assert re.search(r"generator or\n +server", text)
    assert all(name in text for name in names)


def test_what_shows_a_bound_is_said_once() -> None:
    """Under the table stands why each target is said to be limited, together where the words are the same."""
    held = "43 of 50 connections in a query on average, CPUs idle"
    trials = [
        replace(
            trial,
            bound="server" if trial.target == "c" else "database",
            evidence="busy" if trial.target == "c" else held,
        )
        for trial in run_of({"a": 1000, "b": 1010, "c": 3000})
    ]
    lines = " ".join(findings_text(found(trials, baseline="a")).split())

    assert "c: limited by server, busy" in lines
    assert re.search(rf"(a, b|b, a): limited by database, {held}", lines)
    assert lines.count(held) == 1


def test_one_trial_says_that_no_spread_is_known() -> None:
    """The words, and no half-width."""
    text = findings_text(found(RUNS["one trial each"]()))

    assert "one trial: no spread known" in text
    assert "±" not in text


def test_doubts_stand_beside_the_number_and_below() -> None:
    """The name of the doubt under its row, the evidence at the end, and the failure."""
    text = findings_text(found(quick()))

    assert "    doubt: generator saturated\n" in text
    assert "doubt   python-fastapi health, trial 4: generator saturated: workers 91 % busy" in text
    assert "failed  python-fastapi quote, trial 6: python-flask died at second 3 with status 1" in text


def test_a_target_that_failed_is_in_the_table() -> None:
    """With its reason where the numbers would be."""
    assert "    failed: python-flask died at second 3" in findings_text(found(RUNS["failed only"]()))


def test_of_very_many_failures_the_first_are_shown() -> None:
    """Twenty lines, and how many more."""
    trials = [failed(trial_of(trial=n, block=n), f"reason {n}") for n in range(1, 31)]

    assert "failed  and 10 more, in trials.csv" in findings_text(found(trials))


def test_what_stands_beside_a_verdict_is_said_once_where_it_is_the_same() -> None:
    """Three targets in one block: one line for both candidates, not one each."""
    text = findings_text(found(run_of({"a": 1000, "b": 2000, "c": 3000}, blocks=1), baseline="a"))

    assert text.count("    one trial: no spread known\n") == 1


def test_what_falls_to_the_correction_is_said_under_its_row() -> None:
    """The plain interval leaves out 1, and the line under it says why the verdict does not follow."""
    text = findings_text(found(RUNS["wild"](), baseline="a"))

    assert "    not after correction for 2 comparisons\n" in text
    assert "over 1,000 %" in text
    assert "no difference below 1,000 times would have been seen" in " ".join(text.split())
