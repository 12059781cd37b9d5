"""Servers that run already: loaded where they are, counted like any other, and never started or stopped."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from controller.stack.database import sqlite_database
from controller.stack.ports import free_port
from tests.conftest import FASTSERVE
from tests.e2e.command import WENT_WELL, WITHIN_S, Machine, one_line, rows_of, run_folder, until
from tests.e2e.project import ROOT, SERVER, add_plan, add_server
from tests.load.certificates import AUTHORITY_PEM
from tests.load.nginx import run_nginx
from tests.needs import require

PLAN = """
name = "two"
targets = ["plain", "safe"]
repeats = 1
repeat_doubted = false

[load]
in_flight = 4
warmup_s = 0.5
duration_s = 1

[scenarios.ok]
requests = [{ get = "/ok" }]
"""
# Before each trial whether it is ready, and each request once; before the run whether it is ready.
ASKED_BEFORE_A_TRIAL = 2
ASKED_BEFORE_THE_RUN = 1
RAN_ALREADY = "target ran already: not started for the trial, reached by no setting, on cores of its own choice"


def add_running(project: Path, name: str, url: str, **keys: object) -> Path:
    """Add a server that runs already."""
    folder = add_server(project, name, url=url, **keys)
    description = folder / "server.toml"
    kept = [line for line in description.read_text().splitlines() if line.split()[0] not in ("needs", "build", "run")]
    description.write_text("\n".join(kept) + "\n")
    return folder


@contextmanager
def running(program: Path, **env: str) -> Iterator[str]:
    """Run a Python program as somebody else would, for the time of the block, and yield its URL."""
    port = str(free_port())
    variables = {**os.environ, "BIND": "127.0.0.1", "PORT": port, "CACHE_BACKEND": "memory", **env}
    with subprocess.Popen([sys.executable, program], env=variables, stderr=subprocess.DEVNULL) as process:
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            process.kill()


def answers(url: str) -> bool:
    """Whether anybody listens at a URL."""
    return subprocess.run(["curl", "-s", url], capture_output=True, check=False).returncode == 0


def test_they_are_loaded_where_they_are(project: Path, machine: Machine, tmp_path: Path) -> None:
    """Over plain HTTP and over TLS: what the server counted is in the tables, with its CPU, and a note."""
    require("nginx")
    (tmp_path / "nginx").mkdir()
    with run_nginx(tmp_path / "nginx", keepalive_requests=1_000_000) as nginx:
        own = {"contract": False, "ready": "/ok"}
        add_running(project, "plain", nginx.url, **own)
        folder = add_running(project, "safe", nginx.tls_url, ca_file="ca.pem", **own)
        (folder / "ca.pem").write_text(AUTHORITY_PEM)
        (project / "plans" / "two.toml").write_text(PLAN)
        before = nginx.counted()
        done = machine.run("run", "two", cwd=project)
        taken = nginx.counted(questions=2).requests - before.requests

    assert done.returncode in WENT_WELL, done
    trials = [row for row in rows_of(run_folder(project / "fastserve-runs") / "trials.csv") if row["endpoint"] == "*"]
    beside = ASKED_BEFORE_A_TRIAL * len(trials) + ASKED_BEFORE_THE_RUN * 2
    assert sum(int(row["answered_total"]) for row in trials) == taken - beside
    for row in trials:
        assert (row["outcome"], row["failures"], row["startup_s"]) == ("ok", "0", "")
        assert float(row["server_cpu_us_per_request"]) > 0
        assert RAN_ALREADY in row["notes"].split(";")
    assert f"note {RAN_ALREADY}" in " ".join(done.stdout.split())


def test_one_that_cannot_prove_its_name_is_not_measured(project: Path, machine: Machine, tmp_path: Path) -> None:
    """Without the authority the run is refused with OpenSSL's words; with tls_verify = false it goes on."""
    require("nginx")
    (tmp_path / "nginx").mkdir()
    with run_nginx(tmp_path / "nginx") as nginx:
        add_running(project, "safe", nginx.tls_url, contract=False, ready="/up")
        add_plan(project, "small", "safe")
        refused = one_line(machine.run("run", "small", cwd=project), 3)
        add_running(project, "anybody", nginx.tls_url, contract=False, ready="/ok", tls_verify=False)
        add_plan(project, "open", "anybody")
        (project / "plans" / "open.toml").write_text(
            (project / "plans" / "open.toml").read_text().replace("/api/health", "/ok")
        )
        done = machine.run("run", "open", cwd=project)

    assert (
        f"safe: expected GET {nginx.tls_url}/up to answer 2xx, found TLS failed: certificate verify failed" in refused
    )
    assert done.returncode in WENT_WELL, done


