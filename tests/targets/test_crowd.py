"""Many clients at once, and clients that are slow: none of them stops the others."""

import socket
import time
from contextlib import ExitStack

import pytest

from controller.stack.exchange import Client
from controller.stack.process import Running
from tests.targets.asking import HEALTH, ask, ask_for, whole_answer
from tests.targets.conftest import Start

pytestmark = pytest.mark.slow

CROWD = 1000
SLOW = 100


def connected(running: Running, stack: ExitStack) -> socket.socket:
    """Return a connection that is closed with the stack."""
    return stack.enter_context(socket.create_connection((running.host, running.port), timeout=20))


def status_line(connection: socket.socket) -> bytes:
    """Return protocol and status of a health answer that is read to its end; empty when the connection closed.

    The reason after them is left out: Tomcat sends none.
    """
    answer = whole_answer(connection, end=b"ok")
    return b" ".join(answer.split(maxsplit=2)[:2]) if answer.endswith(b"ok") else b""


def test_a_thousand_connections_are_answered(start: Start) -> None:
    """All of a thousand connections that stand at the same time get their answer, twice, and it lives on."""
    with start() as running, ExitStack() as stack:
        crowd = [connected(running, stack) for _ in range(CROWD)]
        for _ in range(2):
            for connection in crowd:
                connection.sendall(HEALTH)
            lines = {status_line(connection) for connection in crowd}
            assert lines == {b"HTTP/1.1 200"}
        assert running.died() is None
        assert ask(running.url, "/api/db?count=2").status == 200


def test_half_sent_requests_stop_nobody(start: Start) -> None:
    """A hundred clients that have sent half of a header, and a byte every now and then, are not waited for."""
    with start() as running, ExitStack() as stack:
        slow = [connected(running, stack) for _ in range(SLOW)]
        for connection in slow:
            connection.sendall(HEALTH[:-20])
        time.sleep(0.3)
        for connection in slow:
            connection.sendall(HEALTH[-20:-19])
        with Client(running.url, within_s=5) as client:
            took_s = [client.ask(path).elapsed_s for path in ("/api/health", "/api/db", "/api/compute?n=5") * 5]
        slow[-1].sendall(HEALTH[-19:])
        late = status_line(slow[-1])

    assert max(took_s) < 2
    assert late == b"HTTP/1.1 200"


def test_bodies_that_nobody_reads_stop_nobody(start: Start) -> None:
    """Clients that ask for big answers and read none of them are not waited for either."""
    ask_big = b"GET /api/db?count=500 HTTP/1.1\r\nHost: test\r\nConnection: keep-alive\r\n\r\n"
    with start(db_pool_size=2) as running, ExitStack() as stack:
        # Runtimes that compile while they run do so now, not while health is asked for.
        ask_for(running.url, "/api/db?count=500", in_flight=8, seconds=3.0)
        for _ in range(20):
            deaf = stack.enter_context(socket.socket())
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect((running.host, running.port))
            # More than the kernel keeps for a client that reads nothing.
            deaf.sendall(ask_big * 40)
        time.sleep(0.5)
        # Their answers are still made, and cost time; nobody waits until they are read.
        with Client(running.url, within_s=5) as client:
            assert client.ask("/api/health").body == b"ok"
