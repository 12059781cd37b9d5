"""The machine's lock: one holder, known by name."""

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from controller.errors import StackError
from controller.stack.lock import lock_holder, lock_path, machine_lock


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder for temporary files of this test, and so for its lock."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


@contextmanager
def machine_lock_in(folder: str, label: str) -> Iterator[None]:
    """Hold the lock of another folder for temporary files."""
    before, tempfile.tempdir = tempfile.tempdir, folder
    try:
        with machine_lock(label):
            yield
    finally:
        tempfile.tempdir = before


def as_nobody(folder: str) -> str:
    """Try to take the lock as another user, and return what came of it."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.setgid(65534)
        os.setuid(65534)
        try:
            with machine_lock_in(folder, "second"):
                os.write(write_end, b"taken")
        except StackError as error:
            os.write(write_end, str(error).encode())
        finally:
            os._exit(0)
    os.close(write_end)
    os.waitpid(child, 0)
    with os.fdopen(read_end) as said:
        return said.read()


def test_a_second_run_is_refused_with_the_first_ones_name() -> None:
    """One line says who has the machine and what to do, and the lock can be had afterwards."""
    with machine_lock("first"):
        holder = lock_holder()
        words = rf"found first \(pid {os.getpid()}, since .* UTC\).*down"
        with pytest.raises(StackError, match=words) as caught, machine_lock("second"):
            pass
    with machine_lock("second"):
        pass

    assert holder is not None
    assert (holder.pid, holder.label) == (os.getpid(), "first")
    assert "\n" not in str(caught.value)
    assert lock_holder() is None


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"pid": 4000000, "label": "gone", "since": "then"}', b"[1]", b"\xff" * 9000]
)
def test_old_content_is_harmless(content: bytes) -> None:
    """Only the lock counts, not what an earlier holder or anybody else has written."""
    lock_path().write_bytes(content)
    assert lock_holder() is None
    with machine_lock("now"):
        holder = lock_holder()

    assert holder is not None
    assert holder.label == "now"


def test_every_user_can_take_it() -> None:
    """The umask of the first user does not keep others out."""
    before = os.umask(0o077)
    try:
        with machine_lock("first"):
            mode = stat.S_IMODE(lock_path().stat().st_mode)
    finally:
        os.umask(before)

    assert mode == 0o666


def test_another_user_can_take_it() -> None:
    """And is told who has it, as everybody else."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another user")
    # A folder like /tmp; that of the test is closed to others.
    with tempfile.TemporaryDirectory(dir="/tmp") as folder, machine_lock_in(folder, "first"):
        Path(folder).chmod(0o1777)
        refused = as_nobody(folder)
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        Path(folder).chmod(0o1777)
        with machine_lock_in(folder, "first"):
            pass
        taken = as_nobody(folder)

    assert f"found first (pid {os.getpid()}" in refused
    assert taken == "taken"


def test_links_are_not_followed(folder: Path) -> None:
    """In a folder that everybody can write to, a link may point at anybody's file."""
    victim = folder / "victim"
    victim.write_text("precious")
    lock_path().symlink_to(victim)
    with pytest.raises(StackError, match="expected to open the lock"), machine_lock("run"):
        pass

    assert victim.read_text() == "precious"


def test_what_is_no_file_is_refused(folder: Path) -> None:
    """A pipe in its place is one line, and no waiting."""
    os.mkfifo(lock_path())
    with pytest.raises(StackError, match="to be a file"), machine_lock("run"):
        pass