def test_one_that_ends_fails_its_trials(project: Path, machine: Machine) -> None:
    """What it answered until then is kept; the trials after it fail at once, with what was found."""
    with running(SERVER, MISBEHAVE="dies", OWN_GREETING="hi") as url:
        until(lambda: answers(url), what="an answer")
        add_running(project, "dies", url, contract=False, ready="/up")
        add_plan(project, "small", "dies", repeats=2)
        done = machine.run("run", "small", "--set", "load.duration_s=3", cwd=project)

    assert done.returncode == 3, done
    first, second = (
        row for row in rows_of(run_folder(project / "fastserve-runs") / "trials.csv") if row["endpoint"] in ("*", "")
    )
    assert first["reason"] == f"dies: expected {url} to stay, found that its processes have ended"
    assert int(first["answered_total"]) > 0
    assert second["reason"].startswith(f"dies: expected GET {url}/up to answer 2xx, found Connection refused")


def test_commands_say_that_it_runs_already(project: Path, machine: Machine, tmp_path: Path) -> None:
    """It is listed with its address, held to the contract's defaults, and neither built nor served."""
    quotes = str(sqlite_database(project / "servers" / "contract" / "quotes.csv"))
    settings = {"SQLITE_PATH": quotes, "CACHE_MISS_MS": "2000", "CACHE_TTL_S": "60"}
    with ExitStack() as stack:
        urls = {
            "good": stack.enter_context(running(SERVER, **settings)),
            "bad": stack.enter_context(running(SERVER, MISBEHAVE="breaks", **settings)),
        }
        for name, url in urls.items():
            until(lambda url=url: answers(url), what="an answer")
            add_running(project, name, url)
        add_running(project, "own", "https://127.0.0.1:1", contract=False)
        listed = machine.run("targets", "list", cwd=project)
        built = machine.run("targets", "build", "good", cwd=project)
        checked = machine.run("targets", "check", cwd=project)
        served = one_line(machine.run("targets", "serve", "good", cwd=project), 2)

    assert f"runs at {urls['good']}" in listed.stdout
    assert built.stdout == f"good: runs already at {urls['good']}, nothing to build\n"
    assert checked.returncode == 3, checked
    assert "good: keeps the contract" in checked.stdout
    assert "bad: breaks the contract\n" in checked.stdout
    assert "own: has a contract of its own" in checked.stdout
    assert f"good: expected a server to start, found one that runs already at {urls['good']}" in served


SERVICE = """
import http.server, os, sys

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
    def log_message(self, *_):
        pass

http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
SMALL = "--set repeats=1 --set load.duration_s=1 --set load.warmup_s=0.5 --set load.in_flight=2"


def readme_blocks() -> tuple[str, str]:
    """Return the shell lines of the README that compare two versions, and those for versions that run already."""
    section = (ROOT / "README.md").read_text(encoding="utf-8").partition("## Two versions of your own service")[2]
    first, second = (block.partition("\n```")[0] for block in section.split("```sh\n")[1:3])
    return first, second


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A folder with two versions of a service, where `fastserve` is a command that measures but briefly."""
    for version in ("v1", "v2"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "service.py").write_text(SERVICE)
    (tmp_path / "bin").mkdir()
    command = tmp_path / "bin" / "fastserve"
    command.write_text(f'#!/bin/sh\nexec {FASTSERVE} "$@" {SMALL}\n')
    command.chmod(0o755)
    return tmp_path


def typed(lines: str, desk: Path, machine: Machine) -> "subprocess.CompletedProcess[str]":
    """Type lines into a shell."""
    path = os.pathsep.join([str(desk / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]])
    return subprocess.run(
        ["sh", "-e", "-c", lines],
        cwd=desk,
        env=machine.environment({"PATH": path}),
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )


def test_the_readme_compares_two_versions(desk: Path, machine: Machine) -> None:
    """The lines of the README as they stand there: two folders, then the same two where they run already."""
    folders, addresses = readme_blocks()
    done = typed(folders, desk, machine)

    assert done.returncode in WENT_WELL, done
    trials = rows_of(run_folder(desk / "fastserve-runs") / "summary.csv")
    assert {row["target"] for row in trials} == {"before", "after"}
    assert all(row["failures"] == "0" and int(row["requests"]) > 0 for row in trials)

    with running(desk / "v1" / "service.py") as first, running(desk / "v2" / "service.py") as second:
        until(lambda: answers(first) and answers(second), what="answers")
        here = addresses.replace("http://127.0.0.1:8001", first).replace("http://127.0.0.1:8002", second)
        done = typed(here, desk, machine)

    assert done.returncode in WENT_WELL, done
    assert RAN_ALREADY in " ".join(done.stdout.split())
