"""The endpoint contract of servers/contract as data and formulas: what a right answer is.

Used before load by stack/check.py and under load by every worker, so: standard library only, quick to import.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from controller.errors import PlanError
from controller.plan.quotes import QUOTES, Quote, read_quotes, row_bytes
from controller.plan.routes import (
    CACHE,
    COMPUTE,
    DEFAULT_KEY,
    DEFAULT_N,
    HEALTH,
    HEALTH_BODY,
    covers,
    expected_length,
    expected_status,
    is_allowed,
    parameter_of,
)

__all__ = [
    "Contract",
    "Difference",
    "Quote",
    "body_difference",
    "cache_value",
    "check_body",
    "contract_from_wire",
    "contract_to_wire",
    "covers",
    "error_difference",
    "expected_length",
    "expected_status",
    "fib",
    "read_contract",
    "shown",
    "source_of",
]


COMPUTE_BODY: Final = re.compile(rb'\{"input":(\d+),"result":(\d+),"elapsedMs":\d+(?:\.\d{1,3})?\}')
CACHE_BODY: Final = re.compile(
    rb'\{"source":"(origin|cache)","value":"([^"]*)","cachedAt":"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)"\}'
)
ROW_ID: Final = re.compile(rb'\{"id":(\d{1,4}),')
ERROR_BODY: Final = re.compile(rb'\{"error":"(?:[^"\\]|\\.)+"\}')
SHOWN_BYTES: Final = 120

FNV_OFFSET_BASIS: Final = 0xCBF29CE484222325
FNV_PRIME: Final = 0x00000100000001B3
VALUE_TIMES: Final = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """The fixed data that answers are compared with: the quotes, and each as the exact bytes of its JSON."""

    quotes: tuple[Quote, ...]
    rows: Mapping[int, bytes] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if [quote.id for quote in self.quotes] != list(range(1, QUOTES + 1)):
            raise PlanError(
                f"quotes: expected ids 1 to {QUOTES} in order, found {len(self.quotes)} rows, or another order"
            )
        object.__setattr__(self, "rows", {quote.id: row_bytes(quote) for quote in self.quotes})


def read_contract(servers_dir: Path) -> Contract:
    """Read the contract's data from a folder of servers.

    Raises PlanError, naming the file, when the quotes are missing or not as the contract says.
    """
    return Contract(quotes=read_quotes(servers_dir / "contract" / "quotes.csv"))


def contract_to_wire(contract: Contract) -> dict[str, Any]:
    """Return the contract's data as plain JSON values, about 100 KB."""
    return {"quotes": [[quote.author, quote.content] for quote in contract.quotes]}


def contract_from_wire(wire: Mapping[str, Any]) -> Contract:
    """Return the contract that contract_to_wire was given."""
    quotes: Sequence[tuple[str, str]] = wire["quotes"]
    return Contract(
        quotes=tuple(
            Quote(id=number, author=author, content=content) for number, (author, content) in enumerate(quotes, start=1)
        )
    )


def fib(n: int) -> int:
    """Return the Fibonacci number of n, which a target finds by recursion; those of 0 and 1 are 0 and 1."""
    last, this = 0, 1
    for _ in range(n):
        last, this = this, last + this
    return last


@lru_cache(maxsize=4096)
def cache_value(key: str) -> str:
    """Return what /api/cache holds for a key: its FNV-1a hash in 16 hexadecimal digits, five times.

    Source: Fowler, Noll and Vo, FNV-1a with 64 bits, over the UTF-8 bytes of the key.
    """
    value = FNV_OFFSET_BASIS
    for byte in key.encode():
        value = (value ^ byte) * FNV_PRIME & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}" * VALUE_TIMES


class Difference(NamedTuple):
    """What was expected of an answer, and what was found."""

    expected: str
    found: str

    def __str__(self) -> str:
        return f"expected {self.expected}, found {self.found}"


