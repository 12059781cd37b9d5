"""The relay before a database: `python -m controller.stack.relay_process PORT SERVER_PORT DELAY_MS COUNTS`.

It passes everything on, and what comes from the server so much later. MySQL's protocol is one of questions and answers,
so delaying each part of what a server sends delays each of its answers by that time, those of a login too; nothing of a
delay adds up, since each part has a moment of its own, counted from when it arrived. One thread and one loop: parts of
all connections stand in one line, as they are due in the order in which they came.

Only the standard library is imported here: starting it takes as long as starting Python.
"""

import select
import socket
import struct
import sys
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import Final

from controller.stack.relay_counts import Counts, wants_answer
from controller.stack.relay_pair import Pair, Way

_HOST: Final = "127.0.0.1"
_NS_PER_MS: Final = 1_000_000
_NS_PER_S: Final = 1_000_000_000
_BACKLOG: Final = 2048
_READ_BYTES: Final = 1 << 16
# What one direction of a connection may have in hand: beyond it whoever sends has to wait, as behind a full socket.
MOST_IN_HAND: Final = 1 << 20
_IN, _OUT, _TROUBLE = select.EPOLLIN, select.EPOLLOUT, select.EPOLLERR | select.EPOLLHUP
# A socket that is closed with this set sends a reset.
_NO_LINGER: Final = struct.pack("ii", 1, 0)


