"""What goes wrong in a trial is stored as what it is, and the run goes on to its tables."""

import json
import os
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.command import Done, Machine, lines_of, rows_of, run_folder
from tests.e2e.cores import busy_core
from tests.e2e.project import NGINX, add_plan, add_server, new_project
from tests.needs import require, unmet


@dataclass(frozen=True, slots=True, kw_only=True)
class Troubled:
    """A run of one good server and three that go wrong."""

    project: Path
    folder: Path
    done: Done

    def trial(self, target: str) -> dict[str, str]:
        """Return the row of a target's one trial."""
        rows = rows_of(self.folder / "trials.csv")
        return next(row for row in rows if row["target"] == target and row["endpoint"] in ("*", ""))


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory, machine: Machine) -> Troubled:
    """A run of one good server and three that go wrong, each in its own way."""
    project = new_project(tmp_path_factory.mktemp("troubled") / "project")
    add_server(project, "good")
    add_server(project, "dies", env={"MISBEHAVE": "dies"})
    add_server(project, "lies", env={"MISBEHAVE": "lies"})
    add_server(project, "refuses", contract=False, ready="/up", env={"OWN_GREETING": "hi", "REFUSE": "/api/health"})
    add_plan(project, "trouble", "good", "dies", "lies", "refuses")
    done = machine.run("run", "trouble", "--set", "load.duration_s=2", cwd=project)
    return Troubled(project=project, folder=run_folder(project / "fastserve-runs"), done=done)


def test_the_run_goes_on_and_says_3(troubled: Troubled) -> None:
    """Every trial has a row, and the status is that of a target that failed; there is no traceback."""
    assert troubled.done.returncode == 3, troubled.done
    assert "Traceback" not in troubled.done.stderr
    outcomes = {target: troubled.trial(target)["outcome"] for target in ("good", "dies", "lies", "refuses")}
    assert outcomes == {"good": "ok", "dies": "failed", "lies": "ok", "refuses": "failed"}


def test_a_server_that_dies_under_load(troubled: Troubled) -> None:
    """Its trial failed, with how it ended and what it wrote last; what it answered until then is kept."""
    trial = troubled.trial("dies")
    (order,) = (row["order"] for row in lines_of(troubled.folder / "trials.jsonl") if row["target"] == "dies")
    windows = [row for row in lines_of(troubled.folder / "windows.jsonl") if row["order"] == order]

    assert "ended with status 7" in trial["reason"]
    assert "ran out of luck" in trial["reason"]
    assert int(trial["answered_total"]) >= 400
    assert windows
    assert "failed  dies health" in troubled.done.stdout


def test_a_server_that_answers_500_before_its_trial(troubled: Troubled) -> None:
    """Asked once for what the trial uses, it is found out before any load; the reason shows request and status."""
    trial = troubled.trial("refuses")

    assert "GET /api/health: expected status 2xx, found status 500" in trial["reason"]
    assert trial["requests"] in ("", "0")


def test_a_contract_broken_under_load(troubled: Troubled) -> None:
    """Answers that turn wrong only later raise a doubt; a sample of what was wrong is kept in wrong/."""
    trial = troubled.trial("lies")
    wrong = json.loads((troubled.folder / "wrong" / f"{int(trial['order']):04d}.json").read_text())

    assert "contract broken under load" in trial["doubts"].split(";")
    assert int(trial["failures"]) > 0
    assert all("expected ok, found no" in message for message in wrong["wrong_body"])
    assert 1 <= len(wrong["wrong_body"]) <= 10
    assert "contract broken under load" in troubled.done.stdout


def test_errors_are_listed_as_the_windows_hold_them(troubled: Troubled) -> None:
    """By trial and kind, errors.csv counts what windows.jsonl counts in all phases, between moments of the trial."""
    counted: Counter[tuple[str, str]] = Counter()
    ends_s: dict[str, float] = {}
    for window in lines_of(troubled.folder / "windows.jsonl"):
        ends_s[str(window["order"])] = window["end_s"]
        for counts in window["endpoints"].values():
            counted.update({(str(window["order"]), kind): n for kind, n in counts["errors"].items()})
    rows = rows_of(troubled.folder / "errors.csv")

    assert {(row["order"], row["kind"]): int(row["count"]) for row in rows} == counted
    assert {row["target"] for row in rows} == {"dies", "lies"}
    assert {row["kind"] for row in rows if row["target"] == "lies"} == {"wrong_body"}
    for row in rows:
        assert 0 < float(row["first_s"]) <= float(row["last_s"]) <= ends_s[row["order"]]
        assert row["sample"].startswith("/api/health: ")


