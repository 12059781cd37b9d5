"""A run whose targets stand behind Nginx: driven through it, measured beside it, and failed where it is not as said."""

import json
import os
import shutil
import signal
from dataclasses import dataclass
from pathlib import Path

import pytest

from controller.stack.leftovers import labelled_processes
from controller.stack.procfs import descendants
from tests.e2e.command import Done, Machine, lines_of, one_line, rows_of, run_folder, trials_of, wait_for_window
from tests.e2e.project import ROOT, add_plan, add_server, new_project
from tests.needs import require

PLAN = """
name = "fronted"
targets = ["one"]
repeats = 2
repeat_doubted = false

[factors]
proxy = ["nginx"]
tls = ["on"]
http = ["2"]
streams = [2]
proxy_cache = ["on"]

[load]
in_flight = 8
warmup_s = 1
duration_s = 2

[environment]
cache_miss_ms = 50

[scenarios.cached]
requests = [{ get = "/api/cache?key=a" }, { get = "/api/db" }]

[scenarios.health]
requests = [{ get = "/api/health" }]
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fronted:
    """A run behind Nginx, which was killed in its first trial."""

    folder: Path
    done: Done
    tmp: Path

    def trials(self) -> list[dict[str, str]]:
        """Return the rows of all trials, all endpoints together, in the order run."""
        return trials_of(self.folder)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with one server, and a plan that puts Nginx in front of it."""
    require("nginx", "openssl")
    folder = new_project(tmp_path_factory.mktemp("fronted") / "project")
    add_server(folder, "one")
    (folder / "plans" / "fronted.toml").write_text(PLAN)
    return folder


@pytest.fixture(scope="module")
def fronted(project: Path, machine: Machine) -> Fronted:
    """The run, once it is over."""
    out = project / "fastserve-runs"
    with machine.started("run", "fronted", cwd=project) as process:
        wait_for_window(out, phase="measured")
        os.kill(nginx_of(process.pid), signal.SIGKILL)
        status = process.wait(180)
    said = [(project / f"{stream}.said").read_text() for stream in ("stdout", "stderr")]
    return Fronted(folder=run_folder(out), done=Done([], status, *said), tmp=machine.folder / "tmp")


def nginx_of(run: int) -> int:
    """Return the main process of the Nginx of a run: what it calls itself stands where its label was."""
    for pid in descendants(run):
        if b"nginx: master" in Path(f"/proc/{pid}/cmdline").read_bytes():
            return pid
    raise AssertionError(f"no nginx below process {run}")


def test_an_nginx_that_dies_fails_its_trial(fronted: Fronted) -> None:
    """Its trial says that it ended, and how; all others, with one of their own each, are whole."""
    first, *others = fronted.trials()

    assert fronted.done.returncode == 3, fronted.done
    assert first["outcome"] == "failed"
    assert first["reason"].startswith("Nginx was ended by SIGKILL; ")
    assert f"log logs/0001-one-{first['scenario']}-nginx.log" in first["reason"]
    assert [row["outcome"] for row in others] == ["ok"] * 3, [row["reason"] for row in others]


def test_what_it_takes_is_measured(fronted: Fronted) -> None:
    """Each trial has the proxy's CPU a request beside the target's, on the backing cores, and its version is known."""
    whole = [row for row in fronted.trials() if row["outcome"] == "ok"]

    assert [0 < float(row["proxy_cpu_us_per_request"]) < 5_000 for row in whole] == [True] * 3
    assert {row["backing_cpu_us_per_request"] for row in whole} == {""}
    assert {row["bound"] for row in whole} <= {"server", "proxy", "generator", "none"}
    assert {(row["proxy"], row["tls"], row["http"], row["streams"]) for row in whole} == {("nginx", "on", "2", "2")}
    assert {(row["scenario"], row["proxy_cache"]) for row in whole} == {("cached", "on"), ("health", "")}
    if len(os.sched_getaffinity(0)) == 2:
        assert all("target and backing services share" in row["notes"] for row in whole)
    facts = json.loads((fronted.folder / "facts.json").read_text())["machine"]
    assert facts["roles"]["backing"]
    assert {"nginx", "openssl"} <= facts["versions"].keys()
    used = [row["usage"].keys() for row in lines_of(fronted.folder / "trials.jsonl") if row["outcome"] == "ok"]
    assert [parties >= {"proxy", "server", "generator"} for parties in used] == [True] * 3


