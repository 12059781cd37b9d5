"""A run behind whose target are Redis and MariaDB: started for it, measured beside it, started anew."""

import json
import os
import shutil
import signal
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from controller.stack.cache import cache_folder
from controller.stack.leftovers import labelled_processes
from tests.e2e.command import (
    WENT_WELL,
    Done,
    Machine,
    lines_of,
    one_line,
    run_folder,
    trials_of,
    wait_for_window,
)
from tests.e2e.project import ROOT, new_project
from tests.needs import require, unmet

PLAN = """
name = "backed"
targets = ["python-flask"]
repeats = 2
repeat_doubted = false

[factors]
cache = ["redis"]
db = ["mysql"]
pool = [4]

[load]
in_flight = 8
warmup_s = 1
duration_s = 3

[environment]
cache_miss_ms = 50

[scenarios.cached]
requests = [{ get = "/api/cache?key=a" }]

[scenarios.quote]
requests = [{ get = "/api/db" }]
"""


# Builds are taken from where `make test` puts them: a test may run where no package can be fetched.
BUILT = {"FASTSERVE_CACHE": str(cache_folder())}


@dataclass(frozen=True, slots=True, kw_only=True)
class Backed:
    """A run of one server in front of both, in whose first trial MariaDB was killed."""

    folder: Path
    done: Done
    tmp: Path

    def trials(self) -> list[dict[str, str]]:
        """Return the rows of all trials, all endpoints together."""
        return trials_of(self.folder)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a server that speaks to both."""
    if shutil.which("mariadbd", path=f"{os.environ['PATH']}:/usr/sbin") is None:
        unmet("no mariadbd")
    require("redis-server")
    folder = new_project(tmp_path_factory.mktemp("backed") / "project")
    shutil.copytree(ROOT / "servers" / "python-flask", folder / "servers" / "python-flask")
    (folder / "plans" / "backed.toml").write_text(PLAN)
    return folder


@pytest.fixture(scope="module")
def backed(project: Path, machine: Machine) -> Backed:
    """The run, once it is over."""
    out = project / "fastserve-runs"
    with machine.started("run", "backed", cwd=project, env=BUILT) as process:
        wait_for_window(out, phase="measured")
        os.kill(pid_of("mariadbd", out), signal.SIGKILL)
        status = process.wait(180)
    said = [(project / f"{stream}.said").read_text() for stream in ("stdout", "stderr")]
    return Backed(folder=run_folder(out), done=Done([], status, *said), tmp=machine.folder / "tmp")


def pid_of(server: str, out: Path) -> int:
    """Return the process of a run that is a certain server."""
    label = run_folder(out).name
    for process in labelled_processes():
        if process.label == label and server in Path(f"/proc/{process.pid}/comm").read_text():
            return process.pid
    raise AssertionError(f"no {server} in {label}")


def test_a_service_that_dies_fails_one_trial(backed: Backed) -> None:
    """Its trial says which one ended; all others are whole, so it was started anew."""
    first, *others = sorted(backed.trials(), key=lambda row: int(row["order"]))

    assert backed.done.returncode == 3, backed.done
    assert first["outcome"] == "failed"
    assert first["reason"].startswith("MariaDB was ended by SIGKILL; the end of its log logs/database.log")
    assert [row["outcome"] for row in others] == ["ok"] * 3, [row["reason"] for row in others]


def test_what_they_take_is_measured(backed: Backed) -> None:
    """Each trial has what database and cache took together a request, and says where they share cores."""
    whole = [row for row in backed.trials() if row["outcome"] == "ok"]

    assert [0 < float(row["backing_cpu_us_per_request"]) < 5_000 for row in whole] == [True] * 3
    assert {(row["cache"], row["db"], row["pool"]) for row in whole} <= {("redis", "", ""), ("", "mysql", "4")}
    assert {row["bound"] for row in whole} <= {"server", "database", "cache", "generator", "none"}
    if len(os.sched_getaffinity(0)) == 2:
        assert all("target and backing services share" in row["notes"] for row in whole)
    facts = json.loads((backed.folder / "facts.json").read_text())["machine"]
    assert facts["roles"]["backing"]
    assert {"redis-server", "mariadbd"} <= facts["versions"].keys()
    used = [row["usage"].keys() for row in lines_of(backed.folder / "trials.jsonl") if row["outcome"] == "ok"]
    assert [{"cache", "database"} <= parties for parties in used] == [True] * 3


def test_nothing_of_them_is_kept(backed: Backed) -> None:
    """The run has their logs and no address with a password; their folder is gone, and so are they."""
    kept = {path.name: path.read_bytes() for path in backed.folder.rglob("*") if path.is_file()}

    assert {"cache.log", "database.log"} <= kept.keys()
    assert [name for name, text in kept.items() if b"redis://" in text or b"mysql://" in text] == []
    assert list(backed.tmp.glob("fastserve-backing-*")) == []
    assert [process for process in labelled_processes() if process.label == backed.folder.name] == []


def test_nothing_starts_without_them(project: Path, machine: Machine, tmp_path: Path) -> None:
    """Where a service is missing one line says so with the package, before anything is built or started."""
    if any(Path(folder, "redis-server").exists() for folder in ("/usr/local/sbin", "/usr/sbin", "/sbin")):
        pytest.skip("it is found here whatever PATH says")
    runs = set((project / "fastserve-runs").glob("*"))
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("python3", "sh", "git"):
        (tools / tool).symlink_to(shutil.which(tool) or tool)
    began_s = time.monotonic()
    done = machine.run(
        "run", "backed", "--set", "factors.db=['sqlite']", cwd=project, env={**BUILT, "PATH": str(tools)}
    )

    assert one_line(done, 3).startswith("Error: cache redis needs redis-server, found none on PATH: apt-get")
    assert time.monotonic() - began_s < 30
    assert set((project / "fastserve-runs").glob("*")) == runs


@pytest.mark.parametrize("variable", ["CACHE_BACKEND", "DB_BACKEND"])
def test_serve_starts_what_it_needs(variable: str, project: Path, machine: Machine) -> None:
    """A server in the foreground gets a Redis or MariaDB of its own where no address is given."""
    from urllib.request import urlopen

    level, route = {"CACHE_BACKEND": ("redis", "/api/cache"), "DB_BACKEND": ("mysql", "/api/db")}[variable]
    env = {**BUILT, variable: level, "CACHE_MISS_MS": "10"}
    with machine.started("targets", "serve", "python-flask", cwd=project, env=env) as process:
        until_s = time.monotonic() + 60
        while not (url := (project / "stdout.said").read_text().strip()):
            assert process.poll() is None, (project / "stderr.said").read_text()
            assert time.monotonic() < until_s
            time.sleep(0.1)
        with urlopen(url + route, timeout=5) as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(30) in WENT_WELL | {130}
    assert list((machine.folder / "tmp").glob("fastserve-backing-*")) == []
