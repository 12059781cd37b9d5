"""Folders and files that only their owner may read, gone with their block: there backing services have their data."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from controller.errors import StackError
from controller.units import MIB, MIB_PER_GIB

_PREFIX: Final = "fastserve-backing-"


# Files in memory, where Linux has room for them.
_MEMORY: Final = Path("/dev/shm")
_MEMORY_BYTES: Final = 2 * MIB_PER_GIB * MIB


@contextmanager
def private_folder(*, in_memory: bool = False) -> Iterator[Path]:
    """Have a new temporary folder for the time of the block; those that killed processes left are removed first.

    in_memory is for what writes much while it is measured, which would be a measure of the disk; it is on a disk all
    the same where there are not 2 GiB to spare. Raises StackError where none can be made.
    """
    _remove_abandoned()
    root = _memory() if in_memory else None
    try:
        # Only its owner may enter it: mkdtemp makes it so.
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=root))
    except OSError as error:
        raise StackError(f"expected to make a folder in {tempfile.gettempdir()}, found: {error.strerror}") from error
    held = _held(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if held is not None:
            os.close(held)


def write_private(path: Path, text: str) -> Path:
    """Write a file that nobody else may read, not even for a moment, and return its path."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123, only so it never has another mode
        file.write(text)
    return path


def _memory() -> Path | None:
    """Return where files are in memory; None where they cannot be, or not as many."""
    try:
        roomy = shutil.disk_usage(_MEMORY).free >= _MEMORY_BYTES
    except OSError:
        return None
    return _MEMORY if roomy and os.access(_MEMORY, os.W_OK | os.X_OK) else None


def _remove_abandoned() -> None:
    """Remove folders whose makers are gone: those hold a lock for as long as they live."""
    roots = (Path(tempfile.gettempdir()), _MEMORY)
    for folder in (folder for root in roots for folder in root.glob(f"{_PREFIX}*")):
        # Another user's, or removed by its maker meanwhile.
        with suppress(OSError):
            if folder.lstat().st_uid == os.getuid() and (held := _held(folder)) is not None:
                shutil.rmtree(folder, ignore_errors=True)
                os.close(held)


def _held(folder: Path) -> int | None:
    """Lock a folder and return the descriptor that holds the lock; None where another process has it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
