"""HTTP/2 as the load model sees it: streams that share a connection, and the next one when that takes leave."""

import time
from collections import deque
from collections.abc import Callable
from typing import Final

from controller.load.wire.connection import Connection
from controller.load.wire.session import Session
from controller.load.wire.stream import Stream
from controller.load.wire.tally import NS_PER_S

# How long a server that took leave may take to close, once it has nothing more to answer: the side that closes
# first keeps the address in TIME_WAIT.
_CLOSE_WITHIN_NS: Final = NS_PER_S
# How often what was refused is asked again.
_LOOK_NS: Final = NS_PER_S // 10

_clock_ns = time.monotonic_ns


class Http2:
    """The streams of one Locust user. They share one connection that new requests go to; others only finish.

    connect makes connections, on which both sides must have chosen alpn. A request that finds no room waits: first
    come, first served.
    """

    def __init__(self, connect: Callable[[], Connection], *, streams: int, alpn: str | None = None) -> None:
        self.streams = [Stream(self) for _ in range(streams)]
        self._connect = connect
        self._alpn = alpn
        self._session: Session | None = None
        # Sessions that take no new streams, and since when they have had nothing more to answer, else 0.
        self._leaving: dict[Session, int] = {}
        self._look_ns = 0
        self._waiting: deque[Stream] = deque()
        self._released: set[Stream] = set()
        # Whether every stream's next request would go out at once: there is room for all, and none waits.
        self._is_ready = False

    def prepare(self) -> None:
        """Connect ahead of the first request."""
        if self._session is None:
            self._session = Session(self._connect(), self, alpn=self._alpn)

    def take(self, stream: Stream) -> bool:
        """Ask what the stream holds and return True, or do it later and return False."""
        self._released.discard(stream)
        session = self._session
        if session is not None and session.has_room and not self._waiting:
            session.ask(stream, stream.ask)
            self._mark(stream)
            return True
        self._waiting.append(stream)
        self._look_at_room()
        self.prepare()
        return False

    def abandon(self, stream: Stream) -> str:
        """Give up what the stream holds; returns the kind of error that this is."""
        session = self._session
        if stream.number:
            self._session_of(stream).cancel(stream)
            self.freed()
            return "timeout"
        self._waiting.remove(stream)
        if session is None or session.control.settled:
            self.freed()
            return "timeout"
        # A connection that does not come to stand in time is tried anew.
        session.close()
        self._session = None
        if self._waiting:
            self.prepare()
        return "connect_timeout"

    def look(self, now_ns: int) -> None:
        """Try again what servers refused, and close what they took leave of and did not close in time."""
        # Each of the streams looks, and more often than servers should be asked again.
        if now_ns < self._look_ns:
            return
        self._look_ns = now_ns + _LOOK_NS
        if self._waiting:
            self.prepare()
            self.freed()
        for session, idle_ns in list(self._leaving.items()):
            if session.streams.open:
                continue
            self._leaving[session] = idle_ns or now_ns
            if idle_ns and now_ns - idle_ns > _CLOSE_WITHIN_NS:
                session.close()
                del self._leaving[session]

    def release(self, stream: Stream) -> None:
        """Give up what the stream holds, if anything; with the last of them the connections close."""
        if stream.number or stream in self._waiting:
            self.abandon(stream)
        self._released.add(stream)
        if len(self._released) == len(self.streams):
            for session in (*self._leaving, *([self._session] if self._session else [])):
                session.forget()
                session.close()
            self._session = None
            self._leaving.clear()
            self._look_at_room()

    def finished(self, stream: Stream) -> None:
        """Let whoever waits go first, and then the stream that was answered."""
        self.freed()
        stream.lane.released()

    def freed(self) -> None:
        """Ask what waits, as far as there is room."""
        session = self._session
        while self._waiting and session is not None and session.has_room:
            stream = self._waiting.popleft()
            stream.lane.sent(_clock_ns())
            session.ask(stream, stream.ask)
            self._mark(stream)
        self._look_at_room()

    def refused(self, stream: Stream) -> None:
        """Ask again when another stream has come to its end, or at the next look."""
        self._waiting.appendleft(stream)
        self._look_at_room()

    def leaving(self, session: Session, unseen: list[Stream]) -> None:
        """Open no new streams on a session, and ask elsewhere what the server took no notice of."""
        self._waiting.extendleft(reversed(unseen))
        self._leaving[session] = 0
        if session is self._session:
            self._session = None
        # A server that takes leave before it has answered anything is asked again at the next look, not at once.
        if self._waiting and session.streams.fruitful:
            self.prepare()
        self._look_at_room()

    def gone(self, session: Session, kind: str, text: str) -> None:
        """Take the end of a session: what it never began to ask has failed too where it never came to stand."""
        self._leaving.pop(session, None)
        if session is not self._session:
            return
        self._session = None
        self._look_at_room()
        if session.control.settled:
            if self._waiting:
                self.prepare()
            return
        waiting = list(self._waiting)
        self._waiting.clear()
        now_ns = _clock_ns()
        for stream in waiting:
            stream.lane.failed(now_ns, kind, text)

    def _session_of(self, stream: Stream) -> Session:
        sessions = [*self._leaving, *([self._session] if self._session else [])]
        return next(session for session in sessions if session.streams.open.get(stream.number) is stream)

    def _look_at_room(self) -> None:
        session = self._session
        is_ready = (
            session is not None
            and session.control.settled
            and session.control.most_streams >= len(self.streams)
            and not self._waiting
        )
        if is_ready != self._is_ready:
            self._is_ready = is_ready
            for stream in self.streams:
                self._mark(stream)

    def _mark(self, stream: Stream) -> None:
        """Say whether a stream's next request would go out at once: not where its session takes no new streams."""
        number, session = stream.number, self._session
        is_here = number == 0 or (session is not None and session.streams.open.get(number) is stream)
        stream.reusable = self._is_ready and is_here
