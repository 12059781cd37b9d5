"""Append-only files of JSON lines: one writer, any number of readers, whole lines only.

A line counts once its newline is on file. What a killed writer left of its last line is not data:
readers stop before it and the next writer takes it off.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from controller.errors import StoreError

_BLOCK_BYTES = 65_536


class LineFile:
    """The one writer of a file of JSON lines; each line is with the operating system when append returns.

    cut_off is what opening had to take off the end of the file, in words, None if nothing.
    """

    def __init__(self, path: Path) -> None:
        """Open a file to append to; it is made if missing. Raises StoreError where that cannot be."""
        self.path = path
        self.cut_off = take_off_cut_line(path)
        try:
            self._fd = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StoreError(f"{path}: expected a file to append to, found: {error.strerror}") from error

    def append(self, row: Mapping[str, Any]) -> None:
        """Write one line. Raises StoreError when it cannot be written whole: then nothing of it stays."""
        data = (json.dumps(row, separators=(",", ":"), allow_nan=False) + "\n").encode("ascii")
        end = os.lseek(self._fd, 0, os.SEEK_END)
        try:
            while data:
                data = data[os.write(self._fd, data) :]
        except OSError as error:
            # Taking bytes back needs no space. Where even that fails, readers leave the cut-off line out.
            with suppress(OSError):
                os.ftruncate(self._fd, end)
            raise StoreError(
                f"{self.path}: expected to append a line, found: {error.strerror}; "
                "what was written before is kept: make room, then go on with --resume"
            ) from error

    def close(self) -> None:
        """Close the file. Raises StoreError when the file system only now says that it lost something."""
        try:
            os.fsync(self._fd)
        except OSError as error:
            raise StoreError(f"{self.path}: expected to be kept, found: {error.strerror}") from error
        finally:
            os.close(self._fd)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self.close()


def read_lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (line number from 1, row) of every whole line, one at a time; nothing where there is no file.

    A cut-off last line is left out (cut_off_bytes tells of it). Raises StoreError, naming file and line,
    for any other line that is not a JSON object.
    """
    try:
        end, _ = _whole_of(path)
        with path.open("rb") as lines:
            number = 0
            while lines.tell() < end:
                number += 1
                yield number, parsed(lines.readline(), where=f"{path}, line {number}")
    except FileNotFoundError:
        return
    except OSError as error:
        raise StoreError(f"{path}: expected a readable file, found: {error.strerror}") from error


def parsed(line: bytes, *, where: str) -> dict[str, Any]:
    """Return the JSON object of one line. Raises StoreError, saying where, if it is none."""
    try:
        row = json.loads(line.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise StoreError(f"{where}: expected a whole JSON line, found a damaged one ({error})") from error
    if not isinstance(row, dict):
        raise StoreError(f"{where}: expected a JSON object, found {line[:40]!r}")
    return row


def cut_off_bytes(path: Path) -> int:
    """Return how many bytes at the end of a file are a cut-off line; 0 if all lines are whole or there is no file."""
    try:
        whole, size = _whole_of(path)
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise StoreError(f"{path}: expected a readable file, found: {error.strerror}") from error
    return size - whole


def take_off_cut_line(path: Path) -> str | None:
    """Take a cut-off last line off a file and say so; None where there was nothing to do, or no file."""
    lost = cut_off_bytes(path)
    if not lost:
        return None
    try:
        os.truncate(path, path.stat().st_size - lost)
    except OSError as error:
        raise StoreError(f"{path}: expected a file to append to, found: {error.strerror}") from error
    return f"{path}: the last line was cut off: {lost} bytes taken off, everything before kept"


def _whole_of(path: Path) -> tuple[int, int]:
    """Return how many bytes, from the start, are whole lines, and how many there are; a file may grow meanwhile."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        start, line = _last_line(file.fileno(), size)
    if not line:
        return size, size
    try:
        parsed(line, where="last line")
    except StoreError:
        return start, size
    return (size if line.endswith(b"\n") else start), size


def _last_line(fd: int, size: int) -> tuple[int, bytes]:
    """Return offset and bytes of the last line of a file of that size: found from its end, whatever its size."""
    tail, start = b"", size
    while start > 0 and b"\n" not in tail[:-1]:
        step = min(_BLOCK_BYTES, start)
        start -= step
        tail = os.pread(fd, step, start) + tail
    cut = tail[:-1].rfind(b"\n") + 1
    return start + cut, tail[cut:]


def _refuse_constant(name: str) -> float:
    """Refuse NaN and the infinities: JSON has none, and no number here may be one."""
    raise ValueError(f"{name} is not a number")
