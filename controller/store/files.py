"""Files of a run, read and written at the edge: what the file system refuses becomes one line."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from controller.errors import StoreError


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the file system refuses into one line."""
    try:
        yield
    except OSError as error:
        where = error.filename or path
        raise StoreError(f"{where}: expected to be able to write there, found: {error.strerror}") from error


def is_file(path: Path) -> bool:
    """Return whether there is such a file. Raises StoreError where one may not even look."""
    try:
        return path.is_file()
    except OSError as error:
        raise StoreError(f"{path}: expected a readable file, found: {error.strerror}") from error


def read_text(path: Path) -> str:
    """Return a file's text. Raises StoreError where it cannot be read or is no text."""
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{path}: expected a readable file, found: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise StoreError(f"{path}: expected UTF-8 text, found a damaged file ({error})") from error


def write_whole(path: Path, text: str) -> None:
    """Write a file that is there whole or not at all. Raises OSError, and leaves nothing half written."""
    # Beside its place, since only within one file system a rename is all or nothing.
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
    except OSError:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
