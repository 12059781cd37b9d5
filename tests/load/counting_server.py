"""A fast server that counts the requests it answered, in a process of its own; the count comes over its pipes.

It is started by counting() below. On its standard output comes its port, then an answer to each line of input:
"count" gives the answers sent so far by path, "dropped" how many requests got none, "hold S" delays every answer from
now on by S seconds.
"""

import asyncio
import json
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar

from tests.sources import ROOT

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok"
_WRONG = b"HTTP/1.1 500 No\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nno"
# A path that begins so is answered wrongly.
WRONG = "/wrong"
# A request for one that begins so gets no answer: its connection is closed.
DROPPED = "/dropped"


class CountingServer:
    """A running server, seen from the test."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self.url = f"http://127.0.0.1:{self._line()}"

    def counts(self) -> dict[str, int]:
        """Return how many requests it has answered, by path."""
        found: dict[str, int] = json.loads(self._ask("count"))
        return found

    @property
    def answered(self) -> int:
        """How many requests it has answered."""
        return sum(self.counts().values())

    @property
    def dropped(self) -> int:
        """How many requests it has dropped."""
        return int(self._ask("dropped"))

    def hold(self, seconds: float) -> None:
        """Let every answer from now on take so long."""
        self._ask(f"hold {seconds}")

    def kill(self) -> None:
        """Break off, in the middle of whatever it does."""
        self._process.kill()

    def _ask(self, line: str) -> str:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()
        return self._line()

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the counting server has ended"
        return line.strip()


@contextmanager
def counting() -> Iterator[CountingServer]:
    """Run a counting server for the time of the block."""
    command = [sys.executable, "-m", "tests.load.counting_server"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield CountingServer(process)
        finally:
            process.kill()


class _Connection(asyncio.Protocol):
    """Answers one request after the other."""

    answered: ClassVar[Counter[bytes]] = Counter()
    dropped: ClassVar[int] = 0
    hold_s: ClassVar[float] = 0.0

    def connection_made(self, transport: Any) -> None:
        """Remember where answers go."""
        self._transport = transport
        self._unread = b""

    def data_received(self, data: bytes) -> None:
        """Answer each whole request."""
        if self._unread:
            data, self._unread = self._unread + data, b""
        while (end := data.find(b"\r\n\r\n")) >= 0:
            self._answer(data[4 : data.index(b" ", 4)])
            data = data[end + 4 :]
        self._unread = data

    def _answer(self, path: bytes) -> None:
        if path.startswith(DROPPED.encode()):
            _Connection.dropped += 1
            self._transport.close()
        elif self.hold_s:
            asyncio.get_running_loop().call_later(self.hold_s, self._send, path)
        else:
            self._send(path)

    def _send(self, path: bytes) -> None:
        if not self._transport.is_closing():
            # Counted first: whoever has the answer must find it counted.
            self.answered[path] += 1
            self._transport.write(_WRONG if path.startswith(WRONG.encode()) else _ANSWER)


def _obey(loop: asyncio.AbstractEventLoop) -> None:
    for line in sys.stdin:
        word, _, seconds = line.strip().partition(" ")
        if word == "hold":
            _Connection.hold_s = float(seconds)
        if word == "dropped":
            _say(str(_Connection.dropped))
            continue
        _say(json.dumps({path.decode(): n for path, n in list(_Connection.answered.items())}))
    loop.call_soon_threadsafe(loop.stop)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _main() -> None:
    import uvloop

    loop = uvloop.new_event_loop()
    server = loop.run_until_complete(loop.create_server(_Connection, "127.0.0.1", 0, backlog=512))
    _say(str(server.sockets[0].getsockname()[1]))
    threading.Thread(target=_obey, args=(loop,), daemon=True).start()
    loop.run_forever()


if __name__ == "__main__":
    _main()
