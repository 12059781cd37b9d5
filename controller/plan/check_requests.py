"""What a request of a mix may say: its method and path, draws, body and expected answer."""

from collections.abc import Iterator
from typing import Any, Final

from controller.errors import PlanError
from controller.plan.draw import draw_of, places_of
from controller.plan.expect import EXPECT_RULES, Expect, fields_of, hold_together, is_plain
from controller.plan.problems import Problems, check_table
from controller.plan.rules import PATH, TABLE, Rule, text_like
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
_PLACE_NAME: Final = text_like("a name of a-z, 0-9 and _", r"[a-z_][a-z0-9_]{0,63}")


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
    _check_expect(given.get("expect", {}), methods, (*path, "expect"), problems)


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
    places = places_of(*texts)
    draws = given.get("draw", {})
    for name, draw in draws.items():
        at = (*path, "draw", name)
        try:
            draw_of(draw)
        except PlanError as error:
            problems.add(at, str(error))
        if problems.expect(name, _PLACE_NAME, at) and name not in places:
            problems.add(at, f"expected {{{name}}} in the path or in json, found it in neither")
    for place in places:
        if place not in draws:
            problems.add((*path, "draw"), f"expected a draw for {{{place}}}, found none")


def _check_expect(table: dict[str, Any], methods: list[str], path: KeyPath, problems: Problems) -> None:
    given = check_table(table, path, rules={**EXPECT_RULES, "json": TABLE}, problems=problems)
    table = given.pop("json", None)
    fields = tuple(fields_of(table or {}))
    for name, value in fields:
        if not is_plain(value):
            text = "expected text, a number, true or false as the value of a field"
            problems.add((*path, "json", name), f"{text}, found {found_text(value)}")
    if table is not None and not fields:
        problems.add((*path, "json"), "expected at least one field with its value, found none")
    try:
        for method in methods:
            hold_together(method.upper(), Expect(**given, fields=fields))
    except PlanError as error:
        problems.add(path, str(error))


def _leaves(value: object) -> Iterator[object]:
    """Yield the plain values inside a value, keys too. Its depth was bounded when it was read."""
    if isinstance(value, dict | list):
        for item in (*value, *value.values()) if isinstance(value, dict) else value:
            yield from _leaves(item)
    else:
        yield value
