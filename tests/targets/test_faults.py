"""Databases and Redis that go away, hang and come back under a running target: 503 in time, health all the while."""

import os
import signal
import statistics
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from controller.plan.contract import error_difference
from controller.stack.backing import Backing
from controller.stack.exchange import Answer, Client
from controller.stack.process import Running
from tests.e2e.command import until
from tests.targets.asking import ask_together
from tests.targets.conftest import Start

pytestmark = pytest.mark.slow

POOL = 2
BACKED = {"/api/db": "database", "/api/db?count=3": "database", "/api/cache?key=known": "cache"}
OK, UNAVAILABLE = 200, 503
# The contract's; a machine that does other things at the same time may be late for one of many.
UNAVAILABLE_WITHIN_S = 2.0
LATE_S = 1.5
RECOVERS_WITHIN_S = 3.0


@pytest.fixture
def whole(backing: Backing) -> Iterator[Backing]:
    """Both services, which run before and after the test."""
    backing.renew()
    yield backing
    for party in backing.parties:
        send(backing, party, signal.SIGCONT)
    backing.renew()


def backed_by(backing: Backing) -> dict[str, object]:
    """Return the settings of a target that stands on both services."""
    return {
        "cache_backend": "redis",
        "redis_url": backing.redis_url,
        "cache_miss_ms": 1,
        "db_backend": "mysql",
        "mysql_url": backing.mysql_url,
        "db_pool_size": POOL,
    }


def send(backing: Backing, party: str, number: signal.Signals) -> None:
    """Send a signal to all processes of a service."""
    for pid in backing.family(party):
        os.kill(pid, number)


def send_all(backing: Backing, number: signal.Signals) -> None:
    """Send a signal to both services, and wait until those that it stops or ends are."""
    pids = [pid for party in backing.parties for pid in backing.family(party)]
    for pid in pids:
        os.kill(pid, number)
    if number is signal.SIGKILL:
        until(lambda: not any(map(backing.family, backing.parties)), what="they are gone")
    if number is signal.SIGSTOP:
        until(lambda: {psutil.Process(pid).status() for pid in pids} == {psutil.STATUS_STOPPED}, what="they stand")


def is_unavailable(running: Running) -> None:
    """Hold what needs a service to 503 in time, asked by more at once than there are connections, and health to 200."""
    with ThreadPoolExecutor(len(BACKED)) as pool, Client(running.url, within_s=10) as client:
        asked = {path: pool.submit(ask_together, running.url, path, times=3 * POOL) for path in BACKED}
        beats = []
        while not all(question.done() for question in asked.values()):
            beats.append(client.ask("/api/health"))
        assert {beat.status for beat in beats} <= {OK}
        for path, question in asked.items():
            is_refused(path, question.result())


def is_refused(path: str, answers: list[Answer]) -> None:
    """Hold answers to 503, JSON, in time."""
    assert [answer.status for answer in answers] == [UNAVAILABLE] * len(answers), path
    assert {error_difference(answer.body) for answer in answers} == {None}, path
    assert {answer.content_type.partition(";")[0] for answer in answers} == {"application/json"}, path
    took_s = [answer.elapsed_s for answer in answers]
    assert statistics.median(took_s) < UNAVAILABLE_WITHIN_S, (path, took_s)
    assert max(took_s) < UNAVAILABLE_WITHIN_S + LATE_S, (path, took_s)


def recovers(running: Running) -> None:
    """Hold all that needs a service to 200 within the contract's time, whichever connection is lent."""
    for path in BACKED:

        def all_right(path: str = path) -> bool:
            return {answer.status for answer in ask_together(running.url, path, times=3 * POOL)} == {OK}

        until(all_right, within_s=RECOVERS_WITHIN_S + LATE_S, what=f"{path} is answered")


def test_services_that_go_and_come_back(start: Start, whole: Backing) -> None:
    """Away at start, there, killed, there again: 503 in between, and never a restart of the target."""
    settings = backed_by(whole)
    send_all(whole, signal.SIGKILL)
    with start(**settings) as running:
        is_unavailable(running)
        whole.renew()
        recovers(running)

        send_all(whole, signal.SIGKILL)
        is_unavailable(running)
        whole.renew()
        recovers(running)
        assert running.died() is None


def test_services_that_hang(start: Start, whole: Backing) -> None:
    """They take connections and say nothing, with the pool empty for as long: 503, and 200 once they go on."""
    with start(**backed_by(whole)) as running:
        recovers(running)
        send_all(whole, signal.SIGSTOP)
        is_unavailable(running)
        send_all(whole, signal.SIGCONT)
        recovers(running)
        assert running.died() is None
