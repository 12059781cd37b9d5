"""TOML text to tables, with every way in which that can fail as one line."""

import re
import stat
import tomllib
from pathlib import Path
from typing import Any, Final

from controller.errors import PlanError

MOST_BYTES: Final = 1024 * 1024
MOST_DEPTH: Final = 32

# tomllib takes time that grows with the square of the parts of one dotted key, so a long one is
# refused before. Possessive quantifiers keep this search itself linear.
_PART: Final = r"""(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')"""
_LONG_KEY: Final = re.compile(rf"(?<![A-Za-z0-9_-])(?:{_PART}[ \t]*+\.[ \t]*+){{{MOST_DEPTH},}}+")
_PLACE: Final = re.compile(r"(?P<reason>.*) \(at (?:line (?P<line>\d+), column \d+|end of document)\)", re.DOTALL)


def read_toml(path: Path) -> dict[str, Any]:
    """Read one file. Raises PlanError, naming the file, for whatever keeps it from being a table of values."""
    try:
        return parse_toml(_file_text(path))
    except ValueError as error:
        raise PlanError(f"{path}: {error}") from error
    except OSError as error:
        raise PlanError(f"{path}: cannot be read: {error.strerror}") from error


def parse_toml(text: str) -> dict[str, Any]:
    """Parse TOML. Raises ValueError with a reason that names the line."""
    if long := _LONG_KEY.search(text):
        raise ValueError(f"line {_line_of(text, long.start())}: a key of more than {MOST_DEPTH} parts")
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(_reason(str(error), text)) from error
    except RecursionError as error:
        raise ValueError("lists or tables are nested too deeply") from error
    except ValueError as error:
        # Python refuses whole numbers of more than some thousand digits with an error of its own.
        raise ValueError("not valid TOML: a number of too many digits") from error
    check_depth(table)
    return table


def _file_text(path: Path) -> str:
    """Return a file's text; raises ValueError for what is no readable text file, OSError as the system does."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        # A pipe or a device might never end.
        raise ValueError(f"expected a TOML file, found {'a folder' if stat.S_ISDIR(mode) else 'no regular file'}")
    with path.open("rb") as file:
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise ValueError(f"expected at most {MOST_BYTES:,} bytes, found more")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ValueError(f"line {line}: expected UTF-8 text, found the byte 0x{data[error.start]:02x}") from error


def _reason(message: str, text: str) -> str:
    """Return tomllib's message with the line in front; at the end of the document that is the last line."""
    if (place := _PLACE.fullmatch(message)) is None:
        return f"not valid TOML: {message}"
    line = place["line"] or _line_of(text.rstrip("\n"), len(text))
    return f"line {line}: not valid TOML: {place['reason']}"


def _line_of(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def check_depth(table: dict[str, Any]) -> None:
    """Raise ValueError for tables nested deeper than all later code may walk."""
    level: list[Any] = [table]
    for _ in range(MOST_DEPTH + 1):
        level = [item for value in level for item in _items(value)]
        if not level:
            return
    raise ValueError(f"lists or tables are nested more than {MOST_DEPTH} deep")


def _items(value: object) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
