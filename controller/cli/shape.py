"""How all commands look: examples under their help, and columns that line up."""

from collections.abc import Sequence
from pathlib import Path

from controller.units import MIB


def examples(*lines: str) -> str:
    """Return what stands under a command's help; click leaves the lines as they are."""
    return "\n".join(("\b", "Examples:" if len(lines) > 1 else "Example:", *(f"  {line}" for line in lines)))


def columns_text(rows: Sequence[Sequence[str]], *, right: frozenset[int] = frozenset()) -> str:
    """Return rows as lines whose cells line up, two spaces apart; `right` names the columns that end in a line.

    Rows may have fewer cells than others. Returns an empty text without rows.
    """
    width_of = [max(len(row[i]) for row in rows if i < len(row)) for i in range(max(map(len, rows), default=0))]
    return "\n".join(_line(row, width_of, right) for row in rows)


def size_text(size_bytes: int) -> str:
    """Return a size on disk in MiB, a decimal below ten."""
    size = size_bytes / MIB
    return f"{size:,.1f} MiB" if size < 10 else f"{size:,.0f} MiB"


def shown_path(path: Path) -> str:
    """Return a path as the reader would type it here: relative where it lies below the current folder."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _line(row: Sequence[str], width_of: Sequence[int], right: frozenset[int]) -> str:
    cells = (
        cell.rjust(width) if i in right else cell.ljust(width)
        for i, (cell, width) in enumerate(zip(row, width_of, strict=False))
    )
    return "  ".join(cells).rstrip()
