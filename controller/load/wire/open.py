"""The open load model: requests are sent when they are planned, by whichever lane is free, and queue where none is."""

import time
from collections import deque
from collections.abc import Callable
from math import inf, isfinite
from typing import Any

from controller.load.wire.arrivals import Arrivals
from controller.load.wire.ask import Ask
from controller.load.wire.carrier import Carrier
from controller.load.wire.open_lane import OpenLane
from controller.load.wire.tally import NS_PER_S, EndpointTally, Tally
from controller.load.wire.timer import Timer

_clock_ns = time.monotonic_ns


class OpenModel:
    """Takes up each arrival at its moment: the lane that has rested longest sends it, else it queues.

    gone is called with each lane that was asked to leave and has nothing in flight. An arrival that was not
    answered timeout_ns after its planned send is an error, wherever it stands by then.
    """

    def __init__(
        self,
        loop: Any,
        tally: Tally,
        arrivals: Arrivals,
        *,
        deal: Callable[[], Ask],
        gone: Callable[[OpenLane], object],
        timeout_ns: int,
    ) -> None:
        self.loop = loop
        self.tally = tally
        self.timeout_ns = timeout_ns
        self.gone = gone
        self._arrivals = arrivals
        self._deal = deal
        self._free: deque[OpenLane] = deque()
        self._queue: deque[tuple[int, Ask]] = deque()
        self._timer: Timer | None = None
        self._start_ns = 0
        self._until_ns: float = inf
        tally.time_out_after(timeout_ns // 1000)

    @property
    def idle(self) -> bool:
        """Whether no arrival is to come and none waits for a lane."""
        return self._arrivals.due_ns >= self._until_ns and not self._queue

    def lane(self, carrier: Carrier) -> OpenLane:
        """Return a new lane of this model."""
        return OpenLane(self, carrier)

    def start(self, start_ns: int) -> None:
        """Begin the schedule at a moment of time.monotonic_ns."""
        self._start_ns = start_ns
        self._timer = Timer(self.loop, self._take_due)
        self._arm()

    def measure(self, from_s: float, until_s: float) -> None:
        """Begin the stages at the measured phase's begin, and plan nothing from its end on."""
        self._arrivals.measure(from_s)
        self._until_ns = round(until_s * NS_PER_S) if isfinite(until_s) else inf
        self._arm()

    def stop(self, now_ns: int) -> None:
        """Plan nothing after a moment; what was planned before is still sent and waited for."""
        self._until_ns = min(self._until_ns, now_ns - self._start_ns)

    def look(self, now_ns: int) -> None:
        """Give up what has queued longer than the time-out."""
        while self._queue and now_ns - self._queue[0][0] > self.timeout_ns:
            planned_ns, ask = self._queue.popleft()
            self.tally.roll(now_ns)
            text = f"no free connection within {self.timeout_ns / NS_PER_S:g} s"
            self.tally.error(self.counter(ask, planned_ns), "timeout", text, now_ns=now_ns)

    def close(self) -> None:
        """Let the timer go: nothing is to come any more."""
        if self._timer is not None:
            self._timer.close()
            self._timer = None

    def counter(self, ask: Ask, planned_ns: int) -> EndpointTally:
        """Return where an arrival counts: with those of the phase that it was planned in."""
        return ask.tally if planned_ns >= self.tally.phase_began_ns else ask.tally.earlier

    def rest(self, lane: OpenLane) -> None:
        """Put a lane that can send at the end of those that wait for an arrival."""
        self._free.append(lane)

    def queued(self, now_ns: int) -> tuple[int, Ask] | None:
        """Return the arrival that waits longest, as its planned send and request, and take it out of the queue."""
        self.look(now_ns)
        return self._queue.popleft() if self._queue else None

    def _take_due(self) -> None:
        arrivals, start_ns = self._arrivals, self._start_ns
        # What falls due while these are sent comes after the loop has looked at its connections.
        now_ns = _clock_ns() - start_ns
        while (due_ns := arrivals.due_ns) <= now_ns and due_ns < self._until_ns:
            arrivals.step()
            self._take(start_ns + due_ns)
        self._arm()

    def _arm(self) -> None:
        if self._timer is not None:
            due_ns = self._arrivals.due_ns
            self._timer.arm(self._start_ns + due_ns if due_ns < self._until_ns else 0)

    def _take(self, planned_ns: int) -> None:
        """Take an arrival up: it has begun, whatever becomes of it."""
        now_ns = _clock_ns()
        tally = self.tally
        if now_ns >= tally.closes_ns:
            tally.roll(now_ns)
        tally.begun += 1
        ask = self._deal()
        counter = self.counter(ask, planned_ns)
        counter.lags[(now_ns - planned_ns) // 1000] += 1
        free = self._free
        while free:
            if free.popleft().take(planned_ns, ask, now_ns):
                return
        counter.queued += 1
        self._queue.append((planned_ns, ask))
