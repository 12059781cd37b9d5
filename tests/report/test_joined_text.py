"""Two runs in words: the answer first, what differs above it, and no more said than is known."""

from dataclasses import replace
from pathlib import Path

import pytest

from controller.compare.joined import joined_rows
from controller.compare.joining import join_runs
from controller.compare.matched import matched_tables
from controller.measure.trial import TrialResult
from controller.report.joined import Joined
from controller.report.joined_text import joined_markdown, joined_text
from controller.report.stored import StoredRun
from controller.store.folder import RunFolder
from tests.factories.runs import made, trials_of
from tests.factories.trials import SATURATED, searched

NEW = {"mine": "d" * 16}


def joined(
    folder: Path,
    first: tuple[TrialResult, ...],
    second: tuple[TrialResult, ...],
    *,
    targets: tuple[str, ...] = ("plain", "mine"),
) -> Joined:
    """Return what two such runs say together; `mine` was built anew."""
    sides = made(folder, "run-a", targets=targets), made(folder, "run-b", targets=targets, builds=NEW)
    stored = [
        StoredRun(
            run=RunFolder(path=folder / side.run_id, started_at="", planned=1, builds=side.builds, machine=side.facts),
            plan=side.plan,
            trials=trials,
            warnings=(),
        )
        for side, trials in zip(sides, (first, second), strict=True)
    ]
    joint = join_runs(*sides)
    tables = matched_tables(first, second, scenarios=["health", "quote"])
    return Joined(first=stored[0], second=stored[1], joint=joint, tables=tables, rows=joined_rows(joint, tables))


FIRST = {"plain": 3000.0, "mine": 1500.0}


@pytest.mark.parametrize(
    ("gain", "said"),
    [
        (2.0, "mine of the second run answers health 2.0"),
        (0.5, "mine of the second run answers health 0.5"),
        (1.0, "health: cannot tell whether mine of the second run is faster than mine of the first ("),
    ],
)
def test_the_answer_comes_first(gain: float, said: str, tmp_path: Path) -> None:
    """One sentence for each pair, with its interval; where nobody can tell, what would have been seen."""
    found = joined(tmp_path, trials_of(FIRST), trials_of({"plain": 3000, "mine": 1500 * gain}, seed=2))
    text = " ".join(joined_text(found).split())

    assert text.startswith(said)
    assert ("would have been seen" in text.partition("metric")[0]) is (gain == 1.0)
    assert "nothing shows how far the runs themselves differ" in text
    assert f"**{said}".replace("_", r"\_") in joined_markdown(found)


def test_capacities_are_held_and_not_answered(tmp_path: Path) -> None:
    """After searches the sentence speaks of the rate that a target holds."""
    first, second = (
        tuple(map(searched, trials_of(rates, seed=seed)))
        for rates, seed in ((FIRST, 1), ({"plain": 3000, "mine": 3000}, 2))
    )

    assert "mine of the second run holds 2.0" in joined_text(joined(tmp_path, first, second))


def test_doubts_of_both_runs_are_said(tmp_path: Path) -> None:
    """How many trials of which run are in doubt, and why."""
    first = trials_of(FIRST)
    first = (replace(first[0], doubts=(SATURATED,)), *first[1:])
    text = joined_text(joined(tmp_path, first, trials_of(FIRST, seed=2)))

    assert f"first   run-a, 5 blocks; in doubt: 1 trial {SATURATED.kind.value}" in text
    assert "second  run-b, 5 blocks\n" in text


@pytest.mark.parametrize(
    ("trials", "targets", "said"),
    [
        ((), ("plain", "mine"), "no scenario was measured in both runs"),
        (trials_of({"plain": 3000}), ("plain",), "no target but the one that joins them"),
    ],
)
def test_nothing_to_compare_is_said(
    trials: tuple[TrialResult, ...], targets: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    """Runs that have nothing in common but what joins them, or not even that."""
    found = joined(tmp_path, trials, trials, targets=targets)

    assert said in joined_text(found)
    assert said in joined_markdown(found)
