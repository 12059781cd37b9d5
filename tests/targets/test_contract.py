"""Every target in servers/ keeps the contract, whatever its settings."""

import http.client
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from secrets import token_hex

import pytest

from controller.plan.contract import Contract
from controller.plan.target import Target
from controller.stack.backing import Backing
from controller.stack.check import check_contract
from controller.stack.contract_suite import combinations_of
from controller.stack.exchange import Client
from controller.stack.pairwise import Combination
from controller.stack.settings import Settings
from tests.targets.conftest import Start

pytestmark = pytest.mark.slow

COMBINATIONS = combinations_of(every=False)


def words_of(one: Combination) -> str:
    """Return a combination as part of a test's name."""
    return "-".join(f"{factor}={level}" for factor, level in one.items())


@pytest.mark.parametrize("number", range(len(COMBINATIONS)), ids=[words_of(one) for one in COMBINATIONS])
def test_keeps_the_whole_contract(
    start: Start, contract: Contract, settings: Settings, backing: Backing, number: int
) -> None:
    """Nothing is found by the check, with combinations in which every two settings meet, on one core and on two."""
    one = COMBINATIONS[number]
    changes: dict[str, object] = {
        "cache_backend": one["cache"],
        "db_backend": one["db"],
        "metrics": one["metrics"],
        "server_cpus": 1 + number % 2,
        "cache_ttl_s": 1,
    }
    told = backing.told(replace(settings, **changes))
    with start(**changes, redis_url=told.redis_url, mysql_url=told.mysql_url) as running:
        assert check_contract(running.url, contract, told) == []


def test_a_connection_is_never_closed(start: Start) -> None:
    """A thousand requests of all kinds are answered on one connection, with a pause, and paths that are not there.

    A 400 may close it: to Tomcat it means that the two sides no longer agree on where requests begin.
    """
    paths = (
        "/api/health",
        "/api/db",
        "/api/cache",
        "/api/compute?n=5",
        "/api/db?count=3",
        "/nothing",
    )
    with start(cache_miss_ms=1) as running, Client(running.url, within_s=10) as client:
        for number in range(1000):
            client.ask(paths[number % len(paths)])
            if number == 500:
                time.sleep(0.5)
        assert client.opened == 1


def test_http_1_0_and_close_are_respected(start: Start) -> None:
    """A client that asks for the connection to be closed gets its answer and the end of the connection."""
    with start() as running:
        connection = http.client.HTTPConnection(running.host, running.port, timeout=10)
        connection.request("GET", "/api/health", headers={"Connection": "close"})
        response = connection.getresponse()
        assert (response.status, response.read(), response.will_close) == (200, b"ok", True)


def test_waiting_misses_do_not_block_others(start: Start) -> None:
    """While 16 requests wait for the origin, others are answered: all 16 begin to wait before the first is done."""
    keys = [token_hex(8) for _ in range(16)]
    with start(cache_miss_ms=1000) as running, ThreadPoolExecutor(16) as pool:

        def ask(key: str) -> tuple[float, bytes]:
            with Client(running.url, within_s=20) as client:
                return client.ask(f"/api/cache?key={key}").elapsed_s, client.ask("/api/health").body

        began_s = time.monotonic()
        waiting = [pool.submit(ask, key) for key in keys]
        with Client(running.url, within_s=20) as client:
            answered = 0
            while not all(question.done() for question in waiting):
                answered += client.ask("/api/health").body == b"ok"
        took_s = time.monotonic() - began_s

        assert all(question.result()[0] >= 0.99 for question in waiting)
        # One after the other they would take 16 s.
        assert took_s < 16 / 2
        assert answered > 10


def test_a_long_computation_does_not_block_others(start: Start, target: Target) -> None:
    """A request that computes for long leaves the other connections answered before it is done."""
    with start() as running, ThreadPoolExecutor(1) as pool, Client(running.url, within_s=60) as client:

        def compute() -> int:
            with Client(running.url, within_s=60) as computing:
                return computing.ask("/api/compute?n=34").status

        long = pool.submit(compute)
        answered = 0
        while not long.done():
            answered += client.ask("/api/health").body == b"ok"

        assert long.result() == 200
        assert answered > 1
