"""A server with a limit that is known: a token bucket, beyond which answers wait for their turn.

`python -m tests.load.bucket RATE` serves on a free port of 127.0.0.1 in a process of its own, and says which.
"""

import asyncio
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast

import uvloop

from tests.sources import ROOT

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
# So much of the limit may be saved up while nobody asks: a stall of the machine is caught up with.
BURST_S = 0.02


class Bucket:
    """Lets answers go, in the order asked, at no more than a rate beyond what was saved up."""

    def __init__(self, loop: asyncio.AbstractEventLoop, rate_per_s: float) -> None:
        self._loop = loop
        self._each_s = 1 / rate_per_s
        self._full_s = 0.0
        self._waiting: deque[asyncio.Transport] = deque()

    def ask(self, transport: asyncio.Transport) -> None:
        """Answer now, or when it is this one's turn."""
        self._waiting.append(transport)
        if len(self._waiting) == 1:
            self._answer()

    def _answer(self) -> None:
        now_s = time.monotonic()
        # The moment up to which the bucket's tokens are spent.
        self._full_s = max(self._full_s, now_s - BURST_S)
        while self._waiting and self._full_s + self._each_s <= now_s:
            self._full_s += self._each_s
            self._waiting.popleft().write(ANSWER)
        if self._waiting:
            self._loop.call_later(self._full_s + self._each_s - now_s, self._answer)


class Asked(asyncio.Protocol):
    """A connection on which one request after the other comes."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where answers go."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Take each request that has come: none of them has a body."""
        for _ in range(data.count(b"\r\n\r\n")):
            self._bucket.ask(self._transport)


async def serve(rate_per_s: float) -> None:
    """Serve until the process is ended."""
    loop = asyncio.get_running_loop()
    bucket = Bucket(loop, rate_per_s)
    server = await loop.create_server(lambda: Asked(bucket), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


@contextmanager
def bucket_server(rate_per_s: float) -> Iterator[str]:
    """Run such a server in a process of its own and yield its URL; the block ends it."""
    argv = [sys.executable, "-m", "tests.load.bucket", str(rate_per_s)]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


if __name__ == "__main__":
    uvloop.run(serve(float(sys.argv[1])))
