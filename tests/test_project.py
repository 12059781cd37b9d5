"""The project as a newcomer gets it: locks, make, and a wheel that can stand alone."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from controller import __version__
from tests.needs import require
from tests.sources import ROOT

LOCKS = sorted(path for path in ROOT.glob("requirements*.lock"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def entries(lock: Path) -> dict[str, str]:
    """Return the requirements of a lock, name and version, each with all that belongs to it."""
    text = re.sub(r"\s*\\\n\s*", " ", lock.read_text(encoding="utf-8"))
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    return {line.split("==")[0]: line for line in lines}


def named(requirement: str) -> str:
    """Return the name in a requirement."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found is not None
    return found[0].lower()


def test_every_dependency_is_locked_with_its_hashes() -> None:
    """Nothing is installed that is not written down, and nothing is written down without a hash."""
    runtime, dev = (entries(ROOT / name) for name in ("requirements.lock", "requirements-dev.lock"))

    assert {named(requirement) for requirement in (*PROJECT["dependencies"], "hatchling")} <= runtime.keys()
    assert {named(requirement) for requirement in PROJECT["optional-dependencies"]["dev"]} <= dev.keys()
    assert [
        line for line in (*runtime.values(), *dev.values()) if "==" not in line or "--hash=sha256:" not in line
    ] == []


def test_both_locks_agree() -> None:
    """What tests add changes no version of what a run uses."""
    runtime, dev = (entries(ROOT / name) for name in ("requirements.lock", "requirements-dev.lock"))

    assert [name for name in runtime.keys() & dev.keys() if runtime[name] != dev[name]] == []


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_names_no_place(lock: Path) -> None:
    """A lock holds on every machine: no index, no host, no folder."""
    assert (
        re.findall(r"https?:|--(?:extra-)?index-url|--find-links|--trusted-host|file:|\B/\w+", lock.read_text()) == []
    )


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with what make needs, and no environment yet."""
    require("make")
    for name in ("Makefile", "pyproject.toml", "requirements.lock", "requirements-dev.lock"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def make(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run make in a bare environment."""
    env = {"PATH": "/usr/bin:/bin", "HOME": str(checkout)}
    command = ["make", *arguments]
    return subprocess.run(command, cwd=checkout, env=env, capture_output=True, text=True, timeout=60, check=False)


def python_that(checkout: Path, body: str) -> str:
    """Write a program that stands for another Python, and return its path."""
    path = checkout / "python"
    path.write_text(f'#!/bin/sh\n{body}\nexec {sys.executable} "$@"\n')
    path.chmod(0o755)
    return f"PYTHON={path}"


def test_make_says_what_it_can_do(checkout: Path) -> None:
    """`make help`, and `make` alone, list the commands."""
    said = make(checkout).stdout

    assert said == make(checkout, "help").stdout
    assert {line.split()[1] for line in said.splitlines()} >= {"bench", "test", "check", "e2e", "benchmark", "clean"}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ('[ "$1" = --version ] && { echo Python 3.9.2; exit; }; exit 1', "found Python 3.9.2"),
        ('[ "$1" = -m ] && exit 1', "apt-get install python3-venv"),
    ],
    ids=["an old Python", "no venv"],
)
def test_make_says_what_is_missing(body: str, said: str, checkout: Path) -> None:
    """A Python that will not do is refused in one line that says what to do, and nothing is left behind."""
    done = make(checkout, "bench", python_that(checkout, body))

    assert done.returncode == 2
    assert done.stdout == ""
    assert said in done.stderr.splitlines()[0]
    assert not (checkout / ".venv").exists()


def test_make_without_any_python(checkout: Path) -> None:
    """Where there is no Python, the line names the package."""
    done = make(checkout, "bench", "PYTHON=no-such-python")

    assert "apt-get install python3 python3-venv" in done.stderr.splitlines()[0]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel that this checkout builds."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "--wheel-dir",
        folder,
        ROOT,
    ]
    subprocess.run(command, check=True, timeout=120)
    (built,) = folder.glob("*.whl")
    return built


def test_a_wheel_carries_a_project_of_its_own(wheel: Path) -> None:
    """All files of servers, plans, Locust files and services are in it, and nothing else of the checkout."""
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tracked = subprocess.run(
        ["git", "ls-files", "servers", "plans", "locustfiles", "compose"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert wheel.name == f"fastserve-{__version__}-py3-none-any.whl"
    assert {f"controller/_project/{name}" for name in tracked.stdout.split()} <= set(names)
    assert {name.split("/")[0] for name in names} == {"controller", f"fastserve-{__version__}.dist-info"}
    assert [name for name in names if "__pycache__" in name or name.endswith(".pyc")] == []


def test_a_wheel_runs_where_there_is_no_checkout(wheel: Path, tmp_path: Path) -> None:
    """Unpacked elsewhere, it lists its servers and resolves its plan."""
    site, empty = tmp_path / "site", tmp_path / "empty"
    empty.mkdir()
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    env = {**os.environ, "PYTHONPATH": str(site), "PYTHONSAFEPATH": "1"}
    script = "import controller, sys; print(controller.__file__); from controller.__main__ import main; main()"

    done = subprocess.run(
        [sys.executable, "-c", script, "plan", "show", "quick"],
        cwd=empty,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout.splitlines()[0] == str(site / "controller" / "__init__.py")
    assert 'name = "quick"' in done.stdout
