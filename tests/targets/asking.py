"""Questions that many put to a target at the same time."""

import socket
import time
from concurrent.futures import ThreadPoolExecutor

from controller.stack.exchange import Answer, Client

WITHIN_S = 20.0
HEALTH = b"GET /api/health HTTP/1.1\r\nHost: test\r\nConnection: keep-alive\r\n\r\n"


def ask(url: str, path: str) -> Answer:
    """Ask once, on a connection of its own."""
    with Client(url, within_s=WITHIN_S) as client:
        return client.ask(path)


def ask_together(url: str, path: str, *, times: int) -> list[Answer]:
    """Ask so many times at once, each on its own connection."""
    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(lambda _: ask(url, path), range(times)))


def ask_for(url: str, path: str, *, in_flight: int, seconds: float) -> list[int]:
    """Ask again and again for a while, so many at once; return the status of every answer."""
    until_s = time.monotonic() + seconds

    def keep_asking(_: int) -> list[int]:
        statuses = []
        with Client(url, within_s=WITHIN_S) as client:
            while time.monotonic() < until_s:
                statuses.append(client.ask(path).status)
        return statuses

    with ThreadPoolExecutor(in_flight) as pool:
        return [status for statuses in pool.map(keep_asking, range(in_flight)) for status in statuses]


def whole_answer(connection: socket.socket, *, end: bytes) -> bytes:
    """Return an answer up to its known end; some servers send head and body apart. Empty or cut when it closes."""
    received = b""
    while not received.endswith(end) and (part := connection.recv(4096)):
        received += part
    return received
