"""Hypotheses of a plan, on real servers: from the plan to every form in which their verdicts are read."""

import json
from pathlib import Path

import pytest

from tests.e2e.command import WENT_WELL, Done, Machine, rows_of, run_folder
from tests.e2e.project import add_plan, add_server, new_project

HYPOTHESES = """
[scenarios.rows]
requests = [{ get = "/api/db?count=2" }]

[[hypotheses]]
says = "one is not a hundred times slower"
metric = "throughput_per_s"
compare = { target = "plain", scenario = "health" }
to = { target = "second", scenario = "health" }
at_least = 0.01

[[hypotheses]]
says = "one is a hundred times faster everywhere"
metric = "throughput_per_s"
compare = { target = "plain" }
to = { target = "second" }
at_least = 100

[[hypotheses]]
says = "rows spread servers no more than health does"
metric = "spread"
compare = { scenario = "rows" }
to = { scenario = "health" }
at_most = 1000

[[hypotheses]]
says = "one that is not here is faster"
metric = "throughput_per_s"
compare = { target = "absent" }
to = { target = "second" }
at_least = 0.01
"""
VERDICTS = ["supported", "refuted", "supported", "undecided"]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory, machine: Machine) -> tuple[Path, Done]:
    """A project with one finished run of two servers, two scenarios and three blocks, and what the run said."""
    project = new_project(tmp_path_factory.mktemp("hypotheses") / "project")
    for name in ("plain", "second"):
        add_server(project, name)
    add_server(project, "absent", needs={"nosuchtool": ">=1.0"})
    add_plan(project, "claims", "plain", "second", repeats=3, more=HYPOTHESES)
    return project, machine.run("run", "claims", cwd=project)


def test_a_run_answers_its_hypotheses(ran: tuple[Path, Done]) -> None:
    """Each has its verdict on screen and in hypotheses.csv, with the ratio of the pair that decides."""
    project, done = ran
    rows = rows_of(run_folder(project / "fastserve-runs") / "hypotheses.csv")

    assert done.returncode in WENT_WELL, done
    assert [row["verdict"] for row in rows] == VERDICTS
    assert [bool(row["ratio"]) for row in rows] == [True, True, True, False]
    assert "2 pairs, this one decides" in rows[1]["detail"]
    assert "not measured: target absent" in rows[3]["detail"]
    for row in rows:
        assert f"{row['verdict']}: {row['says']}" in done.stdout


@pytest.mark.parametrize("format_", ["text", "markdown", "html", "json"])
def test_every_form_has_the_verdicts(format_: str, ran: tuple[Path, Done], machine: Machine) -> None:
    """Terminal, pull request, page and program read the same."""
    done = machine.run("compare", "latest", "--format", format_, cwd=ran[0])

    assert done.returncode == 0, done
    assert all(verdict in done.stdout for verdict in VERDICTS)
    assert "rows spread servers no more than health does" in done.stdout
    if format_ == "json":
        assert [row["verdict"] for row in json.loads(done.stdout)["hypotheses"]] == VERDICTS


def test_the_stored_plan_has_its_hypotheses(ran: tuple[Path, Done], machine: Machine) -> None:
    """What `plan show` prints is what the run stores, hypotheses included."""
    shown = machine.run("plan", "show", "claims", cwd=ran[0]).stdout

    assert shown == (run_folder(ran[0] / "fastserve-runs") / "plan.toml").read_text()
    assert shown.count("[[hypotheses]]") == 4
