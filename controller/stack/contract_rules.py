"""The rules of the endpoint contract, each a function that asks a running target and yields what is broken."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from secrets import token_hex
from typing import Final

from controller.plan.contract import (
    Contract,
    Difference,
    body_difference,
    covers,
    error_difference,
    expected_status,
    shown,
)
from controller.plan.routes import CACHE, COMPUTE, DB, HEALTH, METRICS
from controller.plan.trust import BY_THIS_MACHINE, Trust
from controller.stack.contract_cases import ELSEWHERE, KEY_OF_ALL_KINDS, METHODS, RIGHT, WRONG
from controller.stack.exchange import Answer, Client
from controller.stack.settings import Settings

OK: Final = 200
WRONG_METHOD: Final = 405
PLAIN_TEXT: Final = (HEALTH, METRICS)

WITHIN_S: Final = 5.0
KEPT_REQUESTS: Final = 200
DRAWS: Final = 20
# Timers may wake a little early; a wait that is left out is early by all of it.
EARLY_S: Final = 0.005
# A wait below this drowns in what else a machine does.
SHOWS_WAIT_S: Final = 0.05
LONGEST_TTL_S: Final = 2
AFTER_TTL_S: Final = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One break of the contract: the request, what was expected of its answer, what was found."""

    route: str
    expected: str
    found: str

    def __str__(self) -> str:
        return f"{self.route}: expected {self.expected}, found {self.found}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One check of one running target; url has no slash at its end."""

    url: str
    contract: Contract
    settings: Settings
    client: Client
    trust: Trust = BY_THIS_MACHINE

    @property
    def miss_s(self) -> float:
        """How long a cache miss must wait, at least."""
        return self.settings.cache_miss_ms / 1000

    def expect(self, path: str) -> Iterator[Finding]:
        """Ask for a path and yield what is wrong with its answer."""
        answer = self.client.ask(path)
        yield from self.wrong(path, answer)

    def wrong(self, path: str, answer: Answer) -> Iterator[Finding]:
        """Yield what is wrong with the answer to a GET."""
        status = expected_status(path, metrics=self.settings.metrics)
        yield from differences(
            f"GET {path}",
            answer,
            status=status,
            media_type="text/plain" if status == OK and path.partition("?")[0] in PLAIN_TEXT else "application/json",
            difference=self.body(path, answer, status=status),
        )
        if status == OK and not answer.kept_open:
            yield Finding(route=f"GET {path}", expected="the connection kept open", found="it closed")

    def body(self, path: str, answer: Answer, *, status: int) -> Difference | None:
        """Return what is wrong with a body, None also where the contract does not say what is right."""
        route, _, query = path.partition("?")
        if status == OK and covers(path):
            return body_difference(route, query, body=answer.body, contract=self.contract)
        return error_difference(answer.body) if status != OK else None


def differences(
    request: str, answer: Answer, *, status: int, media_type: str, difference: Difference | None
) -> Iterator[Finding]:
    """Yield the first of wrong status, wrong type and wrong body."""
    if answer.status != status:
        found = f"status {answer.status}, {shown(answer.body)}"
        yield Finding(route=request, expected=f"status {status}", found=found)
    elif answer.content_type.partition(";")[0].strip().lower() != media_type:
        yield Finding(route=request, expected=media_type, found=answer.content_type or "no Content-Type")
    elif difference:
        yield Finding(route=request, expected=difference.expected, found=difference.found)


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


def cache_misses_and_hits(visit: Visit) -> Iterator[Finding]:
    """A miss waits and says origin; what follows is a hit with the same time, or a miss with CACHE_BACKEND=none."""
    path = new_key()
    first = visit.client.ask(path)
    yield from visit.wrong(path, first)
    yield from not_from_origin(visit, path, first)
    again = [visit.client.ask(path) for _ in range(1 if visit.settings.cache_backend == "none" else 3)]
    yield from visit.wrong(path, again[0])
    if visit.settings.cache_backend == "none":
        yield from not_from_origin(visit, path, again[0])
        return
    if again[0].body != first.body.replace(b'"origin"', b'"cache"'):
        expected = f"a hit: {shown(first.body.replace(b'origin', b'cache'))}"
        yield Finding(route=f"GET {path} again", expected=expected, found=shown(again[0].body))
    elif visit.miss_s >= SHOWS_WAIT_S and min(answer.elapsed_s for answer in again) >= visit.miss_s:
        yield Finding(route=f"GET {path} again", expected="a hit without a wait", found="the wait of a miss")
    if visit.settings.cache_ttl_s <= LONGEST_TTL_S:
        time.sleep(visit.settings.cache_ttl_s + AFTER_TTL_S)
        yield from not_from_origin(visit, path, visit.client.ask(path))


def cache_misses_together(visit: Visit) -> Iterator[Finding]:
    """Requests that miss the same key at the same time each wait: nothing is shared but the cache."""
    if visit.miss_s < SHOWS_WAIT_S:
        # The first may be stored before the second arrives.
        return
    other_client = Client(visit.url, within_s=WITHIN_S + visit.miss_s, trust=visit.trust)
    with other_client as other, ThreadPoolExecutor(2) as pool:
        for last in (False, False, True):
            findings = list(_asked_together(visit, other, pool))
            # With other work on the machine the second may leave so late that it rightly finds what the first stored.
            if last or not findings:
                yield from findings
                return


def _asked_together(visit: Visit, other: Client, pool: ThreadPoolExecutor) -> Iterator[Finding]:
    path = new_key()
    # Both connections are open before either asks, so that the two questions leave together.
    other.ask(HEALTH)
    visit.client.ask(HEALTH)
    asked = [pool.submit(client.ask, path) for client in (visit.client, other)]
    for answer in (question.result() for question in asked):
        yield from visit.wrong(path, answer)
        yield from not_from_origin(visit, path, answer)


def cache_keys(visit: Visit) -> Iterator[Finding]:
    """The default key, and keys of all kinds of characters, have the values of the formula."""
    for path in (CACHE, f"{CACHE}?key={KEY_OF_ALL_KINDS}", f"{CACHE}?key={'long' * 50}&x=1"):
        yield from visit.expect(path)


def new_key() -> str:
    """Return the path of a key that was never asked for."""
    return f"{CACHE}?key=check-{token_hex(8)}"


def not_from_origin(visit: Visit, path: str, answer: Answer) -> Iterator[Finding]:
    """Yield a finding unless an answer says origin and took the wait of a miss."""
    if not answer.body.startswith(b'{"source":"origin"'):
        yield Finding(route=f"GET {path}", expected='a miss: "source":"origin"', found=shown(answer.body))
    elif answer.elapsed_s < visit.miss_s - EARLY_S:
        found = f"an answer after {answer.elapsed_s * 1000:.0f} ms"
        yield Finding(route=f"GET {path}", expected=f"a wait of {visit.settings.cache_miss_ms} ms", found=found)


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
)
