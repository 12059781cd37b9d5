"""The routes of the endpoint contract: their parameters, and what a path must be answered with.

The constants are those of servers/contract/contract.toml; a test holds both together.
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl

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
    return covered_status(path) is not None


def covered_status(path: str) -> int | None:
    """Return the status that a GET of a path (with its query) must have, None where the contract does not cover it."""
    route, _, query = path.partition("?")
    if route not in PARAMETER:
        return None
    try:
        value = parameter_of(route, query)
    except ValueError:
        return None
    return 200 if value is None or is_allowed(route, value) else 400


def expected_status(path: str, *, metrics: str = "none") -> int:
    """Return the status that a GET of a path (with its query) must have; metrics is the target's METRICS.

    A query that the contract does not cover counts as malformed, 400.
    """
    route = path.partition("?")[0]
    if route not in PARAMETER:
        return 200 if route == METRICS and metrics == "full" else 404
    return covered_status(path) or 400


def is_allowed(route: str, value: str) -> bool:
    """Whether a route takes a value of its parameter."""
    if route == CACHE:
        return value != ""
    return WHOLE_NUMBER.fullmatch(value) is not None and int(value) in (N_RANGE if route == COMPUTE else COUNT_RANGE)


def expected_length(path: str) -> int | None:
    """Return the length of the body of a path, in bytes, where the contract fixes it, else None."""
    return len(HEALTH_BODY) if path.partition("?")[0] == HEALTH else None
