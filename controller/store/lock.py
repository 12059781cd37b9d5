"""The lock of a run folder: one writer at a time, and a word on who it is."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from controller.errors import StoreError
from controller.store.files import writing

_LOCK = "lock"
# Who only asks (writer_of) holds the lock for an instant: a writer does not give up for that.
_TRIES, _PAUSE_S = 4, 0.05


@contextmanager
def run_lock(path: Path) -> Iterator[None]:
    """Be the only writer of a run folder. Raises StoreError, naming the other writer, if there is one.

    The lock is the system's own: it ends with its process, however that ends.
    """
    with writing(path):
        fd = os.open(path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        if not _locked_soon(fd):
            raise StoreError(
                f"{path}: expected no other writer, found {_holder(fd)} writing to this run; wait for it or stop it"
            )
        with writing(path):
            os.ftruncate(fd, 0)
            os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        # A forked child may hold a copy of fd: closing this one alone would leave the lock with it.
        fcntl.flock(fd, fcntl.LOCK_UN)
        os.close(fd)


def writer_of(path: Path) -> str | None:
    """Return who writes to a run folder now ("process 1234"); None if nobody does."""
    try:
        fd = os.open(path / _LOCK, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return None if _locked(fd, shared=True) else _holder(fd)
    finally:
        os.close(fd)


def _locked_soon(fd: int) -> bool:
    for _ in range(_TRIES):
        if _locked(fd):
            return True
        time.sleep(_PAUSE_S)
    return False


def _locked(fd: int, *, shared: bool = False) -> bool:
    try:
        fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(fd: int) -> str:
    pid = os.pread(fd, 32, 0).strip()
    return f"process {int(pid)}" if pid.isdigit() else "another process"
