"""What a terminal shows while a run goes on, and in which state it is left."""

import os
import pty
import re
import select
import signal
import subprocess
import termios
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import FASTSERVE
from tests.e2e.command import WENT_WELL, Machine, rows_of
from tests.e2e.project import add_plan, add_server

WITHIN_S = 90.0
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"
# What a terminal is told to do: CSI sequences, among them colours, movements and erasing.
CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


@pytest.fixture
def small(project: Path) -> Path:
    """A project with one server and a plan of one trial."""
    add_server(project, "plain")
    add_plan(project, "small", "plain")
    return project


def in_terminal(
    project: Path, machine: Machine, *, term: str = "xterm-256color", when: Callable[[str], bool] | None = None
) -> tuple[int, str, bool]:
    """Run the plan in a terminal of 100 columns; press Ctrl-C once a text is shown for which `when` holds.

    Returns the status, all that the terminal was sent, and whether its settings are as before.
    """
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(ours, (30, 100))
    before = termios.tcgetattr(theirs)
    process = subprocess.Popen(
        ["setsid", "--ctty", FASTSERVE, "run", "small"],
        cwd=project,
        env=machine.environment({"TERM": term, "COLUMNS": "", "LINES": ""}),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    shown, until_s = "", time.monotonic() + WITHIN_S
    try:
        while (ended := process.poll()) is None or select.select([ours], [], [], 0.1)[0]:
            assert time.monotonic() < until_s, shown
            if select.select([ours], [], [], 0.1)[0]:
                shown += os.read(ours, 65536).decode()
            if when is not None and when(shown):
                os.write(ours, b"\x03")
                when = None
        return ended, shown, termios.tcgetattr(theirs) == before
    finally:
        process.kill()
        process.wait()
        os.close(ours)
        os.close(theirs)


def plain_lines(shown: str) -> list[str]:
    """Return the lines of what a terminal was sent, without what only moves or colours."""
    return re.split(r"[\r\n]+", CONTROL.sub("", shown))


def test_a_terminal_is_redrawn_and_left_as_it_was(small: Path, machine: Machine) -> None:
    """Place, phase and figures are shown and taken away again; the tables stand last, and the cursor is back."""
    status, shown, same = in_terminal(small, machine)
    lines = plain_lines(shown)

    assert status in WENT_WELL, shown
    assert same
    assert "block 1 of 1" in shown
    assert re.search(r"measuring +1 s", shown)
    assert shown.count(HIDE) == shown.count(SHOW) == 1
    assert shown.index(SHOW) < shown.rindex("requests/s")
    assert "\x1b[?1049h" not in shown
    assert [line for line in lines if len(line) > 100 and "fastserve-runs" not in line] == []


def test_ctrl_c_in_a_terminal(small: Path, machine: Machine) -> None:
    """The key reaches the command alone and not its servers: the run ends in order, and the terminal is sane."""
    status, shown, same = in_terminal(small, machine, when=lambda shown: "warming up" in shown)
    rows = rows_of(small / "fastserve-runs" / "latest" / "trials.csv")

    assert status == 130, shown
    assert same
    assert "Traceback" not in shown
    assert {row["outcome"] for row in rows} == {"interrupted"}
    assert shown.count(HIDE) == shown.count(SHOW) == 1


def test_a_dumb_terminal_gets_plain_lines(small: Path, machine: Machine) -> None:
    """TERM=dumb is told nothing that it could not do."""
    status, shown, same = in_terminal(small, machine, term="dumb")

    assert status in WENT_WELL, shown
    assert same
    assert "\x1b" not in shown
    assert "trial 1 of 1  plain health: " in shown


def test_a_reader_that_leaves_ends_nothing(small: Path, machine: Machine) -> None:
    """`fastserve run ... | head -1` prints a line; the run ends quietly with its tables written."""
    done = in_shell('fastserve run small 2>&1 | head -1; exit "${PIPESTATUS[0]}"', small, machine)

    assert done.stdout == "small: 1 target x 1 scenario x 1 block = 1 trial, about 00:04\n"
    assert done.stderr == ""
    assert done.returncode in {*WENT_WELL, 128 + signal.SIGPIPE}
    assert rows_of(small / "fastserve-runs" / "latest" / "summary.csv")


def in_shell(script: str, project: Path, machine: Machine) -> subprocess.CompletedProcess[str]:
    """Run a line of shell in a project."""
    return subprocess.run(
        ["bash", "-c", script.replace("fastserve", f'"{FASTSERVE}"')],
        cwd=project,
        env=machine.environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=WITHIN_S,
    )


def test_nowhere_to_write_ends_no_run(small: Path, machine: Machine) -> None:
    """With stdout closed and stderr on a full disk nobody hears anything, and the tables are written."""
    done = in_shell("fastserve run small >&- 2>/dev/full", small, machine)

    assert done.returncode in WENT_WELL
    assert rows_of(small / "fastserve-runs" / "latest" / "summary.csv")


def test_output_to_a_full_disk_is_one_line(small: Path, machine: Machine) -> None:
    """What was found does not get lost in silence."""
    done = in_shell("fastserve plan show small >/dev/full", small, machine)

    assert done.returncode == 5
    assert done.stderr == "Error: expected to write what was found, found: No space left on device\n"
