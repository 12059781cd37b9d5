"""Projects as a user makes them: a folder with servers/ and plans/, filled by copying and writing files."""

import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVER = Path(__file__).with_name("server.py")
NGINX = Path(__file__).with_name("nginx_target.py")

# Small enough for a test: what a trial is worth is not asked here, and tests beside it must not make it run twice.
PLAN = """
name = "{name}"
targets = {targets}
repeats = {repeats}
repeat_doubted = false

[load]
in_flight = 4
warmup_s = 0.5
duration_s = 1

[environment]
cache_miss_ms = 50

[scenarios.health]
requests = [{{ get = "/api/health" }}]
"""


def new_project(folder: Path) -> Path:
    """Make a project with the contract of the checkout and no server yet."""
    (folder / "servers").mkdir(parents=True)
    (folder / "plans").mkdir()
    shutil.copytree(ROOT / "servers" / "contract", folder / "servers" / "contract")
    return folder


def add_server(project: Path, name: str, *, source: Path = SERVER, **keys: object) -> Path:
    """Add a server that is run from a Python file; keys go into its server.toml. Returns its folder."""
    folder = project / "servers" / name
    folder.mkdir()
    shutil.copy(source, folder / source.name)
    known = {
        "language": "Python",
        "framework": "asyncio",
        "style": "async",
        "process_model": "one process",
        "needs": {},
        "build": [],
        "run": [sys.executable, "-I", f"{{src}}/{source.name}"],
        **keys,
    }
    (folder / "server.toml").write_text("".join(f"{key} = {toml(value)}\n" for key, value in known.items()))
    return folder


def add_plan(project: Path, name: str, *targets: str, repeats: int = 1, more: str = "") -> None:
    """Add a plan that asks /api/health of some targets; more is TOML to stand after it."""
    text = PLAN.format(name=name, targets=json.dumps(targets), repeats=repeats)
    (project / "plans" / f"{name}.toml").write_text(text + more)


def toml(value: object) -> str:
    """Return a value as TOML."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key} = {toml(item)}" for key, item in value.items()) + "}"
    return json.dumps(value)
