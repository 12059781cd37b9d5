"""One request in flight of the open load model: it rests until an arrival comes, or sends what waits longest."""

import time
from typing import TYPE_CHECKING

from controller.load.wire.ask import Ask
from controller.load.wire.carrier import Carrier
from controller.load.wire.pauses import ANSWERED_WHOLE, pause_after_s
from controller.load.wire.tally import NS_PER_S

if TYPE_CHECKING:
    from controller.load.wire.open import OpenModel

_clock_ns = time.monotonic_ns


class OpenLane:
    """One request in flight of the open model at most, on a carrier of its own."""

    __slots__ = (
        "_ask",
        "_busy",
        "_carrier",
        "_connecting",
        "_leaving",
        "_model",
        "_pause_s",
        "_planned_ns",
        "_resting",
        "_sent_ns",
        "_tally",
    )

    def __init__(self, model: "OpenModel", carrier: Carrier) -> None:
        self._model = model
        self._carrier = carrier
        carrier.lane = self
        self._tally = model.tally
        self._ask: Ask
        self._planned_ns = self._sent_ns = 0
        self._pause_s = 0.0
        self._connecting = self._busy = self._resting = self._leaving = False

    @property
    def idle(self) -> bool:
        """Whether no attempt is under way."""
        return not self._busy

    def prepare(self) -> None:
        """Connect before the trial starts, so that the first arrivals do not all wait for a connection."""
        if not self._tally.sending:
            self._carrier.prepare()

    def begin(self) -> None:
        """Send what waits longest, or rest until an arrival comes."""
        if self._busy or self._resting:
            return
        if self._leaving:
            self._go()
        elif (waiting := self._model.queued(now_ns := _clock_ns())) is not None:
            self._send(*waiting, now_ns)
        else:
            self._resting = True
            self._model.rest(self)

    def take(self, planned_ns: int, ask: Ask, now_ns: int) -> bool:
        """Send an arrival; return False where the lane has left while it rested."""
        self._resting = False
        if self._leaving:
            return False
        self._send(planned_ns, ask, now_ns)
        return True

    def leave(self) -> None:
        """Send nothing more, and close once the request in flight has come to its end."""
        self._leaving = True
        if not self._busy:
            self._go()

    def sent(self, now_ns: int) -> None:
        """Hear that the request which waited for its connection has gone."""
        self._sent_ns = now_ns

    def answered(self, now_ns: int, size: int) -> Ask | None:
        """Count a right answer, and return what waits longest where there is a queue."""
        tally, model = self._tally, self._model
        if now_ns >= tally.closes_ns:
            tally.roll(now_ns)
        latency_ns = now_ns - self._planned_ns
        counter = model.counter(self._ask, self._planned_ns)
        if latency_ns > model.timeout_ns:
            tally.error(counter, "timeout", self._too_late(), now_ns=now_ns)
        else:
            counter.durations[latency_ns // 1000] += 1
            counter.services[(now_ns - self._sent_ns) // 1000] += 1
            counter.bytes += size
        self._pause_s = 0.0
        self._busy = False
        if self._leaving:
            self._go()
        elif self._carrier.reusable:
            if (waiting := model.queued(now_ns)) is not None:
                self._plan(*waiting, now_ns)
                return self._ask
            self._resting = True
            model.rest(self)
        return None

    def failed(self, now_ns: int, kind: str, text: str) -> None:
        """Count an arrival that was an error, and go on: after a pause where the connection never answered."""
        self._tally.roll(now_ns)
        self._tally.error(self._model.counter(self._ask, self._planned_ns), kind, text, now_ns=now_ns)
        self._busy = False
        if kind in ANSWERED_WHOLE:
            if self._carrier.reusable:
                self.begin()
            return
        self._pause_s = pause_after_s(self._pause_s, never_answered=self._connecting)
        self._model.loop.call_later(self._pause_s, self.begin)

    def released(self) -> None:
        """Go on after the server closed the connection as agreed."""
        self.begin()

    def look(self, now_ns: int, timeout_ns: int) -> None:
        """Give up an arrival that was not answered in time."""
        if self._busy and now_ns - self._planned_ns > timeout_ns:
            self.failed(now_ns, self._carrier.abandon(), self._too_late())
        else:
            self._carrier.look(now_ns)

    def _too_late(self) -> str:
        return f"no answer within {self._model.timeout_ns / NS_PER_S:g} s of the planned send"

    def _plan(self, planned_ns: int, ask: Ask, now_ns: int) -> None:
        self._planned_ns, self._ask, self._sent_ns = planned_ns, ask, now_ns
        self._busy, self._connecting = True, False

    def _send(self, planned_ns: int, ask: Ask, now_ns: int) -> None:
        self._plan(planned_ns, ask, now_ns)
        self._connecting = not self._carrier.send(ask)

    def _go(self) -> None:
        self._carrier.close()
        self._model.gone(self)
