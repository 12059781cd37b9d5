"""What limits a trial is found where it was planted: a database that all wait for, or a server that sleeps."""

import os
import shutil
import signal
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pytest

from controller.stack.cache import cache_folder
from controller.stack.leftovers import labelled_processes
from tests.e2e.command import Done, Machine, lines_of, rows_of, run_folder, trials_of, wait_for_window
from tests.e2e.cores import busy_core
from tests.e2e.project import ROOT, add_plan, add_server, new_project, toml
from tests.needs import require, unmet

DELAY_MS, POOL, IN_FLIGHT = 50, 4, 16
PLAN = f"""
name = "held"
targets = ["python-fastapi"]
repeats = 2
repeat_doubted = false

[factors]
db = ["mysql"]
pool = [{POOL}]
db_delay_ms = [{DELAY_MS}]

[load]
in_flight = {IN_FLIGHT}
warmup_s = 1
duration_s = 4

[scenarios.quote]
requests = [{{ get = "/api/db" }}]
"""
SLEEPS = """
[factors]
cache = ["none"]

[scenarios.origin]
requests = [{ get = "/api/cache" }]
"""
# Builds are taken from where `make test` puts them: a test may run where no package can be fetched.
BUILT = {"FASTSERVE_CACHE": str(cache_folder())}


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A run of one server behind whose pool the database is slow, in whose first trial its relay was killed."""

    folder: Path
    done: Done

    def trials(self) -> list[dict[str, str]]:
        """Return the rows of all trials as run, all endpoints together."""
        return trials_of(self.folder)


@pytest.fixture(scope="module")
def held(tmp_path_factory: pytest.TempPathFactory, machine: Machine) -> Held:
    """The run, once it is over."""
    if shutil.which("mariadbd", path=f"{os.environ['PATH']}:/usr/sbin") is None:
        unmet("no mariadbd")
    project = new_project(tmp_path_factory.mktemp("held") / "project")
    shutil.copytree(ROOT / "servers" / "python-fastapi", project / "servers" / "python-fastapi")
    (project / "plans" / "held.toml").write_text(PLAN)
    out = project / "fastserve-runs"
    with machine.started("run", "held", cwd=project, env=BUILT) as process:
        wait_for_window(out, phase="measured")
        os.kill(relay_of(out), signal.SIGKILL)
        status = process.wait(180)
    said = [(project / f"{stream}.said").read_text() for stream in ("stdout", "stderr")]
    return Held(folder=run_folder(out), done=Done([], status, *said))


def relay_of(out: Path) -> int:
    """Return the process of a run that is its relay."""
    label = run_folder(out).name
    for process in labelled_processes():
        if process.label == label and b"relay_process" in Path(f"/proc/{process.pid}/cmdline").read_bytes():
            return process.pid
    raise AssertionError(f"no relay in {label}")


def test_a_relay_that_dies_fails_one_trial(held: Held) -> None:
    """Its trial says what ended and how, whatever the target then answered; the next one has a relay again."""
    first, second = held.trials()

    assert held.done.returncode == 3, held.done
    assert first["outcome"] == "failed"
    assert first["reason"].startswith(f"the relay that delays MariaDB by {DELAY_MS} ms was ended by SIGKILL")
    assert (second["outcome"], second["reason"]) == ("ok", "")
    assert (held.folder / "logs" / f"relay-{DELAY_MS}-ms.log").exists()


def test_a_slow_database_is_the_bound(held: Held) -> None:
    """CPUs are idle and the pool is in queries: the database limits the trial, and table and terminal say by what."""
    second = held.trials()[1]

    assert second["db_delay_ms"] == str(DELAY_MS)
    assert second["bound"] == "database"
    assert second["bound_evidence"] == f"{POOL} of {POOL} connections in a query on average, CPUs idle"
    assert f"python-fastapi: limited by database, {second['bound_evidence']}" in " ".join(held.done.stdout.split())
    (row,) = [row for row in lines_of(held.folder / "trials.jsonl") if row["outcome"] == "ok"]
    assert 0.85 * POOL <= row["usage"]["database"]["in_query"] <= POOL


def test_no_answer_is_faster_than_its_database(held: Held) -> None:
    """Every request waits for one delayed answer at least, and no more are answered than the pool can carry."""
    second = held.trials()[1]
    (row,) = [row for row in lines_of(held.folder / "trials.jsonl") if row["outcome"] == "ok"]
    fastest_us = min(
        counts["latency"][2]
        for window in lines_of(held.folder / "windows.jsonl")
        if window["order"] == row["order"] and window["phase"] == "measured"
        for counts in window["endpoints"].values()
    )

    assert fastest_us >= DELAY_MS * 1000
    assert float(second["throughput_per_s"]) <= POOL / (DELAY_MS / 1000)
    # A relay that took its turns one after the other would let through no more than one connection can carry.
    assert float(second["throughput_per_s"]) > 1.5 / (DELAY_MS / 1000)


def test_where_a_server_sleeps_nobody_is_the_bound(tmp_path: Path, machine: Machine) -> None:
    """Requests that wait for nothing but time are limited by no party, and so it is said."""
    project = new_project(tmp_path / "project")
    add_server(project, "sleeper")
    add_plan(project, "sleeps", "sleeper", more=SLEEPS)
    done = machine.run("run", "sleeps", "--set", "load.duration_s=2", cwd=project)
    folder = run_folder(project / "fastserve-runs")
    (row,) = [row for row in rows_of(folder / "trials.csv") if (row["scenario"], row["endpoint"]) == ("origin", "*")]

    assert row["bound"] == "none", done
    assert row["bound_evidence"].startswith("all wait, ")
    assert f"sleeper: limited by none, {row['bound_evidence']}" in " ".join(done.stdout.split())


def test_a_proxy_that_is_held_back_is_the_bound(tmp_path: Path, machine: Machine) -> None:
    """Nginx on a core that loops keep busy is idle by CPU; its waiting for its turn shows what limits the trial."""
    require("nginx")
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        unmet("the server has no core beside the proxy's here")
    project = new_project(tmp_path / "project")
    folder = add_server(project, "beside")
    settings = tomllib.loads((folder / "server.toml").read_text())
    # The plan gives both the first core; this server then takes itself to another.
    settings["run"] = ["taskset", "--cpu-list", str(cores[1]), *settings["run"]]
    (folder / "server.toml").write_text("".join(f"{key} = {toml(value)}\n" for key, value in settings.items()))
    add_plan(project, "behind", "beside", repeats=3, more='\n[factors]\nproxy = ["nginx"]\n')
    with busy_core(cores[0], 12):
        done = machine.run("run", "behind", "--set", "load.in_flight=200", cwd=project)
    trials = lines_of(run_folder(project / "fastserve-runs") / "trials.jsonl")
    held = [trial for trial in trials if trial["bound"] == "proxy"]

    # Where others hold the other core back as well, a trial may be theirs.
    assert held, (done, [(trial["outcome"], trial["reason"], trial["bound"], trial["evidence"]) for trial in trials])
    for trial in held:
        assert trial["usage"]["proxy"]["busiest"] >= 0.85
        assert trial["usage"]["proxy"]["cpu_s"] / trial["duration_s"] < 0.6
        assert trial["evidence"].endswith("% busy (CPU and run delay)")
