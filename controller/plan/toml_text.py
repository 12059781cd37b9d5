"""Values and key paths written as TOML, for resolved plans and for error lines."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from typing import TypeAlias

KeyPath: TypeAlias = tuple[str | int, ...]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPED = re.compile(r'["\\\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]')
_SHORT = 60


def quoted(text: str) -> str:
    """Return a TOML basic string; control characters and those that reorder a line are escaped."""
    return '"' + _ESCAPED.sub(lambda match: _escape(match[0]), text) + '"'


def _escape(character: str) -> str:
    return "\\" + character if character in '"\\' else f"\\u{ord(character):04x}"


def key_text(key: str) -> str:
    """Return a key as it is written in TOML: bare where that is possible."""
    return key if _BARE.fullmatch(key) else quoted(key)


def path_text(path: KeyPath) -> str:
    """Return a key path as one reads it: scenarios.a.requests[0].get; long keys are cut."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{key_text(_cut(part))}" for part in path)
    return text.removeprefix(".")


def _cut(text: str) -> str:
    return text if len(text) <= _SHORT + 4 else text[:_SHORT] + "..."


def toml_value(value: object) -> str:
    """Return a value as TOML on one line. Raises TypeError for what TOML has not."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Mapping):
        inside = ", ".join(f"{key_text(key)} = {toml_value(item)}" for key, item in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if isinstance(value, Sequence):
        return f"[{', '.join(toml_value(item) for item in value)}]"
    raise TypeError(f"TOML has no {type(value).__name__}")


def found_text(value: object) -> str:
    """Return what an error line says was found: short, on one line, whatever the value."""
    if isinstance(value, int) and abs(value) >= 2**63:
        return f"a whole number of {value.bit_length():,} bits"
    if isinstance(value, str):
        return quoted(value) if len(value) <= _SHORT else f"{quoted(value[:_SHORT])}... ({len(value):,} characters)"
    if isinstance(value, float):
        # With its point: 2.0 is no whole number.
        return repr(value)
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, list | tuple):
        plain = len(value) <= 4 and not any(isinstance(item, list | tuple | dict) for item in value)
        text = ", ".join(found_text(item) for item in value) if plain else ""
        return f"[{text}]" if plain and len(text) <= _SHORT else f"a list of {len(value):,}"
    return toml_value(value)