def check_body(route: str, query: str, body: bytes, contract: Contract) -> str | None:
    """Return None when a body is the right one for a GET that the contract covers, else one line that says both.

    route is the path without its query, query what follows the question mark, sent as written.
    """
    wrong = body_difference(route, query, body=body, contract=contract)
    return None if wrong is None else str(wrong)


def body_difference(route: str, query: str, *, body: bytes, contract: Contract) -> Difference | None:
    """Return what is wrong with a body as check_body does, both sides apart."""
    value = parameter_of(route, query)
    if value is not None and not is_allowed(route, value):
        return error_difference(body)
    if route == HEALTH:
        return None if body == HEALTH_BODY else Difference("ok", shown(body))
    if route == COMPUTE:
        return compute_difference(DEFAULT_N if value is None else int(value), body)
    if route == CACHE:
        return cache_difference(DEFAULT_KEY if value is None else value, body)
    return row_difference(body, contract) if value is None else rows_difference(body, contract, count=int(value))


def error_difference(body: bytes) -> Difference | None:
    """Return None when a body is a compact JSON object with a text called error and nothing else."""
    if ERROR_BODY.fullmatch(body):
        try:
            json.loads(body)
            return None
        except ValueError:
            pass
    return Difference('{"error":"..."}', shown(body))


def compute_difference(n: int, body: bytes) -> Difference | None:
    """Return None when a body states n and its Fibonacci number."""
    match = COMPUTE_BODY.fullmatch(body)
    if match and match.groups() == (b"%d" % n, b"%d" % fib(n)):
        return None
    return Difference(f'{{"input":{n},"result":{fib(n)},"elapsedMs":a number with at most 3 decimals}}', shown(body))


def cache_difference(key: str, body: bytes) -> Difference | None:
    """Return None when a body holds the value of a key, where it came from, and a time that exists."""
    match = CACHE_BODY.fullmatch(body)
    if match and match[2] == cache_value(key).encode() and is_time(match[3].decode()):
        return None
    layout = '{{"source":"origin" or "cache","value":"{}","cachedAt":"YYYY-MM-DDTHH:MM:SS.mmmZ"}}'
    return Difference(layout.format(cache_value(key)), shown(body))


def source_of(body: bytes) -> str | None:
    """Return where an answer of /api/cache says that it came from, "cache" or "origin"; None where it says neither."""
    match = CACHE_BODY.fullmatch(body)
    return match[1].decode() if match else None


def is_time(text: str) -> bool:
    """Whether an ISO time exists in the calendar."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def row_difference(body: bytes, contract: Contract) -> Difference | None:
    """Return None when a body is exactly one of the quotes."""
    match = ROW_ID.match(body)
    expected = contract.rows.get(int(match[1])) if match else None
    if expected is None:
        return Difference(f'{{"id":1..{QUOTES},"author":...,"content":...}}', shown(body))
    return None if body == expected else Difference(expected.decode(), shown(body))


def rows_difference(body: bytes, contract: Contract, *, count: int) -> Difference | None:
    """Return None when a body is an array of exactly count quotes, each exactly as it should be."""
    # Quotes hold no braces, so this finds the start of every row and nothing else.
    ids = [int(number) for number in ROW_ID.findall(body)]
    if len(ids) != count:
        return Difference(f"an array of {count} quotes", shown(body))
    if body == b"[" + b",".join(contract.rows.get(number, b"") for number in ids) + b"]":
        return None
    return Difference(f"{count} quotes exactly as in quotes.csv, in one array", shown(body))


def shown(body: bytes) -> str:
    """Return a body as printable ASCII on one line, cut after SHOWN_BYTES."""
    text = ascii(body[:SHOWN_BYTES].decode("utf-8", errors="backslashreplace"))[1:-1]
    return f"{text}... ({len(body)} bytes)" if len(body) > SHOWN_BYTES else text or "an empty body"
