"""The rules of /api/cache: what misses, what hits, and how long each takes."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from secrets import token_hex
from typing import Final

from controller.plan.contract import shown
from controller.plan.routes import CACHE, HEALTH
from controller.stack.contract_cases import KEY_OF_ALL_KINDS
from controller.stack.contract_visit import WITHIN_S, Finding, Visit
from controller.stack.exchange import Answer, Client

# Timers may wake a little early; a wait that is left out is early by all of it.
EARLY_S: Final = 0.005
# A wait below this drowns in what else a machine does.
SHOWS_WAIT_S: Final = 0.05
LONGEST_TTL_S: Final = 2
AFTER_TTL_S: Final = 0.2


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
