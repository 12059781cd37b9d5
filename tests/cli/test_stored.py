"""Runs that are stored: listed, compared, reported, removed."""

import csv
import io
import json
from pathlib import Path

import pytest

from controller.report import REPORTS
from tests.cli.folders import make_project, store_run
from tests.conftest import Fastserve


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one stored run in which `other` is twice as fast as `one`."""
    made = make_project(tmp_path)
    store_run(made)
    return made


@pytest.mark.parametrize("name", ["latest", "small-20261123T060000Z", "fastserve-runs/latest"])
def test_a_run_goes_by_path_name_or_latest(name: str, project: Path, fastserve: Fastserve) -> None:
    """A command finds a run by each of its names and says who is faster."""
    done = fastserve("compare", name, cwd=project)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("other answers health 1.9")
    assert done.stdout.isascii() or all(character.isprintable() or character == "\n" for character in done.stdout)
    assert max(map(len, done.stdout.splitlines())) <= 100


@pytest.mark.parametrize("name", list(REPORTS))
def test_every_format_can_be_asked_for(name: str, project: Path, fastserve: Fastserve) -> None:
    """--format takes every entry of REPORTS, and the output says the same in each."""
    done = fastserve("compare", "latest", "--format", name, cwd=project)

    assert done.returncode == 0
    assert "other" in done.stdout


def test_the_baseline_is_the_one_asked_for(project: Path, fastserve: Fastserve) -> None:
    """Turning the baseline round turns the ratio round."""
    tables = [
        fastserve("compare", "latest", "--baseline", name, "--format", "csv", cwd=project) for name in ("one", "other")
    ]
    ratios = [
        float(row["ratio"])
        for table in tables
        for row in csv.DictReader(io.StringIO(table.stdout))
        if row["metric"] == "throughput_per_s" and row["endpoint"] == "*"
    ]

    assert ratios[0] * ratios[1] == pytest.approx(1)
    assert ratios[0] > 1.9


def test_an_unknown_baseline_is_refused(project: Path, fastserve: Fastserve) -> None:
    """The line names the targets that the run has."""
    done = fastserve("compare", "latest", "--baseline", "third", cwd=project)

    assert done.returncode == 2
    assert "one, other" in done.stderr


def test_json_is_json(project: Path, fastserve: Fastserve) -> None:
    """A program can read what it asks for."""
    assert json.loads(fastserve("compare", "latest", "--format", "json", cwd=project).stdout)


def test_reports_are_made_anew(project: Path, fastserve: Fastserve) -> None:
    """The command writes the tables and the page from the journal alone, and prints their paths."""
    done = fastserve("report", "latest", cwd=project)
    paths = [project / line for line in done.stdout.splitlines()]

    assert done.returncode == 0
    assert [path.name for path in paths] == [
        "summary.csv",
        "trials.csv",
        "comparison.csv",
        "factors.csv",
        "errors.csv",
        "steps.csv",
        "hypotheses.csv",
        "report.html",
    ]
    assert all(path.stat().st_size > 0 for path in paths)


def test_runs_are_listed_with_how_far_they_came(project: Path, fastserve: Fastserve) -> None:
    """A finished run says so; one that was cut short says how to go on."""
    folder = project / "fastserve-runs" / "small-20261123T060000Z"
    finished = fastserve("runs", cwd=project).stdout
    journal = folder / "trials.jsonl"
    journal.write_text("".join(journal.read_text().splitlines(keepends=True)[:2]))
    unfinished = fastserve("runs", cwd=project).stdout

    assert "finished: 6 trials" in finished
    assert "unfinished: 2 of 6 trials" in unfinished
    assert "--resume" in unfinished


def test_a_removed_run_is_gone(project: Path, fastserve: Fastserve) -> None:
    """What is removed is the folder, and `latest` with it; what is no run stays."""
    (project / "fastserve-runs" / "mine").mkdir()
    removed = fastserve("runs", "rm", "small-20261123T060000Z", cwd=project)
    refused = fastserve("runs", "rm", "mine", cwd=project)

    assert removed.returncode == 0
    assert refused.returncode == 5
    assert [path.name for path in (project / "fastserve-runs").iterdir()] == ["mine"]


@pytest.mark.parametrize("arguments", [("compare", "latest"), ("report", "latest"), ("runs", "rm", "nonesuch")])
def test_no_run_is_one_line(arguments: tuple[str, ...], fastserve: Fastserve) -> None:
    """Where there is no run, one line says so with the exit status of the store."""
    done = fastserve(*arguments)

    assert done.returncode == 5
    assert done.stderr.count("\n") == 1


def test_a_run_of_a_newer_version_is_refused(project: Path, fastserve: Fastserve) -> None:
    """A format that this version does not know is not guessed at."""
    facts = project / "fastserve-runs" / "latest" / "facts.json"
    facts.write_text(facts.read_text().replace('"format": 1', '"format": 2'))
    done = fastserve("compare", "latest", cwd=project)

    assert done.returncode == 5
    assert "format 2" in done.stderr
