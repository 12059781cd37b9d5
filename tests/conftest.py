"""What all tests share: the real command, as a user runs it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

# The command of this very environment, so that an editable install and a wheel are tested alike.
FASTSERVE = Path(sys.executable).with_name("fastserve")
_WITHIN_S = 60.0

# Background jobs of a script start with these ignored, and what tests start would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

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
