"""The machine's lock: one holder, known by name."""

import os
import stat
from pathlib import Path

import pytest

from controller.errors import StackError
from controller.stack.lock import lock_holder, lock_path, machine_lock


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder for temporary files of this test, and so for its lock."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


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
