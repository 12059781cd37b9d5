"""Rules a single value must keep, each with the words that say what was expected."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeGuard

from controller.errors import PlanError
from controller.plan.toml_text import found_text

DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Rule:
    """A test of one value as TOML gives it, and what an error line calls the expected value."""

    expected: str
    accepts: Callable[[object], bool]


def whole(low: int, high: int) -> Rule:
    """Accept whole numbers from low to high; true and 3.0 are none."""
    return Rule(
        f"a whole number from {low:,} to {high:,}",
        lambda value: type(value) is int and low <= value <= high,
    )


def number(low: float, high: float) -> Rule:
    """Accept finite numbers from low to high, both included."""
    return Rule(f"a number from {low:,} to {high:,}", lambda value: _is_number(value) and low <= value <= high)


def number_above(low: float, high: float) -> Rule:
    """Accept finite numbers above low and at most high."""
    return Rule(f"a number above {low:,}, at most {high:,}", lambda value: _is_number(value) and low < value <= high)


def _is_number(value: object) -> TypeGuard[float]:
    return type(value) in (int, float)


def one_of(*choices: str) -> Rule:
    """Accept any of some words."""
    words = [f'"{choice}"' for choice in choices]
    listed = " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
    return Rule(listed, lambda value: isinstance(value, str) and value in choices)


def text_like(expected: str, pattern: str) -> Rule:
    """Accept strings that match a pattern as a whole."""
    compiled = re.compile(pattern)
    return Rule(expected, lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None)


def either(expected: str, *rules: Rule) -> Rule:
    """Accept what any of some rules accepts."""
    return Rule(expected, lambda value: any(rule.accepts(value) for rule in rules))


FLAG = Rule("true or false", lambda value: type(value) is bool)
TABLE = Rule("a table", lambda value: isinstance(value, dict))
LIST = Rule("a list", lambda value: isinstance(value, list))
LINE = text_like("one line of text, at most 1,000 characters", r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]{1,1000}")
NAME = text_like(
    "a name of a-z, 0-9, ., _ and -, at most 64 characters, that starts with a letter or digit",
    r"[a-z0-9][a-z0-9._-]{0,63}",
)
PATH = text_like("a path: starts with /, printable ASCII, no space, no #", r"/[!\"$-~]*")


def hold(value: object, rules: Mapping[str, Rule]) -> None:
    """Raise PlanError unless a value's fields keep the rules of the same names; None means not set."""
    for name, rule in rules.items():
        field = getattr(value, name)
        if field is not None and not rule.accepts(field):
            raise PlanError(f"{type(value).__name__}.{name}: expected {rule.expected}, found {found_text(field)}")
