"""What a plan expects of the answers to one kind of request."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from controller.errors import PlanError
from controller.plan.rules import Rule, hold, text_like, whole

Plain: TypeAlias = str | int | float | bool

EXPECT_RULES: Final[Mapping[str, Rule]] = {
    # Answers below 200 are interim ones: another follows.
    "status": whole(200, 599),
    "length": whole(0, 2**31),
    "contains": text_like("text of at least one character", r"(?s:.{1,10000})"),
}
_BODILESS: Final = (204, 304)
_NO_FIELD: Final = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect:
    """What a right answer is; None is not asked for, a status of None is any 2xx.

    length is the body's, in bytes. fields are (path, value): the path names a field of a JSON body by its keys,
    and by its numbers in lists, with dots between them: items.0.id.
    """

    status: int | None = None
    length: int | None = None
    contains: str | None = None
    fields: tuple[tuple[str, Plain], ...] = ()

    def __post_init__(self) -> None:
        hold(self, EXPECT_RULES)

    @property
    def of_body(self) -> bool:
        """Whether a body is to be looked into."""
        return self.contains is not None or bool(self.fields)


ANY_2XX: Final = Expect()


def hold_together(method: str, expect: Expect) -> None:
    """Raise PlanError where no answer can be as expected: a body is, where none can come."""
    if not expect.of_body and not expect.length:
        return
    if method == "HEAD":
        raise PlanError("expected nothing of the body, since an answer to HEAD has none; found that it is looked at")
    if expect.status in _BODILESS:
        raise PlanError(f"expected nothing of the body, since a {expect.status} has none; found that it is looked at")


def fields_of(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the fields that a table expects, by their paths: { a = { b = 1 } } is { "a.b" = 1 }."""
    for key, value in table.items():
        if isinstance(value, dict):
            yield from fields_of(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def is_plain(value: object) -> bool:
    """Whether a value is one that a field of JSON can be compared with."""
    if isinstance(value, float):
        return value - value == 0
    return isinstance(value, str | int)


def wrong_of(expect: Expect, body: bytes) -> str | None:
    """Return what a body lacks of what is expected in it, as `expected`'s words; None where it lacks nothing."""
    if expect.contains is not None and expect.contains.encode() not in body:
        return f"a body with {json.dumps(expect.contains)} in it"
    if not expect.fields:
        return None
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return "a body of JSON"
    for path, wanted in expect.fields:
        found = _field(value, path)
        # True equals 1 in Python, and in no JSON.
        if found != wanted or isinstance(found, bool) != isinstance(wanted, bool):
            return f"JSON with {path} = {json.dumps(wanted)}"
    return None


def _field(value: Any, path: str) -> Any:
    for part in path.split("."):
        if isinstance(value, dict) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and len(part) < 10 and int(part) < len(value):
            value = value[int(part)]
        else:
            return _NO_FIELD
    return value
