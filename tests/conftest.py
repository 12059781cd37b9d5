"""What all tests share: the real command, as a user runs it."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import hypothesis
import pytest

from tests.alone import leave_the_network
from tests.dotnet import put_dotnet_on_path
from tests.targets.remembered import asked_for

# The command of this very environment, so that an editable install and a wheel are tested alike.
FASTSERVE = Path(sys.executable).with_name("fastserve")
_WITHIN_S = 60.0

# Background jobs of a script start with these ignored, and what tests start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# How long an example takes says more about the machine than about what it tries.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")

# Tests that measure, or hold what is measured to laws of time: folders, and modules of tests/load/.
_MEASURING = ("benchmarks",)
_OF_TIME = ("arrivals", "clocks", "conservation", "open", "open_fleet", "steps")


def pytest_report_header() -> list[str]:
    """Say that results are remembered, where they are."""
    said = "what passed for a target before, with the same content, is not run again: see tests/targets/remembered.py"
    return [said] if asked_for() else []


def pytest_configure(config: pytest.Config) -> None:
    """Let the tests find the .NET SDK that may lie beside the checkout, and share nothing with others of the session.

    Each process of a parallel session has a network and a temporary folder of its own, where the locks are too.
    """
    put_dotnet_on_path()
    if hasattr(config, "workerinput"):
        leave_the_network()
        # Short names: a socket's path has 107 bytes at most.
        tempfile.tempdir = os.environ["TMPDIR"] = tempfile.mkdtemp(prefix="fs-")
        config.option.basetemp = f"{tempfile.tempdir}/t"


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove that folder."""
    if hasattr(config, "workerinput") and tempfile.tempdir:
        shutil.rmtree(tempfile.tempdir, ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what must run alone."""
    for item in items:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        if folder in _MEASURING or (folder == "load" and item.path.stem.removeprefix("test_") in _OF_TIME):
            item.add_marker(pytest.mark.alone)


Fastserve = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def fastserve(tmp_path: Path) -> Fastserve:
    """Run the command with arguments in an empty folder (or `cwd`) and return what it said and its status."""

    def run(
        *arguments: object, cwd: Path = tmp_path, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [FASTSERVE, *map(str, arguments)],
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_WITHIN_S,
            check=False,
        )

    return run
