"""The last lines of a log, safe to show in a terminal."""

from pathlib import Path

_READ_BYTES = 16 * 1024


def last_lines(log: Path, *, lines: int) -> str:
    """Return the last lines of a file that are not blank, without control characters; empty when there are none."""
    try:
        with log.open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _READ_BYTES))
            text = file.read().decode("utf-8", errors="replace")
    except FileNotFoundError:
        return ""
    shown = [_printable(line) for line in text.splitlines() if line.strip()]
    return "\n".join(shown[-lines:])


def _printable(line: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in line).rstrip()[:500]
