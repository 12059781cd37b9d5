"""A missing or wrong setting ends every target at start, with one clear line and a status other than 0."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from controller.plan.target import Target
from controller.stack.build import in_place
from controller.stack.process import target_environment
from controller.stack.settings import Settings
from tests.targets.conftest import built, has_processes

pytestmark = pytest.mark.slow

# What is changed (None takes the variable away), and a word that the line must say.
WRONG: dict[str, tuple[dict[str, str | None], str]] = {
    "no port": ({"PORT": None}, "PORT"),
    "port 0": ({"PORT": "0"}, "PORT"),
    "port too large": ({"PORT": "65536"}, "PORT"),
    "port as text": ({"PORT": "http"}, "PORT"),
    "bind": ({"BIND": "nowhere"}, "BIND"),
    "no cores": ({"SERVER_CPUS": "0"}, "SERVER_CPUS"),
    "half a core": ({"SERVER_CPUS": "0.5"}, "SERVER_CPUS"),
    "unknown cache": ({"CACHE_BACKEND": "memcached"}, "CACHE_BACKEND"),
    "negative wait": ({"CACHE_MISS_MS": "-1"}, "CACHE_MISS_MS"),
    "empty wait": ({"CACHE_MISS_MS": ""}, "CACHE_MISS_MS"),
    "no time to live": ({"CACHE_TTL_S": "0"}, "CACHE_TTL_S"),
    "no database": ({"SQLITE_PATH": None}, "SQLITE_PATH"),
    "database missing": ({"SQLITE_PATH": "/nonexistent/quotes.sqlite"}, "SQLITE_PATH"),
    "no database file": ({"SQLITE_PATH": __file__}, "SQLITE_PATH"),
    "a folder": ({"SQLITE_PATH": "/"}, "SQLITE_PATH"),
    "pool of none": ({"DB_POOL_SIZE": "0"}, "DB_POOL_SIZE"),
    "pool below processes": ({"DB_POOL_SIZE": "2", "SERVER_CPUS": "3"}, "DB_POOL_SIZE"),
    "some metrics": ({"METRICS": "some"}, "METRICS"),
}
# Addresses that are none, whatever the scheme.
NO_ADDRESS = {
    "missing": None,
    "empty": "",
    "no scheme": "127.0.0.1:1234",
    "other scheme": "http://fastserve:secret@127.0.0.1:1234/0",
    "no host": "{scheme}://fastserve:secret@:1234/0",
    "port too large": "{scheme}://fastserve:secret@127.0.0.1:65536/0",
}
for scheme, needed in {"redis": {"CACHE_BACKEND": "redis"}, "mysql": {"DB_BACKEND": "mysql"}}.items():
    for case, url in NO_ADDRESS.items():
        name = f"{scheme.upper()}_URL"
        WRONG[f"{scheme} url {case}"] = ({**needed, name: url and url.format(scheme=scheme)}, name)


def ended(target: Target, settings: Settings, changes: dict[str, str | None]) -> subprocess.CompletedProcess[str]:
    """Run a target with some variables changed until it ends; fails when it does not within 30 s."""
    build = built(target.name)
    env: dict[str, str | None] = {**target_environment(target, build, settings=replace(settings, port=1)), **changes}
    told = {name: value for name, value in env.items() if value is not None}
    argv = [in_place(word, folder=target.folder, out=build.out) for word in target.run]
    return subprocess.run(argv, cwd=target.folder, env=told, capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_setting_is_one_line(target: Target, settings: Settings, name: str) -> None:
    """The line says which setting it was and what was expected, and nothing else is said: no password least of all."""
    changes, word = WRONG[name]
    if name == "pool below processes" and not has_processes(target):
        # One process may have as few connections as it likes.
        return

    process = ended(target, settings, changes)

    assert process.returncode != 0
    lines = (process.stdout + process.stderr).splitlines()
    assert len(lines) == 1, lines
    assert word in lines[0]
    assert "expected" in lines[0]
    assert "secret" not in lines[0]


def test_an_empty_database_is_refused(target: Target, settings: Settings, tmp_path: Path) -> None:
    """A file without a table of quotes is no database to start with."""
    empty = tmp_path / "empty.sqlite"
    empty.touch()

    process = ended(target, settings, {"SQLITE_PATH": str(empty)})

    assert process.returncode != 0
    assert "no such table: quotes" in process.stderr
