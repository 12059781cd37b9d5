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

_PREFIX: Final = "fastserve-backing-"


@contextmanager
def private_folder() -> Iterator[Path]:
    """Have a new temporary folder for the time of the block; those that killed processes left are removed first.

    Raises StackError where none can be made.
    """
    _remove_abandoned()
    try:
        # Only its owner may enter it: mkdtemp makes it so.
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX))
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


def _remove_abandoned() -> None:
    """Remove folders whose makers are gone: those hold a lock for as long as they live."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
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
