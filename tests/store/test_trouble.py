"""What goes wrong under a writer: killed at any moment, no space left, nowhere to write."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from controller.errors import StoreError
from controller.store.journal import WINDOWS, Journal, next_order, read_journal, read_windows
from controller.store.lock import run_lock, writer_of
from controller.store.runs import list_runs
from tests.needs import unmet
from tests.store.samples import AT, new_run, trial_of, windows_of

WRITER = """
import sys
from pathlib import Path
from controller.store.journal import Journal, next_order
from controller.store.lock import run_lock
from tests.store.samples import AT, trial_of, windows_of

folder = Path(sys.argv[1])
with run_lock(folder), Journal(folder) as journal:
    for order in range(next_order(folder), 1_000_000):
        for window in windows_of(order, 20):
            journal.append_window(window, at=AT)
            print(order, window.index, flush=True)
        journal.append_trial(trial_of(order))
"""


NO_SPACE = r"windows\.jsonl.*No space left on device"


def append_windows(journal: Journal, n: int) -> None:
    """Store so many windows of one trial."""
    for window in windows_of(1, n):
        journal.append_window(window, at=AT)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB, by a real mount where that is allowed."""
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    if not mounted:
        unmet("a file system cannot be mounted here")
    try:
        yield tmp_path
    finally:
        subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


@pytest.mark.parametrize("seed", range(6))
def test_kill_9_loses_at_most_the_window_being_written(tmp_path: Path, seed: int) -> None:
    """Every window that the writer said it had stored is there, also after a second writer was killed."""
    run = new_run(tmp_path)
    acknowledged: list[tuple[int, int]] = []
    for _ in range(2):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(run.path)], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(Random(seed).uniform(0, 0.05))
            writer.kill()
            said = [line.split() for line in writer.stdout.read().splitlines(keepends=True) if line.endswith(b"\n")]
        acknowledged += [(int(order), int(index)) for order, index in said]
        assert writer_of(run.path) is None

    stored = [(window.order, window.index) for window in read_windows(run.path)]
    reading = read_journal(run.path)

    assert set(acknowledged) <= set(stored)
    assert len(stored) == len(set(stored))
    assert next_order(run.path) > max(order for order, _ in stored)
    assert len(reading.trials) >= len({order for order, index in acknowledged if index == 0}) - 2


def test_a_full_disk_is_one_line_and_keeps_what_was_before(small_disk: Path) -> None:
    """A real file system without space: a StoreError that says so, and every whole window is there."""
    run = new_run(small_disk)
    with Journal(run.path) as journal, pytest.raises(StoreError, match=NO_SPACE) as raised:
        append_windows(journal, 10_000)
    stored = list(read_windows(run.path))

    assert "\n" not in str(raised.value)
    assert stored == windows_of(1, len(stored)) != []
    assert read_journal(run.path).warnings == ()


def test_a_full_disk_ends_the_trial_too(small_disk: Path) -> None:
    """A trial one of whose windows could not be stored is never stored as whole, not even after room was made."""
    run = new_run(small_disk)
    ballast = small_disk / "ballast"
    with Journal(run.path) as journal:
        journal.append_window(windows_of(1, 1)[0], at=AT)
        with pytest.raises(OSError, match="No space"):
            ballast.write_bytes(bytes(1 << 20))
        with pytest.raises(StoreError, match=NO_SPACE):
            append_windows(journal, 1000)
        ballast.unlink()
        with pytest.raises(StoreError, match="No space"):
            journal.append_trial(trial_of(1))

    assert read_journal(run.path).trials == ()


def test_no_space_for_a_new_run_is_one_line(small_disk: Path) -> None:
    """The folder of a run that cannot be begun is refused, and is not listed as a run."""
    with pytest.raises(OSError, match="No space"):
        (small_disk / "ballast").write_bytes(bytes(1 << 20))

    with pytest.raises(StoreError, match="No space left on device"):
        new_run(small_disk)

    assert list_runs(small_disk) == []


def test_a_limit_on_file_size_is_one_line_too(tmp_path: Path) -> None:
    """Where the system refuses to let a file grow, half a line does not stay behind."""
    code = (
        "import resource, sys\nfrom pathlib import Path\nfrom controller.store.journal import Journal\n"
        "from controller.errors import StoreError\nfrom tests.store.samples import AT, windows_of\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "journal = Journal(Path(sys.argv[1]))\n"
        "try:\n    for window in windows_of(1, 1000): journal.append_window(window, at=AT)\n"
        "except StoreError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)

    assert "File too large" in done.stdout
    assert (tmp_path / WINDOWS).read_bytes().endswith(b"\n")
    assert 0 < len(list(read_windows(tmp_path))) < 10


@pytest.mark.parametrize("where", ["/proc/self", "/dev/null", "/dev/null/runs", "/proc/nobody/runs"])
def test_nowhere_to_write_is_one_line(where: str) -> None:
    """A folder that takes no files, a path that is a file or below one, a folder that cannot be made."""
    with pytest.raises(StoreError, match=r"^/(dev/null|proc).*: expected .*, found") as raised:
        new_run(Path(where))

    assert "\n" not in str(raised.value)


def test_a_journal_that_cannot_be_opened_is_one_line(tmp_path: Path) -> None:
    """A folder in the place of a file of the journal."""
    (tmp_path / WINDOWS).mkdir()

    with pytest.raises(StoreError, match=r"windows\.jsonl.*directory"):
        Journal(tmp_path)
    with pytest.raises(StoreError, match=r"windows\.jsonl.*directory"):
        read_journal(tmp_path)


def test_a_second_writer_is_refused_and_told_who(tmp_path: Path) -> None:
    """The lock names the process that holds it, ends with it, and is free again after kill -9."""
    run = new_run(tmp_path)
    with subprocess.Popen([sys.executable, "-c", WRITER, str(run.path)], stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        writer.stdout.readline()
        try:
            with pytest.raises(StoreError, match=f"process {writer.pid} "), run_lock(run.path):
                pass
            assert writer_of(run.path) == f"process {writer.pid}"
        finally:
            writer.send_signal(signal.SIGKILL)

    with run_lock(run.path):
        assert writer_of(run.path) == f"process {os.getpid()}"
    assert writer_of(run.path) is None
