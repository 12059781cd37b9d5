"""Keys of content: two runs whose keys are equal were measured by the same code and held to the same contract."""

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).resolve().parents[1]
# What acts on a measurement; a report in other words leaves runs comparable.
_MEASURING: Final = ("plan", "stack", "measure", "load", "plugin")
# What decides on right answers; the prose beside it does not.
_CONTRACT: Final = (".toml", ".yaml", ".csv")
_DIGITS: Final = 16


def code_key(package: Path = _PACKAGE) -> str | None:
    """Return the key of FastServe's own code that starts, loads and measures."""
    return _key(package, (path for room in _MEASURING for path in (package / room).rglob("*.py")))


def contract_key(servers: Path) -> str | None:
    """Return the key of the contract in a folder of servers; None where it has none."""
    folder = servers / "contract"
    return _key(folder, (path for path in folder.glob("*") if path.suffix in _CONTRACT))


def _key(root: Path, paths: Iterable[Path]) -> str | None:
    """Return the key of files by their names below root and their content; None without one that can be read."""
    digest = hashlib.sha256()
    found = sorted(paths)
    try:
        for path in found:
            for part in (path.relative_to(root).as_posix().encode(), path.read_bytes()):
                # Lengths in between: no two different lists of parts give the same bytes.
                digest.update(len(part).to_bytes(8, "big"))
                digest.update(part)
    except OSError:
        return None
    return digest.hexdigest()[:_DIGITS] if found else None
