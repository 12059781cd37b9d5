"""Adding a target is adding a folder; a plan goes by name or path; a server of one's own needs no contract."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.stack.cache import cache_folder
from tests.e2e.command import WENT_WELL, Machine, one_line, rows_of, run_folder
from tests.e2e.project import ROOT, add_plan, add_server

OWN_PLAN = """
name = "own"
question = "Do my own servers answer?"
targets = "all"
repeats = 1
repeat_doubted = false

[load]
in_flight = 2
warmup_s = 0
duration_s = 0.5

[scenarios.hello]
requests = [{ get = "/hello?to=all" }]
headers = { X-Mine = "yes" }
"""


# No server of a user is named so: what it leaves in the user's cache can be taken away again.
NAME = "dropped-in-by-a-test"


@pytest.fixture
def users_cache() -> Iterator[dict[str, str]]:
    """The cache that the tests of the servers use too: python-flask is built once for all."""
    folder = cache_folder()
    yield {"FASTSERVE_CACHE": str(folder)}
    for path in folder.glob(f"*/*{NAME}*"):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def test_a_folder_is_a_target(project: Path, machine: Machine, users_cache: dict[str, str]) -> None:
    """A server of another make, dropped into servers/, runs beside one that is there: nothing else names it."""
    shutil.copytree(
        ROOT / "servers" / "python-flask",
        project / "servers" / "python-flask",
        ignore=shutil.ignore_patterns("__pycache__", ".*"),
    )
    add_server(project, NAME)
    add_plan(project, "two", "python-flask", NAME)
    elsewhere = project.parent / "elsewhere"
    elsewhere.mkdir()
    done = machine.run("--project", project, "run", "two", cwd=elsewhere, env=users_cache)
    rows = rows_of(elsewhere / "fastserve-runs" / "latest" / "summary.csv")

    assert done.returncode in WENT_WELL, done
    assert {row["target"] for row in rows} == {"python-flask", NAME}
    assert all(int(row["requests"]) > 0 and row["failures"] == "0" for row in rows)
    # One trial knows no spread, and says so.
    assert {(row["trials"], row["throughput_low_per_s"], row["throughput_high_per_s"]) for row in rows} == {
        ("1", "", "")
    }
    assert "one trial: no spread known" in done.stdout
    compared = rows_of(elsewhere / "fastserve-runs" / "latest" / "comparison.csv")
    assert {(row["ratio_low"], row["ratio_high"], row["p_value"]) for row in compared} == {("", "", "")}


def test_servers_of_ones_own(project: Path, machine: Machine) -> None:
    """With contract = false other routes are asked, by a plan given as a path; env and pass_env reach the server."""
    shutil.rmtree(project / "servers" / "contract")
    counts = project.parent / "counts"
    counts.mkdir()
    for name in ("mine", "yours"):
        add_server(
            project,
            name,
            contract=False,
            ready="/up",
            env={"OWN_GREETING": f"hello from {name} in {{src}}"},
            pass_env=["COUNT_FOLDER"],
        )
    (project / "own.toml").write_text(OWN_PLAN)
    done = machine.run(
        "run", "./own.toml", "--out", "kept/here", cwd=project, env={"COUNT_FOLDER": str(counts), "SECRET": "no"}
    )
    run = run_folder(project / "kept" / "here")
    environments = [json.loads(path.read_text()) for path in counts.glob("mine-*.environment")]

    assert done.returncode in WENT_WELL, done
    assert {row["endpoint"] for row in rows_of(run / "summary.csv")} == {"*", "/hello"}
    assert {row["target"] for row in rows_of(run / "summary.csv")} == {"mine", "yours"}
    assert environments
    for environment in environments:
        assert environment["OWN_GREETING"] == f"hello from mine in {project}/servers/mine"
        assert environment["COUNT_FOLDER"] == str(counts)
        assert "SECRET" not in environment
        assert "SQLITE_PATH" not in environment


def test_pass_env_that_is_unset_is_one_line(project: Path, machine: Machine) -> None:
    """A variable that the caller lacks is named before anything is measured."""
    add_server(project, "needy", contract=False, ready="/up", pass_env=["NOT_SET_ANYWHERE"])
    add_plan(project, "small", "needy")

    assert "NOT_SET_ANYWHERE" in one_line(machine.run("run", "small", cwd=project), 3)


def test_targets_are_listed_checked_and_served(project: Path, machine: Machine) -> None:
    """`targets list` and `check` know a server that was dropped in; a broken one is named with what it breaks."""
    add_server(project, "good")
    add_server(project, "bad", env={"MISBEHAVE": "breaks"})
    add_server(project, "own", contract=False)
    add_server(project, "poor", needs={"nosuchtool": ">=1.0"})
    listed = machine.run("targets", "list", cwd=project)
    checked = machine.run("targets", "check", cwd=project)

    lines = {line.split()[0]: line for line in listed.stdout.splitlines()}
    assert lines.keys() == {"target", "good", "bad", "own", "poor"}
    assert "nosuchtool" in lines["poor"]
    assert checked.returncode == 3, checked
    assert re.search(r"^good( +(ok|skipped)){6}$", checked.stdout, re.MULTILINE)
    assert re.search(r"^bad( +([0-9]+ broken|skipped)){6}$", checked.stdout, re.MULTILINE)
    assert "bad, in all:\n" in checked.stdout
    assert '{"input":20,"result":6765' in checked.stdout
    assert "own: has a contract of its own" in checked.stdout
    assert "poor" not in checked.stdout
