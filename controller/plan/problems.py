"""What is wrong with a file: gathered while it is checked, raised as one error."""

from collections.abc import Collection, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Final

from controller.errors import PlanError
from controller.plan.rules import TABLE, Rule
from controller.plan.toml_text import KeyPath, found_text, path_text

MOST_SHOWN: Final = 50
_WIDEST: Final = 48


class Problems:
    """Gathers the problems of one file; keys that an override set are named as its."""

    def __init__(self, file: str) -> None:
        self._file = file
        self.overridden: Collection[KeyPath] = ()
        # A mapping keeps the order, and says a thing once that several scenarios run into.
        self._found: dict[tuple[str, str], None] = {}

    def add(self, path: KeyPath, text: str) -> None:
        """Note what is wrong at a key path; the empty path is the whole file."""
        prefix = "--set " if any(path[: len(key)] == key for key in self.overridden) else ""
        self._found[prefix + path_text(path), text] = None

    def add_override(self, text: str) -> None:
        """Note what is wrong with an override that could not be merged."""
        self._found["--set", text] = None

    def expect(self, value: object, rule: Rule, path: KeyPath) -> bool:
        """Return whether a value keeps a rule, and note it where it does not."""
        if not rule.accepts(value):
            self.add(path, f"expected {rule.expected}, found {found_text(value)}")
            return False
        return True

    def unknown(self, key: str, known: Iterable[str], path: KeyPath, *, what: str = "key") -> None:
        """Note a word that is none of the known ones, with the closest of them."""
        # Some known words are the plan's own, and may be as wrong as the unknown one.
        known = [word for word in known if word.isprintable() and len(word) <= 64]
        listed = f"known are {', '.join(known)}" if known else "none is known"
        # Comparing is slow: past what is shown anyway it would only take time.
        close = get_close_matches(key[:64], known, n=1) if len(self._found) < MOST_SHOWN else []
        hint = f"; did you mean {close[0]}?" if close else ""
        self.add(path, f"unknown {what}; {listed}{hint}")

    def unknown_word(self, word: object, known: Iterable[str], path: KeyPath, *, what: str) -> None:
        """Note a name that is none of the known ones, or no name at all; what says whose name was expected."""
        self.unknown(word if isinstance(word, str) else "", known, path, what=f"{what} {found_text(word)}")

    def raise_any(self) -> None:
        """Raise PlanError with all that was noted; return when nothing was."""
        if self._found:
            raise PlanError(self._text())

    def _text(self) -> str:
        if len(self._found) == 1:
            ((where, text),) = self._found
            return f"{self._file}: {where}: {text}" if where else f"{self._file}: {text}"
        shown = list(self._found)[:MOST_SHOWN]
        width = min(_WIDEST, max(len(where) for where, _ in shown))
        lines = [f"{self._file}: {len(self._found):,} problems"]
        lines += [f"  {where:<{width}}  {text}" for where, text in shown]
        if more := len(self._found) - len(shown):
            lines.append(f"  and {more:,} more")
        return "\n".join(lines)


def check_table(
    table: object,
    path: KeyPath,
    *,
    rules: Mapping[str, Rule],
    problems: Problems,
    required: Iterable[str] = (),
) -> dict[str, Any]:
    """Check a table's keys and values; return those that are right, in the order of the rules.

    Anything that is no table leads to one problem and an empty answer.
    """
    if not isinstance(table, dict):
        problems.expect(table, TABLE, path)
        return {}
    for key in table:
        if key not in rules:
            problems.unknown(key, rules, (*path, key))
    for key in required:
        if key not in table:
            problems.add((*path, key), f"expected {rules[key].expected}, found nothing")
    return {
        key: table[key]
        for key, rule in rules.items()
        if key in table and problems.expect(table[key], rule, (*path, key))
    }