def test_the_cache_spares_the_target(fronted: Fronted) -> None:
    """Behind the proxy's cache the target takes next to nothing a request; without it, all it takes."""
    taken = {row["scenario"]: float(row["server_cpu_us_per_request"]) for row in fronted.trials() if row["bound"]}

    assert taken["cached"] < taken["health"] / 2


def test_nothing_of_it_is_kept(fronted: Fronted) -> None:
    """The run has a log for each Nginx and no certificate or key; its folders are gone, and so are its processes."""
    kept = {path.name: path.read_bytes() for path in fronted.folder.rglob("*") if path.is_file()}

    assert {"0001", "0002", "0003", "0004"} == {name[:4] for name in kept if name.endswith("-nginx.log")}
    assert [name for name, text in kept.items() if b"PRIVATE KEY" in text or b"BEGIN CERTIFICATE" in text] == []
    assert list(fronted.tmp.glob("fastserve-backing-*")) == []
    assert [process for process in labelled_processes() if process.label == fronted.folder.name] == []


def test_a_level_that_is_not_in_force_fails_the_trial(project: Path, machine: Machine, tmp_path: Path) -> None:
    """A project's own template that keeps no connection, whatever the factor says, is found out."""
    own = tmp_path / "project"
    shutil.copytree(project, own, ignore=shutil.ignore_patterns("fastserve-runs"))
    (own / "compose").mkdir()
    text = (ROOT / "compose" / "nginx.conf").read_text()
    closing = text.replace("keepalive_timeout @CLIENT_KEEPALIVE@;", "keepalive_timeout 0; # @CLIENT_KEEPALIVE@")
    (own / "compose" / "nginx.conf").write_text(closing)
    add_plan(own, "closing", "one", more="\n[factors]\nproxy = ['nginx']\n")
    done = machine.run("run", "closing", cwd=own)

    (row,) = (row for row in rows_of(run_folder(own / "fastserve-runs") / "trials.csv") if row["endpoint"] == "*")
    assert done.returncode == 3, done
    assert row["outcome"] == "failed"
    expected = "level not in force: client_keepalive on: expected at most 4 connections to be opened, found "
    assert row["reason"].startswith(expected), row


def test_nothing_starts_without_it(project: Path, machine: Machine, tmp_path: Path) -> None:
    """Where Nginx is missing one line says so with the package, before anything is built or started."""
    if any(Path(folder, "nginx").exists() for folder in ("/usr/local/sbin", "/usr/sbin", "/sbin")):
        pytest.skip("it is found here whatever PATH says")
    tools = tmp_path / "tools"
    tools.mkdir()
    for tool in ("python3", "sh", "git"):
        (tools / tool).symlink_to(shutil.which(tool) or tool)
    done = machine.run("run", "fronted", cwd=project, env={"PATH": str(tools)})

    assert one_line(done, 3).startswith("Error: proxy nginx needs nginx, found none on PATH: apt-get install nginx")


@pytest.mark.parametrize(
    ("tool", "script", "said"),
    [
        ("nginx", "echo nginx version: nginx/1.18.0 >&2", "proxy nginx needs nginx 1.19.10 or later, found 1.18.0: "),
        ("nginx", "exit 1", "proxy nginx needs nginx 1.19.10 or later, found no version: "),
    ],
)
def test_one_that_is_too_old_is_said(
    tool: str, script: str, said: str, project: Path, machine: Machine, tmp_path: Path
) -> None:
    """An Nginx that does not know every setting is refused before anything starts."""
    (tmp_path / tool).write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / tool).chmod(0o755)
    done = machine.run("run", "fronted", cwd=project, env={"PATH": f"{tmp_path}:{os.environ['PATH']}"})

    assert one_line(done, 3).startswith(f"Error: {said}apt-get install nginx")


def test_a_server_over_https_cannot_stand_behind_it(project: Path, machine: Machine, tmp_path: Path) -> None:
    """One that runs already and speaks TLS itself is refused by name before anything starts."""
    own = tmp_path / "project"
    shutil.copytree(project, own, ignore=shutil.ignore_patterns("fastserve-runs"))
    (own / "servers" / "far").mkdir()
    (own / "servers" / "far" / "server.toml").write_text(
        'language = "Go"\nframework = "none"\nstyle = "sync"\nprocess_model = "one process"\n'
        'url = "https://127.0.0.1:9"\n'
    )
    done = machine.run("run", "fronted", "--set", "targets=['far']", cwd=own)

    assert one_line(done, 3).startswith(
        "Error: proxy nginx: expected a target at http://HOST:PORT behind it, found https://127.0.0.1:9"
    )
