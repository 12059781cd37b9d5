"""What a request of a mix may say: its method and path, draws, body and expected answer."""

import re
from collections.abc import Iterator
from typing import Any, Final

from controller.plan.problems import Problems, check_table
from controller.plan.rules import PATH, TABLE, Rule, text_like, whole
from controller.plan.scenario import METHODS, REQUEST_RULES
from controller.plan.toml_text import KeyPath, found_text

_ANYTHING: Final = Rule("a value", lambda _: True)
_REQUEST_RULES: Final[dict[str, Rule]] = {
    **dict.fromkeys(METHODS, PATH),
    "weight": REQUEST_RULES["weight"],
    "draw": TABLE,
    "json": _ANYTHING,
    "expect": TABLE,
}
_TEXT: Final = text_like("text of at least one character", r"(?s:.{1,10000})")
_EXPECT_RULES: Final[dict[str, Rule]] = {
    "status": whole(100, 599),
    "length": whole(0, 2**31),
    "contains": _TEXT,
    "json": TABLE,
}
_PLACE: Final = re.compile(r"\{([a-z_][a-z0-9_]{0,63})\}")
_PLACE_NAME: Final = text_like("a name of a-z, 0-9 and _", r"[a-z_][a-z0-9_]{0,63}")
_WHOLE: Final = r"-?\d{1,15}"
_UNIFORM: Final = re.compile(rf"uniform\( ?({_WHOLE}) ?, ?({_WHOLE})")
_DRAW: Final = text_like(
    'a draw such as "uniform(1, 1000)", "zipf(1000, 1.1)", "sequence", "choice(a, b)" or "uuid"',
    rf"uuid|sequence|uniform\( ?{_WHOLE} ?, ?{_WHOLE} ?\)|zipf\( ?[1-9]\d{{0,8}} ?, ?\d{{1,3}}(\.\d{{1,9}})? ?\)"
    r"|choice\([!-'*-~ ]{1,10000}\)",
)


def check_request(table: object, path: KeyPath, problems: Problems) -> None:
    """Note every problem of one request."""
    given = check_table(table, path, rules=_REQUEST_RULES, problems=problems)
    if not isinstance(table, dict):
        return
    methods = [method for method in METHODS if method in table]
    if len(methods) != 1:
        found = " and ".join(methods) or "none"
        problems.add(path, f"expected one of {', '.join(METHODS)} with a path, found {found}")
    if "json" in given:
        _check_json(given["json"], methods, (*path, "json"), problems)
    _check_draws(given, path, problems)
    _check_expect(given.get("expect", {}), (*path, "expect"), problems)


def _check_json(value: object, methods: list[str], path: KeyPath, problems: Problems) -> None:
    if "get" in methods or "head" in methods:
        problems.add(path, "expected a body only with post, put, patch or delete")
    for item in _leaves(value):
        if not isinstance(item, str | bool | int | float) or item != item or item in (float("inf"), -float("inf")):
            problems.add(path, f"expected values that JSON has, found {found_text(item)}")


def _check_draws(given: dict[str, Any], path: KeyPath, problems: Problems) -> None:
    """Each place in braces has its draw, and each draw its place."""
    texts = [given[method] for method in METHODS if method in given]
    texts += [item for item in _leaves(given.get("json", [])) if isinstance(item, str)]
    places = dict.fromkeys(place for text in texts for place in _PLACE.findall(text))
    draws = given.get("draw", {})
    for name, draw in draws.items():
        at = (*path, "draw", name)
        if problems.expect(draw, _DRAW, at) and (bounds := _UNIFORM.match(draw)) and int(bounds[1]) > int(bounds[2]):
            problems.add(at, f"expected uniform(LOW, HIGH), found {draw}")
        if problems.expect(name, _PLACE_NAME, at) and name not in places:
            problems.add(at, f"expected {{{name}}} in the path or in json, found it in neither")
    for place in places:
        if place not in draws:
            problems.add((*path, "draw"), f"expected a draw for {{{place}}}, found none")


def _check_expect(table: dict[str, Any], path: KeyPath, problems: Problems) -> None:
    check_table(table, path, rules=_EXPECT_RULES, problems=problems)


def _leaves(value: object) -> Iterator[object]:
    """Yield the plain values inside a value. Its depth was bounded when it was read."""
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _leaves(item)
    else:
        yield value
