"""Targets as processes: how many there are, who gets the connections, and how they end."""

import os
import signal
import socket
import time
from collections import Counter
from contextlib import ExitStack
from secrets import token_hex

import psutil
import pytest

from controller.plan.target import Target
from controller.stack.process import Running
from tests.targets.asking import HEALTH, whole_answer
from tests.targets.conftest import Start, has_processes

pytestmark = pytest.mark.slow

CONNECTIONS = 64


def opened(running: Running, stack: ExitStack) -> list[socket.socket]:
    """Return connections that were each used once and are open."""
    connections = [
        stack.enter_context(socket.create_connection((running.host, running.port), timeout=20))
        for _ in range(CONNECTIONS)
    ]
    for connection in connections:
        connection.sendall(HEALTH)
    for connection in connections:
        assert whole_answer(connection, end=b"ok").startswith(b"HTTP/1.1 200")
    return connections


def serving(running: Running) -> Counter[int]:
    """Return how many connections each process of a target holds."""
    main = psutil.Process(running.launched.pid)
    held: Counter[int] = Counter()
    for process in (main, *main.children(recursive=True)):
        for connection in process.net_connections("tcp"):
            if connection.laddr.port == running.port and connection.status == psutil.CONN_ESTABLISHED:
                held[process.pid] += 1
    return held


@pytest.mark.parametrize("server_cpus", [1, 2])
def test_connections_spread_over_as_many_processes_as_cores(start: Start, target: Target, server_cpus: int) -> None:
    """One process serves, or SERVER_CPUS of them, and then none of them holds nearly all of the connections."""
    with start(server_cpus=server_cpus) as running, ExitStack() as stack:
        opened(running, stack)
        held = serving(running)

    assert len(held) == (server_cpus if has_processes(target) else 1)
    assert held.total() == CONNECTIONS
    # Evenly by chance, each would hold fewer once in a million times.
    assert min(held.values()) >= (13 if len(held) > 1 else CONNECTIONS)


def test_ends_within_5_s_of_sigterm(start: Start) -> None:
    """With connections open, a miss of 2 s waiting and a recursion of minutes computing, all of it is gone in time."""
    with start(server_cpus=2, cache_miss_ms=2000) as running, ExitStack() as stack:
        connections = opened(running, stack)
        main = psutil.Process(running.launched.pid)
        family = [main, *main.children(recursive=True)]
        connections[0].sendall(HEALTH.replace(b"health", f"cache?key={token_hex(8)}".encode()))
        connections[1].sendall(HEALTH.replace(b"health", b"compute?n=42"))
        time.sleep(0.3)

        os.kill(running.launched.pid, signal.SIGTERM)
        asked_s = time.monotonic()
        _, alive = psutil.wait_procs(family, timeout=20)
        took_s = time.monotonic() - asked_s

    assert alive == []
    assert took_s < 5


def test_a_request_that_waits_is_answered_before_the_end(start: Start) -> None:
    """SIGTERM ends no request that is nearly done: a miss that waits gets its answer."""
    with start(cache_miss_ms=2000) as running, ExitStack() as stack:
        connection = opened(running, stack)[0]
        connection.sendall(HEALTH.replace(b"health", f"cache?key={token_hex(8)}".encode()))
        # Long enough for a busy machine to have read it.
        time.sleep(1)
        os.kill(running.launched.pid, signal.SIGTERM)

        assert whole_answer(connection, end=b"}").startswith(b"HTTP/1.1 200")


def test_nothing_is_written_beside_the_source(start: Start, target: Target) -> None:
    """Running a target leaves its folder as it was: a build is keyed by its content."""
    before = sorted(target.folder.rglob("*"))
    with start() as running, ExitStack() as stack:
        opened(running, stack)

    assert sorted(target.folder.rglob("*")) == before
