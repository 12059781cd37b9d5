"""Folders to run commands in: a project with one small server, and a stored run."""

import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from controller.plan.reader import read_plan
from controller.plan.target import read_targets
from controller.plan.text import plan_toml
from controller.store.facts import machine_facts
from controller.store.folder import RunContents, create_run_folder
from controller.store.journal import Journal
from tests.factories.trials import run_of, windows_of

FACTS = machine_facts(cores={"target": (0,), "generator": (1,), "control": (1,)})

# Answers every GET with "ok" on the port it is told, and says why where it cannot.
SERVER = """
import http.server, os

class Ok(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1

    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *arguments):
        pass

http.server.ThreadingHTTPServer((os.environ["BIND"], int(os.environ["PORT"])), Ok).serve_forever()
"""

PLAN = """
name = "small"
targets = ["one", "other"]
repeats = 3
repeat_doubted = false

[load]
warmup_s = 1
duration_s = 2

[scenarios.health]
requests = [{ get = "/api/health" }]
"""


def add_server(project: Path, name: str, source: str = SERVER) -> None:
    """Add a server in Python that needs no build and has no contract."""
    folder = project / "servers" / name
    folder.mkdir(parents=True)
    (folder / "server.py").write_text(source, encoding="utf-8")
    run = json.dumps([sys.executable, "{src}/server.py"])
    (folder / "server.toml").write_text(
        'language = "Python"\nframework = "http.server"\nstyle = "sync"\nprocess_model = "one process"\n'
        f"needs = {{}}\nbuild = []\nrun = {run}\ncontract = false\n",
        encoding="utf-8",
    )


def make_project(folder: Path) -> Path:
    """Make a project with the servers `one` and `other` and the plan `small`, and return it."""
    add_server(folder, "one")
    add_server(folder, "other")
    (folder / "plans").mkdir()
    (folder / "plans" / "small.toml").write_text(PLAN, encoding="utf-8")
    return folder


def store_run(
    project: Path,
    *,
    rates: Mapping[str, float] = MappingProxyType({"one": 3000, "other": 6000}),
    builds: Mapping[str, str] = MappingProxyType({"one": "1", "other": "2"}),
    day: int = 23,
    seed: int = 1,
    overrides: Sequence[str] = (),
    facts: Mapping[str, Any] | None = None,
) -> Path:
    """Store a run of the plan `small` as if it had been measured: `other` is twice as fast; return its folder."""
    targets = read_targets(project / "servers")
    plan = read_plan(project / "plans" / "small.toml", targets=targets, available=targets, overrides=overrides)
    trials = run_of(dict(rates), seed=seed)
    contents = RunContents(
        plan_toml=plan_toml(plan), planned=len(trials), builds=builds, machine=FACTS if facts is None else facts
    )
    run = create_run_folder(
        project / "fastserve-runs", "small", now=datetime(2026, 11, day, 6, tzinfo=UTC), contents=contents
    )
    with Journal(run.path) as journal:
        for trial in trials:
            for window in windows_of([trial]):
                journal.append_window(window, at="2026-11-23T06:00:00.000Z")
            journal.append_trial(trial)
    return run.path
