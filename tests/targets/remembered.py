"""What passed for a target before, with the very same content: `make test` does not run it again.

A build's key is made of a target's folder and its tools. With all that a test of it goes through beside (FastServe
itself, the tests, the contract, the settings and versions of backing services) it names what a result is of: as
compilers keep what they built, and go the results of its tests. Another cache folder knows nothing.
"""

import hashlib
import os
import platform
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from controller.plan.target import Target
from controller.stack.build import find_build
from controller.stack.cache import cache_folder, made_folder
from controller.stack.versions import tool_version

ROOT = Path(__file__).parents[2]
_CONTENT = ("controller", "tests", "locustfiles", "compose", "servers/contract")
_FILES = ("pyproject.toml", "requirements.lock", "requirements-dev.lock")
_TOOLS = ("redis-server", "mariadbd")
_PASSED = pytest.StashKey[bool]()
# Of builds that were looked for: to look takes a while.
_keys: dict[str, str | None] = {}


def asked_for() -> bool:
    """Whether results are kept and heeded: for who runs a single test, it runs."""
    return os.environ.get("FASTSERVE_REMEMBER") == "1"


def split(items: list[pytest.Item], targets: Mapping[str, Target]) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """Return the tests that are to run, and those that have passed for the same content."""
    if not asked_for():
        return items, []
    places = {item: place for item in items if (place := _place(item, targets)) is not None}
    known = [item for item, place in places.items() if place.exists()]
    gone = set(known)
    return [item for item in items if item not in gone], known


def heed(item: pytest.Item, report: pytest.TestReport, targets: Mapping[str, Target]) -> None:
    """Keep that a test has passed, once it has come to its end."""
    item.stash[_PASSED] = item.stash.get(_PASSED, True) and report.passed
    if not (asked_for() and report.when == "teardown" and item.stash[_PASSED]):
        return
    if (place := _place(item, targets)) is not None:
        made_folder(place.parent)
        place.touch()


def _place(item: pytest.Item, targets: Mapping[str, Target]) -> Path | None:
    """Return the file that stands for a test's result; None for a test that is of no target that is built."""
    callspec = getattr(item, "callspec", None)
    name = None if callspec is None else callspec.params.get("target")
    if item.path.parent != Path(__file__).parent or not isinstance(name, str) or name not in targets:
        return None
    if name not in _keys:
        build = find_build(targets[name])
        _keys[name] = None if build is None else build.key
    if (key := _keys[name]) is None:
        return None
    told = hashlib.sha256(f"{key} {_content()} {item.nodeid}".encode()).hexdigest()
    return cache_folder() / "passed" / told[:2] / told


@cache
def _content() -> str:
    """Return a digest of all that tests of targets go through beside the target itself."""
    digest = hashlib.sha256()
    for path in _paths():
        digest.update(f"{path.relative_to(ROOT)}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    for text in (platform.release(), platform.python_version(), *(f"{tool} {tool_version(tool)}" for tool in _TOOLS)):
        digest.update(f"{text}\0".encode())
    return digest.hexdigest()


def _paths() -> Iterator[Path]:
    yield from (ROOT / name for name in _FILES)
    for name in _CONTENT:
        files = (path for path in (ROOT / name).rglob("*") if path.is_file() and "__pycache__" not in path.parts)
        yield from sorted(files)
