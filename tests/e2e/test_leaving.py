"""However a run is left, what was measured is kept, nothing stays behind, and --resume finishes it."""

import os
import signal
import time
from pathlib import Path
from random import Random

import pytest

from controller.stack.leftovers import labelled_processes
from tests.e2e.command import (
    WENT_WELL,
    Machine,
    interrupt,
    lines_of,
    rows_of,
    run_folder,
    until,
    wait_for_window,
)
from tests.e2e.project import NGINX, add_plan, add_server
from tests.needs import require

# SIGTERM, 3 s, SIGKILL, and what a busy machine adds.
GONE_WITHIN_S = 8.0
LONG = ("--set", "load.warmup_s=2", "--set", "load.duration_s=2")


def left_of(run: str) -> list[str]:
    """Return what is left of a run, by the label in its environment."""
    return [str(process) for process in labelled_processes() if process.label == run]


def shape(run: Path) -> dict[str, object]:
    """Return the form of a run's result, without what differs from one time to the next."""
    tables = {name: rows_of(run / name) for name in ("summary.csv", "trials.csv", "comparison.csv")}
    keys = ("target", "variant", "scenario", "endpoint", "trial", "block", "candidate", "metric", "outcome")
    rows = {
        name: sorted(tuple(row.get(key) for key in keys) for row in rows if row.get("outcome") != "interrupted")
        for name, rows in tables.items()
    }
    return {"columns": {name: list(rows[0]) for name, rows in tables.items()}, "rows": rows}


def stored_lines(run: Path) -> list[bytes]:
    """Return the whole lines of a run's windows as they stand in the file."""
    path = run / "windows.jsonl"
    return [line for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]


def test_interrupted_again_and_again(project: Path, machine: Machine) -> None:
    """Left by Ctrl-C in warm-up, while measuring and between trials, a run ends as one that nobody disturbed."""
    for name in ("one", "two"):
        add_server(project, name)
    add_plan(project, "left", "one", "two")
    out = project / "fastserve-runs"

    def left_in(phase: str, *arguments: str) -> str:
        with machine.started("run", "left", *LONG, *arguments, cwd=project) as process:
            before = len(lines_of(run_folder(out) / "windows.jsonl")) if arguments else 0
            wait_for_window(out, phase=phase, after=before)
            assert interrupt(process) == 130
        return (project / "stdout.said").read_text()

    said = left_in("warmup")
    run = run_folder(out)
    assert f"ended early: --resume fastserve-runs/{run.name} runs the trials that lack" in said
    assert "0 of 2" in machine.run("runs", cwd=project).stdout

    measured = left_in("measured", "--resume", str(run))
    assert "requests/s" in measured
    assert {"summary.csv", "trials.csv", "comparison.csv", "report.html"} <= {path.name for path in run.iterdir()}

    between = left_in("drain", "--resume", str(run))
    assert "ended early" in between
    assert left_of(run.name) == []

    done = machine.run("run", "left", *LONG, "--resume", run, cwd=project)
    undisturbed = machine.run("run", "left", "--set", "load.duration_s=0.5", "--out", "other", cwd=project)

    assert done.returncode in WENT_WELL, done
    assert undisturbed.returncode in WENT_WELL, undisturbed
    assert shape(run) == shape(run_folder(project / "other"))
    finished = [row for row in lines_of(run / "trials.jsonl") if row["outcome"] == "ok"]
    assert sorted(row["trial"] for row in finished) == [1, 2]


def test_ctrl_c_during_a_build(project: Path, machine: Machine) -> None:
    """A build that takes long is left at once, with what it had started; there is nothing to keep yet."""
    add_server(project, "slow", build=[["sh", "-c", "touch {src}/../../building; sleep 300"]])
    add_plan(project, "built", "slow")
    with machine.started("run", "built", cwd=project) as process:
        until((project / "building").exists)
        begun_s = time.monotonic()
        status = interrupt(process)

    assert status == 130
    assert time.monotonic() - begun_s < 30
    assert left_of("build-slow") == []
    assert "Traceback" not in (project / "stderr.said").read_text()
    assert not (project / "fastserve-runs").exists()


