"""The closed load model: a lane sends its next request when the last one was answered."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from controller.load.wire.connection import Connection
from controller.load.wire.http1 import Ask, Http1
from controller.load.wire.tally import NS_PER_S, Tally

# After an attempt on a connection that never answered the lane pauses, each time twice as long.
LEAST_PAUSE_S = 0.01
MOST_PAUSE_S = 1.0
# Errors after which the server is there and goes on as after a right answer.
_ANSWERED_WHOLE = frozenset({"wrong_status", "wrong_length", "wrong_body"})

_clock_ns = time.monotonic_ns


class ClosedLane:
    """One connection of the closed model, with at most one request in flight.

    deck is what to ask, in turn, beginning at `place`; its length is a power of two.
    gone is called once, when the lane was asked to leave and has nothing in flight.
    """

    __slots__ = (
        "_connection",
        "_deck",
        "_gone",
        "_late_ns",
        "_leaving",
        "_loop",
        "_mask",
        "_pause_s",
        "_place",
        "_planned_ns",
        "_protocol",
        "_releasing_ns",
        "_tally",
        "_waiting",
    )

    def __init__(
        self,
        loop: Any,
        connection: Connection,
        tally: Tally,
        *,
        deck: Sequence[Ask],
        place: int,
        gone: Callable[["ClosedLane"], None],
    ) -> None:
        self._loop = loop
        self._tally = tally
        self._deck = deck
        self._mask = len(deck) - 1
        self._place = place & self._mask
        self._gone = gone
        self._connection = connection
        self._protocol = Http1(connection, self)
        self._planned_ns = 0
        self._late_ns = 0
        self._releasing_ns = 0
        self._pause_s = 0.0
        self._waiting = False
        self._leaving = False

    @property
    def idle(self) -> bool:
        """Whether no attempt is under way."""
        return not self._waiting

    def prepare(self) -> None:
        """Connect before the trial starts, so that the first requests do not all wait for a connection."""
        if not self._tally.sending and not self._connection.is_open and not self._connection.is_opening:
            self._connection.open()

    def begin(self) -> None:
        """Begin an attempt now, connecting first where that is needed."""
        if self._leaving or self._waiting or not self._tally.sending:
            self._rest()
            return
        self._planned_ns = _clock_ns()
        self._late_ns = 0
        self._waiting = True
        self._tally.begun += 1
        self._place = (self._place + 1) & self._mask
        if self._connection.is_open and self._protocol.reusable:
            self._send()
        else:
            # Until the connection stands it is not known how late the request is sent, but that it is late.
            self._late_ns = 1
            if not self._connection.is_opening:
                self._connection.close()
                self._connection.open()

    def leave(self) -> None:
        """Send nothing more, and close once the request in flight has come to its end."""
        self._leaving = True
        if not self._waiting:
            self._rest()

    def opened(self) -> None:
        """Send what was waiting for the connection."""
        if self._waiting:
            self._late_ns = _clock_ns() - self._planned_ns
            self._send()

    def answered(self, now_ns: int, size: int) -> None:
        """Count a right answer and send the next request: the hot path of the whole engine."""
        tally = self._tally
        if now_ns >= tally.closes_ns:
            tally.roll(now_ns)
        protocol = self._protocol
        counter = self._deck[self._place].tally
        counter.durations[(now_ns - self._planned_ns) // 1000] += 1
        counter.bytes += size
        if self._late_ns:
            self._count_late(now_ns)
        if tally.sending and protocol.reusable and not self._leaving:
            self._planned_ns = now_ns
            tally.begun += 1
            self._place = place = (self._place + 1) & self._mask
            protocol.ask = ask = self._deck[place]
            self._connection.send(ask.request)
        else:
            self._after_attempt()

    def failed(self, now_ns: int, kind: str, text: str) -> None:
        """Count an attempt that was an error, and go on: after a pause where the connection never answered."""
        if not self._waiting:
            # Connecting ahead of the trial failed: no attempt was planned yet; the first one will tell.
            return
        self._tally.roll(now_ns)
        self._tally.error(self._deck[self._place].tally, kind, text)
        if kind in _ANSWERED_WHOLE:
            self._after_attempt()
            return
        self._connection.close()
        self._waiting = False
        # A server that breaks off after many answers is asked again at once: it may do so by design.
        self._pause_s = min(MOST_PAUSE_S, max(LEAST_PAUSE_S, 2 * self._pause_s)) if self._late_ns else 0.0
        self._loop.call_later(self._pause_s, self.begin)

    def released(self) -> None:
        """Go on with a new connection after the server closed the old one as agreed."""
        if self._releasing_ns:
            self._releasing_ns = 0
            self.begin()

    def look(self, now_ns: int, timeout_ns: int) -> None:
        """Give up an attempt that has waited longer than the time-out, and a close that never came."""
        if self._waiting and now_ns - self._planned_ns > timeout_ns:
            kind = "timeout" if self._connection.is_open else "connect_timeout"
            self._protocol.drop()
            self.failed(now_ns, kind, f"no answer within {timeout_ns / NS_PER_S:g} s")
        elif self._releasing_ns and now_ns - self._releasing_ns > NS_PER_S:
            self._protocol.drop()
            self.released()

    def _send(self) -> None:
        self._protocol.ask = ask = self._deck[self._place]
        self._connection.send(ask.request)

    def _count_late(self, now_ns: int) -> None:
        counter = self._deck[self._place].tally
        counter.moved_latency[(now_ns - self._planned_ns) // 1000] += 1
        counter.moved_service[(now_ns - self._planned_ns - self._late_ns) // 1000] += 1
        self._late_ns = 0
        self._pause_s = 0.0

    def _after_attempt(self) -> None:
        self._waiting = False
        if self._connection.is_open and not self._protocol.reusable:
            # The server closes first: its side keeps the address in TIME_WAIT, and ours stays free for the next.
            self._protocol.ask = None
            self._releasing_ns = _clock_ns()
            self._connection.read_soon()
        else:
            self.begin()

    def _rest(self) -> None:
        if not self._waiting and (self._leaving or not self._tally.sending):
            self._protocol.ask = None
            if self._leaving:
                self._connection.close()
                self._gone(self)