def test_a_good_server_beside_them_has_no_failures(troubled: Troubled) -> None:
    """Trouble of one target is not the trouble of the next."""
    assert troubled.trial("good")["failures"] == "0"
    assert not (troubled.folder / "wrong" / f"{int(troubled.trial('good')['order']):04d}.json").exists()


def test_a_broken_contract_alone_is_11(troubled: Troubled, machine: Machine) -> None:
    """Where all trials came to their end, results in doubt are the status."""
    done = machine.run("run", "trouble", "--set", 'targets=["lies"]', "--out", "alone", cwd=troubled.project)

    assert done.returncode == 11, done


def test_a_generator_that_was_held_back(project: Path, machine: Machine) -> None:
    """A client that had no time left cannot say how fast the server is: a doubt with the numbers, and status 11."""
    require("nginx")
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        unmet("the generator has no core of its own here")
    writable = project.parent / "nginx"
    writable.mkdir()
    add_server(project, "swift", source=NGINX, pass_env=["FOLDER"], contract=False)
    add_plan(project, "fast", "swift", repeats=3)
    # With one core each the generator has the second one; it shares it with loops that never rest. So much is in flight
    # that answers wait for it at any time, also where others hold the server's core back.
    with busy_core(cores[1], 12):
        done = machine.run("run", "fast", "--set", "load.in_flight=400", cwd=project, env={"FOLDER": str(writable)})
    trials = lines_of(project / "fastserve-runs" / "latest" / "trials.jsonl")
    doubted = [trial for trial in trials if any(doubt["kind"] == "generator saturated" for doubt in trial["doubts"])]

    assert done.returncode == 11, done
    assert len(trials) == 3
    # Where others hold the server's core back as well, the generator may have had a rest in one of them.
    assert doubted
    assert doubted == [trial for trial in trials if trial["usage"]["generator"]["busiest"] >= 0.85]
    # Held back to its share of the core it is idle by CPU; what makes it the bound is how long it waited for its turn.
    generators = [trial for trial in doubted if trial["bound"] == "generator"]
    assert generators
    for trial in generators:
        assert trial["usage"]["generator"]["cpu_s"] / trial["duration_s"] < 0.6
        assert trial["evidence"].endswith("% busy (CPU and run delay)")
    assert "doubt   swift health" in done.stdout
    assert "generator saturated: generator " in done.stdout


def test_a_core_that_others_use_is_doubted_and_the_trial_repeated(project: Path, machine: Machine) -> None:
    """Endless loops on the target's core: each trial says so, and runs once more at the end of its block."""
    add_server(project, "plain")
    add_server(project, "second")
    add_plan(project, "disturbed", "plain", "second")
    core = min(os.sched_getaffinity(0))
    with busy_core(core, 2):
        done = machine.run("run", "disturbed", "--set", "repeat_doubted=true", cwd=project)
    folder = run_folder(project / "fastserve-runs")
    trials = lines_of(folder / "trials.jsonl")
    shown = [line for line in done.stderr.splitlines() if ", repeated: " in line]

    assert done.returncode == 11, done
    assert [trial["order"] for trial in trials] == [1, 2, 3, 4]
    assert [trial["trial"] for trial in trials] == [1, 2, 1, 2]
    for trial in trials:
        (evidence,) = (doubt["evidence"] for doubt in trial["doubts"] if doubt["kind"] == "other load")
        assert re.search(rf"core {core} \d\d\.\d%", evidence), evidence
    assert len(shown) == 2
    assert f"other load: others took part of the cores' time: core {core} " in " ".join(done.stdout.split())
    assert "What to do: end what else runs on these cores" in " ".join(done.stdout.split())
    assert "; repeated" in " ".join(done.stdout.split())
    summary = [row for row in rows_of(folder / "summary.csv") if row["endpoint"] == "*"]
    assert {row["target"]: row["trials"] for row in summary} == {"plain": "1", "second": "1"}
    # What was repeated stands beside what took its place, and a finished run has nothing to go on with.
    assert len([row for row in rows_of(folder / "trials.csv") if row["endpoint"] == "*"]) == 4
    again = machine.run("run", "disturbed", "--set", "repeat_doubted=true", "--resume", folder, cwd=project)
    assert again.returncode == 11, again
    assert lines_of(folder / "trials.jsonl") == trials
