"""One run at a time on a machine: a lock that every user shares and that says who has it."""

import fcntl
import json
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from controller.errors import StackError

# After its controller was killed, a run's processes are ended within 3 s and hold the lock until then.
_ENDING_WITHIN_S = 6.0
_POLL_EVERY_S = 0.05
_LONGEST_CONTENT = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """Who has the lock: the controller's process id, the run's label, and since when (UTC)."""

    pid: int
    label: str
    since: str

    @property
    def text(self) -> str:
        """One phrase for a message."""
        return f"{self.label} (pid {self.pid}, since {self.since})"


def lock_path() -> Path:
    """Return the lock's file, the same for all users with the same folder for temporary files."""
    return Path(tempfile.gettempdir()) / "fastserve.lock"


@contextmanager
def machine_lock(label: str) -> Iterator[int]:
    """Hold this machine's lock for the time of the block and yield its descriptor, for supervise(lock_fd=...).

    Raises StackError, naming the holder, when a run has it.
    """
    descriptor = _open()
    try:
        _take(descriptor)
        holder = Holder(pid=os.getpid(), label=label, since=datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"))
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(asdict(holder)).encode(), 0)
        yield descriptor
    finally:
        # Closing and no unlocking: what is still being ended below a supervisor keeps the lock until it is gone.
        os.close(descriptor)


def lock_holder() -> Holder | None:
    """Return who has this machine's lock; None when it is free."""
    if not lock_path().exists():
        return None
    descriptor = _open()
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _holder(descriptor) or Holder(pid=0, label="a run that is just starting", since="now")
    finally:
        os.close(descriptor)
    return None


def _open() -> int:
    """Open the lock's file, made for all users when it is missing, and never through a link."""
    path = lock_path()
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        try:
            # Kernels refuse to open another user's file in /tmp with O_CREAT, so that is only for a new one.
            descriptor = os.open(path, flags)
        except FileNotFoundError:
            descriptor = _create(path, flags)
    except OSError as error:
        raise StackError(f"expected to open the lock of this machine at {path}, found: {error.strerror}") from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise StackError(f"expected the lock of this machine at {path} to be a file, found something else: remove it")
    return descriptor


def _create(path: Path, flags: int) -> int:
    try:
        descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:
        return os.open(path, flags)
    # The umask may have taken away what other users need.
    os.fchmod(descriptor, 0o666)
    return descriptor


def _take(descriptor: int) -> None:
    """Take the lock; wait only for what a dead run leaves behind."""
    until_s = time.monotonic() + _ENDING_WITHIN_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _holder(descriptor)
            if (holder is None or not Path(f"/proc/{holder.pid}").exists()) and time.monotonic() < until_s:
                time.sleep(_POLL_EVERY_S)
                continue
            who = holder.text if holder else "another one"
            raise StackError(
                f"expected to be the only run on this machine, found {who} ({lock_path()}): "
                "wait for it, or end what it has started with fastserve down --force"
            ) from None
        return


def _holder(descriptor: int) -> Holder | None:
    """Return what the holder has written; None before it has."""
    try:
        return Holder(**json.loads(os.pread(descriptor, _LONGEST_CONTENT, 0)))
    except (ValueError, TypeError):
        return None
