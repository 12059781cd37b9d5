"""Settings given beside a plan, as --set KEY=VALUE in TOML, merged into its table before it is checked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from controller.plan.problems import Problems
from controller.plan.toml_text import KeyPath, found_text, path_text
from controller.plan.tomlfile import parse_toml

_BARE_WORD: Final = re.compile(r"[A-Za-z0-9._/:, -]{1,60}")


@dataclass(frozen=True, slots=True)
class Override:
    """A value and the path of the key it is for."""

    path: tuple[str, ...]
    value: Any


def read_overrides(texts: Sequence[str], problems: Problems) -> list[Override]:
    """Read overrides in their order; those that cannot be read become problems."""
    overrides = []
    for text in texts:
        try:
            overrides.append(_override_of(text))
        except ValueError as error:
            problems.add_override(str(error))
    return overrides


def merge_overrides(table: dict[str, Any], overrides: Sequence[Override], problems: Problems) -> dict[str, Any]:
    """Return the table with each override's value in its place; the last one for a key counts.

    A path through something that is no table becomes a problem. The table itself stays as it is.
    """
    for override in overrides:
        try:
            table = _with_value(table, override.path, override.value)
        except TypeError:
            problems.add_override(
                f"{path_text(override.path)}: expected a path through tables, found a value on the way"
            )
    return table


def _with_value(table: Any, path: tuple[str, ...], value: object) -> dict[str, Any]:
    """Return a table with one value replaced; raises TypeError where the path leads through no table."""
    if not isinstance(table, dict):
        raise TypeError(path[0])
    first, *rest = path
    return {**table, first: _with_value(table.get(first, {}), tuple(rest), value) if rest else value}


def _override_of(text: str) -> Override:
    """Read KEY=VALUE; raises ValueError with what was expected, and how to write it."""
    # A quoted key may hold an equals sign, so the first one after which the key is TOML counts.
    for end in (index for index, character in enumerate(text[:1000]) if character == "="):
        if (path := _key_path(text[:end])) is not None:
            return Override(path, _value(text[end + 1 :], path))
    raise ValueError(f"expected KEY=VALUE such as load.in_flight=128, found {found_text(text)}")


def _key_path(text: str) -> tuple[str, ...] | None:
    """Return the parts of a dotted key, or None for what is no key."""
    try:
        table: Any = parse_toml(f"{text} = 0") if text.isprintable() else {}
    except ValueError:
        return None
    path = []
    while isinstance(table, dict) and len(table) == 1:
        ((key, table),) = table.items()
        path.append(key)
    return tuple(path) if path and table == 0 else None


def _value(text: str, path: KeyPath) -> object:
    key, bare = path_text(path), text.strip()
    try:
        # Kept to one line, a second key cannot hide in a value.
        if text.isprintable():
            return parse_toml(f"value = {text}")["value"]
    except ValueError:
        pass
    problem = f"{key}: expected a value in TOML, found {found_text(bare)}"
    if _BARE_WORD.fullmatch(bare):
        problem += f"; strings need quotes: --set '{key}=\"{bare}\"'"
    raise ValueError(problem)