@pytest.mark.parametrize("leave", ["twice", "SIGTERM"])
def test_leaving_at_once(leave: str, project: Path, machine: Machine) -> None:
    """The second Ctrl-C and SIGTERM end the run at once, forked servers too: one word, status 130, nothing left."""
    add_server(project, "server", env={"MISBEHAVE": "" if leave == "twice" else "forks"})
    add_plan(project, "left", "server")
    with machine.started("run", "left", "--set", "load.duration_s=60", cwd=project) as process:
        wait_for_window(project / "fastserve-runs", phase="measured")
        run = run_folder(project / "fastserve-runs")
        begun_s = time.monotonic()
        if leave == "twice":
            process.send_signal(signal.SIGINT)
            time.sleep(0.05)
        status = interrupt(process, number=signal.SIGINT if leave == "twice" else signal.Signals[leave])
    said = (project / "stderr.said").read_text()

    assert status == 130, said
    assert time.monotonic() - begun_s < 30
    assert said.splitlines()[-1] == "interrupted"
    assert "Traceback" not in said
    assert left_of(run.name) == []
    assert stored_lines(run)


def test_kill_9_at_any_moment(project: Path, machine: Machine) -> None:
    """Killed without warning, forking servers and Nginx included, nothing is left and only the last window is lost."""
    require("nginx")
    writable = project.parent / "nginx"
    writable.mkdir()
    add_server(project, "nginx", source=NGINX, pass_env=["FOLDER"], contract=False)
    add_server(project, "haunts", env={"MISBEHAVE": "haunts"})
    add_plan(project, "killed", "nginx", "haunts")
    out, env, moments = project / "fastserve-runs", {"FOLDER": str(writable)}, Random(4)
    arguments: list[object] = ["run", "killed", "--set", "load.duration_s=3"]

    def killed(*resume: object, after_s: float) -> list[bytes]:
        with machine.started(*arguments, *resume, cwd=project, env=env) as process:
            if not resume:
                wait_for_window(out, phase="warmup")
            time.sleep(after_s)
            process.kill()
            process.wait()
        return stored_lines(run_folder(out))

    before = killed(after_s=0.0)
    run = run_folder(out)
    for _ in range(3):
        until(lambda: left_of(run.name) == [], within_s=GONE_WITHIN_S, what="nothing of the run is left")
        after = killed("--resume", run, after_s=moments.uniform(0.2, 6.0))
        assert after[: len(before)] == before
        before = after
    # This time nobody waits: the next run does, for the last process of the one that was killed.
    done = machine.run(*arguments, "--resume", run, cwd=project, env=env)
    trials = [row["trial"] for row in lines_of(run / "trials.jsonl") if row["outcome"] == "ok"]

    assert done.returncode in WENT_WELL, done
    assert stored_lines(run)[: len(before)] == before
    assert sorted(trials) == [1, 2]
    assert left_of(run.name) == []


def test_a_supervisor_that_is_killed(project: Path, machine: Machine) -> None:
    """Without it nothing can be started: the run ends with one line, no target is blamed for it."""
    add_server(project, "forks", env={"MISBEHAVE": "forks"})
    add_plan(project, "headless", "forks", repeats=2)
    arguments = ("run", "headless", "--set", "load.duration_s=3")
    with machine.started(*arguments, cwd=project) as process:
        wait_for_window(project / "fastserve-runs", phase="measured")
        run = run_folder(project / "fastserve-runs")
        supervisor = int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])
        os.kill(supervisor, signal.SIGKILL)
        status = process.wait(60)
    said = (project / "stderr.said").read_text()

    assert status == 3, said
    assert "Error: expected the supervisor of this run to answer" in said
    assert "Traceback" not in said
    assert lines_of(run / "trials.jsonl") == []
    until(lambda: left_of(run.name) == [], within_s=GONE_WITHIN_S)
