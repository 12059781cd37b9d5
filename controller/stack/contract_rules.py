"""The rules of the endpoint contract, each a function that asks a running target and yields what is broken."""

import re
from collections.abc import Callable, Iterator
from typing import Final

from controller.plan.contract import error_difference, shown
from controller.plan.routes import CACHE, COMPUTE, DB, HEALTH, METRICS
from controller.stack.contract_cache_rules import cache_keys, cache_misses_and_hits, cache_misses_together
from controller.stack.contract_cases import ELSEWHERE, METHODS, RIGHT, WRONG
from controller.stack.contract_metrics_rules import metrics_count
from controller.stack.contract_visit import OK, WITHIN_S, Finding, Visit, differences, raw_answer

__all__ = ["RULES", "WITHIN_S", "Finding", "Visit"]

WRONG_METHOD: Final = 405
KEPT_REQUESTS: Final = 200
DRAWS: Final = 20
# Large enough to take a time that shows, small enough for every language.
_TIMED: Final = f"{COMPUTE}?n=27"
_ELAPSED: Final = re.compile(rb'"elapsedMs":([0-9]+(?:\.[0-9]+)?)')
# Two clocks, each rounded.
_CLOCKS_MS: Final = 1.0


def right_requests(visit: Visit) -> Iterator[Finding]:
    """Right requests get the right bytes, unknown parameters change nothing."""
    for path in RIGHT:
        yield from visit.expect(path)


def wrong_parameters(visit: Visit) -> Iterator[Finding]:
    """An empty, malformed or too large parameter is 400 and an error in JSON."""
    for path in WRONG:
        yield from visit.expect(path)


def other_paths(visit: Visit) -> Iterator[Finding]:
    """Any other path is 404, and so is /metrics unless METRICS says otherwise."""
    for path in (*ELSEWHERE, METRICS):
        yield from visit.expect(path)


def other_methods(visit: Visit) -> Iterator[Finding]:
    """A wrong method is 405 and an error in JSON."""
    for path in (HEALTH, f"{COMPUTE}?n=1", CACHE, DB):
        for method in METHODS:
            answer = visit.client.ask(path, method=method)
            yield from differences(
                f"{method} {path}",
                answer,
                status=WRONG_METHOD,
                media_type="application/json",
                difference=error_difference(answer.body),
            )


def random_rows(visit: Visit) -> Iterator[Finding]:
    """Rows are drawn anew for each answer, and for each place of an array."""
    single = {visit.client.ask(DB).body for _ in range(DRAWS)}
    if len(single) == 1:
        yield Finding(route=f"GET {DB}", expected="a row drawn anew each time", found=f"the same one {DRAWS} times")
    path = f"{DB}?count={DRAWS}"
    rows = visit.client.ask(path).body.strip(b"[]").split(b"},{")
    if len(rows) == DRAWS and len({row.strip(b"{}") for row in rows}) == 1:
        yield Finding(route=f"GET {path}", expected="rows drawn each by itself", found=f"the same one {DRAWS} times")


def connection_kept(visit: Visit) -> Iterator[Finding]:
    """A connection serves as many requests as come."""
    visit.client.ask(HEALTH)
    opened = visit.client.opened
    for number in range(1, KEPT_REQUESTS + 1):
        visit.client.ask(HEALTH)
        if visit.client.opened != opened:
            expected = f"{KEPT_REQUESTS} requests answered on one connection"
            yield Finding(route=f"GET {HEALTH}", expected=expected, found=f"it closed after {number}")
            return


def head_requests(visit: Visit) -> Iterator[Finding]:
    """HEAD is answered like GET without the body, or is a wrong method: whichever the framework does."""
    for path in (HEALTH, f"{COMPUTE}?n=1"):
        head, _, body = raw_answer(visit, "HEAD", path).partition(b"\r\n\r\n")
        status = head.partition(b"\r\n")[0].split(b" ")[1:2]
        if status not in ([b"%d" % OK], [b"%d" % WRONG_METHOD]):
            found = shown(head.partition(b"\r\n")[0])
            yield Finding(route=f"HEAD {path}", expected=f"status {OK} or {WRONG_METHOD}", found=found)
        elif body:
            yield Finding(route=f"HEAD {path}", expected="no body", found=shown(body))


def elapsed_time(visit: Visit) -> Iterator[Finding]:
    """The time that a computation says it took is no longer than its answer took to come."""
    answer = visit.client.ask(_TIMED)
    said = _ELAPSED.search(answer.body)
    if said and float(said[1]) > answer.elapsed_s * 1000 + _CLOCKS_MS:
        expected = f"elapsedMs of at most {answer.elapsed_s * 1000:.1f}, in which its answer came"
        yield Finding(route=f"GET {_TIMED}", expected=expected, found=said[1].decode())


RULES: Final[tuple[Callable[[Visit], Iterator[Finding]], ...]] = (
    right_requests,
    connection_kept,
    random_rows,
    cache_misses_and_hits,
    cache_misses_together,
    cache_keys,
    wrong_parameters,
    other_paths,
    other_methods,
    head_requests,
    elapsed_time,
    metrics_count,
)
