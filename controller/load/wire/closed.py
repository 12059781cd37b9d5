"""The closed load model: a lane sends its next request when the last one was answered."""

import time
from collections.abc import Callable
from typing import Any

from controller.load.wire.ask import Ask
from controller.load.wire.carrier import Carrier
from controller.load.wire.pauses import ANSWERED_WHOLE, pause_after_s
from controller.load.wire.tally import NS_PER_S, Tally

_clock_ns = time.monotonic_ns


class ClosedModel:
    """Gives each carrier a lane of its own; there is nothing to plan.

    deal gives the next request of the worker; gone is called with each lane that was asked to leave and has
    nothing in flight.
    """

    idle = True

    def __init__(
        self, loop: Any, tally: Tally, *, deal: Callable[[], Ask], gone: Callable[["ClosedLane"], object]
    ) -> None:
        self._loop, self._tally, self._deal, self._gone = loop, tally, deal, gone

    def lane(self, carrier: Carrier) -> "ClosedLane":
        """Return a new lane."""
        return ClosedLane(self._loop, carrier, self._tally, deal=self._deal, gone=self._gone)

    def start(self, start_ns: int) -> None:
        """Lanes begin by themselves."""

    def measure(self, from_s: float, until_s: float) -> None:
        """Lanes send until the tally says that sending is over."""

    def stop(self, now_ns: int) -> None:
        """The tally has stopped them."""

    def look(self, now_ns: int) -> None:
        """Nothing waits but in lanes."""

    def close(self) -> None:
        """There is nothing to let go."""


class ClosedLane:
    """One request in flight of the closed model, on a carrier of its own.

    deal gives the next request of the worker; gone is called once, when the lane was asked to leave and has
    nothing in flight.
    """

    __slots__ = (
        "_ask",
        "_carrier",
        "_deal",
        "_gone",
        "_late_ns",
        "_leaving",
        "_loop",
        "_pause_s",
        "_planned_ns",
        "_tally",
        "_waiting",
    )

    def __init__(
        self,
        loop: Any,
        carrier: Carrier,
        tally: Tally,
        *,
        deal: Callable[[], Ask],
        gone: Callable[["ClosedLane"], object],
    ) -> None:
        self._loop = loop
        self._carrier = carrier
        carrier.lane = self
        self._tally = tally
        self._deal = deal
        self._gone = gone
        self._ask: Ask
        self._planned_ns = 0
        self._late_ns = 0
        self._pause_s = 0.0
        self._waiting = False
        self._leaving = False

    @property
    def idle(self) -> bool:
        """Whether no attempt is under way."""
        return not self._waiting

    def prepare(self) -> None:
        """Connect before the trial starts, so that the first requests do not all wait for a connection."""
        if not self._tally.sending:
            self._carrier.prepare()

    def begin(self) -> None:
        """Begin an attempt now, connecting first where that is needed."""
        if self._leaving or self._waiting or not self._tally.sending:
            self._rest()
            return
        self._planned_ns = _clock_ns()
        # Until the connection stands it is not known how late the request is sent, but that it is late.
        self._late_ns = 1
        self._waiting = True
        self._tally.begun += 1
        self._ask = ask = self._deal()
        if self._carrier.send(ask):
            self._late_ns = 0

    def leave(self) -> None:
        """Send nothing more, and close once the request in flight has come to its end."""
        self._leaving = True
        self._rest()

    def sent(self, now_ns: int) -> None:
        """Hear that the request which waited for its connection has gone."""
        self._late_ns = now_ns - self._planned_ns

    def answered(self, now_ns: int, size: int) -> Ask | None:
        """Count a right answer and return the next request: the hot path of the whole engine."""
        tally = self._tally
        if now_ns >= tally.closes_ns:
            tally.roll(now_ns)
        counter = self._ask.tally
        counter.durations[(now_ns - self._planned_ns) // 1000] += 1
        counter.bytes += size
        if self._late_ns:
            self._count_late(now_ns)
        if tally.sending and self._carrier.reusable and not self._leaving:
            self._planned_ns = now_ns
            tally.begun += 1
            self._ask = ask = self._deal()
            return ask
        self._waiting = False
        self._rest()
        return None

    def failed(self, now_ns: int, kind: str, text: str) -> None:
        """Count an attempt that was an error, and go on: after a pause where the connection never answered."""
        self._tally.roll(now_ns)
        self._tally.error(self._ask.tally, kind, text, now_ns=now_ns)
        self._waiting = False
        if kind in ANSWERED_WHOLE:
            if self._carrier.reusable:
                self.begin()
            return
        self._pause_s = pause_after_s(self._pause_s, never_answered=self._late_ns > 0)
        self._loop.call_later(self._pause_s, self.begin)

    def released(self) -> None:
        """Go on after the server closed the connection as agreed."""
        self.begin()

    def look(self, now_ns: int, timeout_ns: int) -> None:
        """Give up an attempt that has waited longer than the time-out."""
        if self._waiting and now_ns - self._planned_ns > timeout_ns:
            self.failed(now_ns, self._carrier.abandon(), f"no answer within {timeout_ns / NS_PER_S:g} s")
        else:
            self._carrier.look(now_ns)

    def _count_late(self, now_ns: int) -> None:
        counter = self._ask.tally
        counter.moved_latency[(now_ns - self._planned_ns) // 1000] += 1
        counter.moved_service[(now_ns - self._planned_ns - self._late_ns) // 1000] += 1
        self._late_ns = 0
        self._pause_s = 0.0

    def _rest(self) -> None:
        if self._leaving and not self._waiting:
            self._carrier.close()
            self._gone(self)