class Relay:
    """All connections from a listening socket to a server on this machine."""

    def __init__(self, listener: socket.socket, server_port: int, *, delay_ms: float, counts: Counts) -> None:
        """Serve a listener; each part of what the server sends is passed on delay_ms milliseconds after it came."""
        listener.setblocking(False)
        self._listener = listener
        self._server = (_HOST, server_port)
        self._delay_ns = round(delay_ms * _NS_PER_MS)
        self._counts = counts
        # When a part is due (ns of the monotonic clock), its way, and the part: an empty one is an end, None a reset.
        self._held: deque[tuple[int, Way, bytes | None]] = deque()
        self._epoll = select.epoll()
        # By descriptor: what is watched for, and the ways that begin and end there.
        self._watched: dict[int, int] = {}
        self._ways: dict[int, tuple[Way, Way]] = {}
        self._watch(listener.fileno(), _IN)

    def turn(self) -> None:
        """Wait for what comes next, and do all that is to be done."""
        if self._held:
            # epoll waits for whole milliseconds; select, for the epoll itself, for microseconds.
            left_ns = self._held[0][0] - time.monotonic_ns()
            select.select([self._epoll], [], [], max(0, left_ns) / _NS_PER_S)
        events = self._epoll.poll(0 if self._held else None)
        for descriptor, what in events:
            if descriptor in self._ways:
                self._serve(descriptor, what)
        self._pass_on_due()
        # Last: a new connection may get the number of one that ended a moment ago, which events above still named.
        if any(descriptor == self._listener.fileno() for descriptor, _ in events):
            self._accept()

    def _pass_on_due(self) -> None:
        held, now_ns = self._held, time.monotonic_ns()
        while held and held[0][0] <= now_ns:
            _, way, part = held.popleft()
            if way.pair.closed:
                continue
            if part is None:
                self._reset(way.pair)
                continue
            self._stop_asking(way.pair)
            self._pass_on(way, part)

    def _accept(self) -> None:
        try:
            client, _ = self._listener.accept()
        except BlockingIOError:
            return
        except OSError:
            # No descriptor is left: who waits in the queue gets in once another connection has ended.
            self._watch(self._listener.fileno(), 0)
            return
        try:
            server = socket.socket()
        except OSError:
            client.close()
            return
        for one in (client, server):
            one.setblocking(False)
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pair = Pair(client, server)
        self._ways[client.fileno()] = (pair.questions, pair.answers)
        self._ways[server.fileno()] = (pair.answers, pair.questions)
        self._counts.add(opened=1)
        server.connect_ex(self._server)
        self._watch(server.fileno(), _OUT)

    def _serve(self, descriptor: int, what: int) -> None:
        """Do what a socket is ready for."""
        incoming, outgoing = self._ways[descriptor]
        pair = incoming.pair
        if not pair.connected:
            if pair.server.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                self._reset(pair)
                return
            pair.connected = True
            self._watch_pair(pair)
        if outgoing.unsent and what & (_OUT | _TROUBLE):
            self._flush(outgoing)
        if incoming.reads and not pair.closed and what & (_IN | _TROUBLE):
            self._read(incoming)

    def _read(self, way: Way) -> None:
        """Take one part from a source; what has no delay is passed on at once."""
        part: bytes | None = None
        try:
            part = way.source.recv(_READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            # A reset, which is passed on like an end.
            pass
        way.in_hand += len(part or b"")
        way.reads = bool(part)
        if not part or way.in_hand >= MOST_IN_HAND:
            self._watch_pair(way.pair)
        if way.delayed:
            self._held.append((time.monotonic_ns() + self._delay_ns, way, part))
        elif part is None:
            self._reset(way.pair)
        else:
            self._start_asking(way.pair, part)
            self._pass_on(way, part)

    def _pass_on(self, way: Way, part: bytes) -> None:
        """Send a part, behind whatever the sink did not take yet."""
        way.unsent += part
        way.ended = way.ended or not part
        if len(way.unsent) == len(part):
            self._flush(way)

    def _flush(self, way: Way) -> None:
        """Send what the sink takes now, and its end after the last part."""
        pair, was_full = way.pair, way.in_hand >= MOST_IN_HAND
        try:
            sent = way.sink.send(way.unsent) if way.unsent else 0
        except BlockingIOError:
            sent = 0
        except OSError:
            self._reset(pair)
            return
        del way.unsent[:sent]
        way.in_hand -= sent
        if was_full or way.unsent or self._watched.get(way.sink.fileno(), 0) & _OUT:
            self._watch_pair(pair)
        if not way.ended or way.unsent:
            return
        if pair.questions.ended and pair.answers.ended and not (pair.questions.unsent or pair.answers.unsent):
            self._close(pair)
            return
        # The other side may be gone already; then there is nobody to hear it.
        with suppress(OSError):
            way.sink.shutdown(socket.SHUT_WR)

    def _start_asking(self, pair: Pair, part: bytes) -> None:
        if not pair.asks and part and wants_answer(part):
            pair.asks = True
            self._counts.add(asking=1)

    def _stop_asking(self, pair: Pair) -> None:
        if pair.asks:
            pair.asks = False
            self._counts.add(asking=-1)

    def _reset(self, pair: Pair) -> None:
        """End both sides as one of them did: without waiting for anything under way."""
        for one in (pair.client, pair.server):
            one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        self._close(pair)

    def _close(self, pair: Pair) -> None:
        self._stop_asking(pair)
        self._counts.add(opened=-1)
        pair.closed = True
        for one in (pair.client, pair.server):
            self._watch(one.fileno(), 0)
            del self._ways[one.fileno()]
            one.close()
        self._watch(self._listener.fileno(), _IN)

    def _watch_pair(self, pair: Pair) -> None:
        """Watch both sockets for what is wanted of them now: more, where there is room, and to take what waits."""
        for one in (pair.client, pair.server):
            incoming, outgoing = self._ways[one.fileno()]
            reads = incoming.reads and incoming.in_hand < MOST_IN_HAND
            self._watch(one.fileno(), (_IN if reads else 0) | (_OUT if outgoing.unsent else 0))

    def _watch(self, descriptor: int, wanted: int) -> None:
        """Watch a descriptor for events; one that is watched for none does not even tell that it is gone."""
        watched = self._watched.get(descriptor, 0)
        if wanted == watched:
            return
        if not wanted:
            self._epoll.unregister(descriptor)
        elif watched:
            self._epoll.modify(descriptor, wanted)
        else:
            self._epoll.register(descriptor, wanted)
        self._watched[descriptor] = wanted


def main(arguments: list[str]) -> None:
    """Listen on a port of this machine and serve until ended."""
    port, server_port, delay_ms = map(int, arguments[:3])
    # Else the kernel may wake us another 50 us later, to wake others with us.
    with suppress(OSError):
        Path("/proc/self/timerslack_ns").write_text("1", encoding="ascii")
    listener = socket.create_server((_HOST, port), backlog=_BACKLOG)
    relay = Relay(listener, server_port, delay_ms=delay_ms, counts=Counts(Path(arguments[3])))
    while True:
        relay.turn()


if __name__ == "__main__":
    main(sys.argv[1:])
