"""The endpoint contract of servers/contract as data and formulas: what a right answer is.

Used before load by stack/check.py and under load by every worker, so: standard library only, quick to import.
The constants are those of contract.toml; a test holds both together.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

from controller.errors import PlanError
from controller.plan.quotes import QUOTES, Quote, read_quotes, row_bytes

HEALTH: Final = "/api/health"
COMPUTE: Final = "/api/compute"
CACHE: Final = "/api/cache"
DB: Final = "/api/db"
METRICS: Final = "/metrics"
# The parameter that each route reads; every other one is ignored.
PARAMETER: Final[Mapping[str, str | None]] = {HEALTH: None, COMPUTE: "n", CACHE: "key", DB: "count"}

HEALTH_BODY: Final = b"ok"
DEFAULT_N: Final = 40
N_RANGE: Final = range(46)
COUNT_RANGE: Final = range(1, 501)
DEFAULT_KEY: Final = "default"

WHOLE_NUMBER: Final = re.compile(r"[0-9]{1,9}")
BROKEN_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})|%00")
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


def parameter_of(route: str, query: str) -> str | None:
    """Return the decoded value of the one parameter that a route reads, None where it is absent.

    Raises ValueError where the contract says nothing: given twice, broken escapes, bytes that are no UTF-8.
    """
    if BROKEN_ESCAPE.search(query):
        raise ValueError(f"broken escape in {query!r}")
    pairs = parse_qsl(query, keep_blank_values=True, errors="strict")
    values = [value for name, value in pairs if name == PARAMETER[route]]
    if len(values) > 1:
        raise ValueError(f"{PARAMETER[route]} given twice in {query!r}")
    return values[0] if values else None


def covers(path: str) -> bool:
    """Whether the contract says what a GET of a path (with its query) answers, so that its body can be checked.

    Other paths of a contract target are asked for a 2xx and nothing else.
    """
    route, _, query = path.partition("?")
    if route not in PARAMETER:
        return False
    try:
        parameter_of(route, query)
    except ValueError:
        return False
    return True


def expected_status(path: str, *, metrics: str = "none") -> int:
    """Return the status that a GET of a path (with its query) must have; metrics is the target's METRICS.

    A query that the contract does not cover counts as malformed, 400.
    """
    route, _, query = path.partition("?")
    if route not in PARAMETER:
        return 200 if route == METRICS and metrics == "full" else 404
    try:
        value = parameter_of(route, query)
    except ValueError:
        return 400
    return 200 if value is None or is_allowed(route, value) else 400


def is_allowed(route: str, value: str) -> bool:
    """Whether a route takes a value of its parameter."""
    if route == CACHE:
        return value != ""
    return WHOLE_NUMBER.fullmatch(value) is not None and int(value) in (N_RANGE if route == COMPUTE else COUNT_RANGE)


def expected_length(path: str) -> int | None:
    """Return the length of the body of a path, in bytes, where the contract fixes it, else None."""
    return len(HEALTH_BODY) if path.partition("?")[0] == HEALTH else None


def check_body(route: str, query: str, body: bytes, contract: Contract) -> str | None:
    """Return None when a body is the right one for a GET that the contract covers, else what was expected and found.

    route is the path without its query, query what follows the question mark, sent as written.
    """
    value = parameter_of(route, query)
    if value is not None and not is_allowed(route, value):
        return check_error_body(body)
    if route == HEALTH:
        return None if body == HEALTH_BODY else difference("ok", body)
    if route == COMPUTE:
        return check_compute(DEFAULT_N if value is None else int(value), body)
    if route == CACHE:
        return check_cache(DEFAULT_KEY if value is None else value, body)
    return check_row(body, contract) if value is None else check_rows(int(value), body=body, contract=contract)


def check_error_body(body: bytes) -> str | None:
    """Return None when a body is a compact JSON object with a text called error and nothing else."""
    if ERROR_BODY.fullmatch(body):
        try:
            json.loads(body)
            return None
        except ValueError:
            pass
    return difference('{"error":"..."}', body)


def check_compute(n: int, body: bytes) -> str | None:
    """Return None when a body states n and its Fibonacci number."""
    match = COMPUTE_BODY.fullmatch(body)
    if match and match.groups() == (b"%d" % n, b"%d" % fib(n)):
        return None
    return difference(f'{{"input":{n},"result":{fib(n)},"elapsedMs":milliseconds with at most 3 decimals}}', body)


def check_cache(key: str, body: bytes) -> str | None:
    """Return None when a body holds the value of a key, where it came from, and a time that exists."""
    match = CACHE_BODY.fullmatch(body)
    if match and match[2] == cache_value(key).encode() and is_time(match[3].decode()):
        return None
    return difference(
        f'{{"source":"origin" or "cache","value":"{cache_value(key)}","cachedAt":"YYYY-MM-DDTHH:MM:SS.mmmZ"}}', body
    )


def is_time(text: str) -> bool:
    """Whether an ISO time exists in the calendar."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def check_row(body: bytes, contract: Contract) -> str | None:
    """Return None when a body is exactly one of the quotes."""
    match = ROW_ID.match(body)
    expected = contract.rows.get(int(match[1])) if match else None
    if expected is None:
        return difference(f'{{"id":1..{QUOTES},"author":...,"content":...}}', body)
    return None if body == expected else difference(expected.decode(), body)


def check_rows(count: int, *, body: bytes, contract: Contract) -> str | None:
    """Return None when a body is an array of exactly count quotes, each exactly as it should be."""
    # Quotes hold no braces, so this finds the start of every row and nothing else.
    ids = [int(number) for number in ROW_ID.findall(body)]
    if len(ids) != count:
        return difference(f"an array of {count} quotes", body)
    expected = b"[" + b",".join(contract.rows.get(number, b"") for number in ids) + b"]"
    return None if body == expected else difference(f"{count} quotes as in quotes.csv, compact, in one array", body)


def difference(expected: str, found: bytes) -> str:
    """Return one line that names both sides; a long body is cut."""
    return f"expected {expected}, found {shown(found)}"


def shown(body: bytes) -> str:
    """Return a body as printable ASCII on one line, cut after SHOWN_BYTES."""
    text = ascii(body[:SHOWN_BYTES].decode("utf-8", errors="backslashreplace"))[1:-1]
    return f"{text}... ({len(body)} bytes)" if len(body) > SHOWN_BYTES else text or "an empty body"
