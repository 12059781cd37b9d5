"""The report for a pull request."""

import re
from dataclasses import replace

from controller.report.cost_cells import COST_TITLE
from controller.report.markdown import escaped, findings_markdown
from tests.factories.found import found, quick, twelve
from tests.factories.trials import run_of


def cells(line: str) -> list[str]:
    """Return the cells of a table's line, as Markdown splits it."""
    return re.split(r"(?<!\\)\|", line)[1:-1]


def test_every_line_of_a_table_has_as_many_cells() -> None:
    """Whatever names and reasons hold."""
    trials = [replace(trial, target=f"{trial.target}|x") for trial in quick()]
    rankings, _, costs = findings_markdown(found(trials)).partition(f"### {COST_TITLE}\n")

    assert {len(cells(line)) for line in rankings.splitlines() if line.startswith("|")} == {9}
    assert {len(cells(line)) for line in costs.splitlines() if line.startswith("|")} == {6}


def test_names_cannot_make_tags_or_links() -> None:
    """They are shown as they are."""
    assert escaped("<b>[x](y)|*_`~#&\n1") == r"\<b\>\[x\](y)\|\*\_\`\~\#\& 1"


def test_scenarios_are_headings_with_their_answer() -> None:
    """A heading, the sentence in bold, the table."""
    text = findings_markdown(found(run_of({"a": 1000, "b": 2000}), baseline="a"))

    assert re.match(r"### health\n\n\*\*b answers health \d\.\d+ times as fast as a \(.*\)\*\*\n\n\| place \|", text)


def test_what_shows_a_bound_stands_beside_it() -> None:
    """The cell that says what limited a target says why; where that is not known only what."""
    trials = [
        replace(trial, evidence="98% busy") if trial.target == "a" else trial for trial in run_of({"a": 1, "b": 2})
    ]
    text = findings_markdown(found(trials, baseline="a"))

    assert re.search(r"\| a \|.*\| server: 98% busy \|", text)
    assert re.search(r"\| b \|.*\| server \|", text)


def test_many_targets_stand_beside_the_baseline() -> None:
    """A second table with ratio, interval and verdict of all but the baseline."""
    text = findings_markdown(found(twelve(), baseline="node-express"))

    assert text.count("Beside node-express:") == 5
    assert re.search(r"\| python-flask \| 0\.2\d+ \(0\.\d+ to 0\.\d+\) \| \d+ % \| slower \|", text)
