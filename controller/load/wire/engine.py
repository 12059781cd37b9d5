"""The wire engine of one worker: a uvloop event loop in one native thread, and the trial it is driving.

Everything here but the methods of Engine runs in that thread; Engine's methods may be called from greenlets.
"""

import time
from collections import deque
from collections.abc import Callable
from typing import Any

import uvloop

from controller.load.job import Job
from controller.load.wire.address import Address, address_of
from controller.load.wire.closed import ClosedLane
from controller.load.wire.connection import Connection
from controller.load.wire.deck import compiled
from controller.load.wire.native import run_in_thread
from controller.load.wire.tally import NS_PER_S, Tally
from controller.measure.window import Window

# How often windows that nobody's answer closed are closed, and whether a drain has come to its end is looked at.
_TICK_S = 0.02
# How often attempts are looked through for time-outs; a time-out is found at most this much late.
_LOOK_S = 0.1
# Neighbouring lanes begin far apart in the deck of requests.
_STRIDE = 2654435761


class Drive:
    """One trial under way on one worker."""

    def __init__(self, loop: Any, job: Job, address: Address, tell: Callable[[], None]) -> None:
        self.job = job
        self.deck, tallies = compiled(job)
        self.tally = Tally(job.order, tallies, tell)
        self.lanes: dict[int, ClosedLane] = {}
        self.drained = False
        self.late = False
        self._leaving: set[ClosedLane] = set()
        self._loop = loop
        self._address = address
        self._started = False
        self._look_ns = 0

    @property
    def finishing(self) -> bool:
        """Whether the trial has begun and sends no more."""
        return self._started and not self.tally.sending

    def attach(self, number: int) -> None:
        """Add a lane: it connects ahead of the start, or begins at once where the trial runs already."""
        lane = ClosedLane(
            self._loop,
            Connection(self._loop, self._address),
            self.tally,
            deck=self.deck,
            place=number * _STRIDE,
            gone=self._leaving.discard,
        )
        self.lanes[number] = lane
        self.tally.users = len(self.lanes)
        if self._started:
            lane.begin()
        else:
            lane.prepare()

    def detach(self, number: int) -> None:
        """Let a lane go once its request in flight has come to its end."""
        if (lane := self.lanes.pop(number, None)) is not None:
            self.tally.users = len(self.lanes)
            self._leaving.add(lane)
            lane.leave()

    def start(self, start_ns: int) -> None:
        """Begin to send at a moment of time.monotonic_ns."""
        self._loop.call_later(max(0.0, (start_ns - time.monotonic_ns()) / NS_PER_S), self._begin, start_ns)

    def _begin(self, start_ns: int) -> None:
        if self.drained or self._started:
            # It was stopped before it began, or the word came twice.
            return
        self._started = True
        self.tally.start(start_ns)
        for lane in self.lanes.values():
            lane.begin()
        self._tick()

    def measure(self, from_s: float, until_s: float) -> None:
        """Set the measured phase; remembered as late where its begin has passed already."""
        self.late = not self.tally.measure(from_s, until_s) or self.late

    def stop(self) -> None:
        """End the sending now."""
        if self._started:
            self.tally.stop(time.monotonic_ns())
        else:
            self.drained = True

    def close(self) -> None:
        """End the sending and let every connection go, as soon as its request in flight has come to its end."""
        self.stop()
        for number in list(self.lanes):
            self.detach(number)

    def _tick(self) -> None:
        now_ns = time.monotonic_ns()
        self.tally.roll(now_ns)
        if now_ns - self._look_ns > _LOOK_S * NS_PER_S:
            self._look_ns = now_ns
            for lane in [*self.lanes.values(), *self._leaving]:
                lane.look(now_ns, round(self.job.timeout_s * NS_PER_S))
        if not self.tally.sending and all(lane.idle for lane in [*self.lanes.values(), *self._leaving]):
            self.tally.finish(time.monotonic_ns())
            self.drained = True
        else:
            self._loop.call_later(_TICK_S, self._tick)


class Engine:
    """The thread and its loop; drives one trial after the other.

    tell is called in the engine's thread whenever a window was closed.
    """

    def __init__(self, tell: Callable[[], None]) -> None:
        self._loop = uvloop.new_event_loop()
        self._tell = tell
        self._drive: Drive | None = None
        self._numbers = 0
        self._attached: set[int] = set()
        self._thread = run_in_thread(self._loop.run_forever)

    def load(self, job: Job) -> None:
        """Make ready for a trial; what was driven before is closed, and connections attached before go on in it.

        Raises LoadError for an address that cannot be.
        """
        drive = Drive(self._loop, job, address_of(job.url), self._tell)
        before, self._drive = self._drive, drive
        if before is not None:
            self._loop.call_soon_threadsafe(before.close)
        for number in sorted(self._attached):
            self._loop.call_soon_threadsafe(drive.attach, number)

    def attach(self) -> int:
        """Add one connection; returns its number, to detach it by."""
        self._numbers += 1
        number = self._numbers
        self._attached.add(number)
        self._soon(lambda drive: drive.attach(number))
        return number

    def detach(self, number: int) -> None:
        """Let a connection go after its request in flight."""
        self._attached.discard(number)
        self._soon(lambda drive: drive.detach(number))

    def start(self, start_ns: int) -> None:
        """Begin to send at a moment of time.monotonic_ns."""
        self._soon(lambda drive: drive.start(start_ns))

    def measure(self, from_s: float, until_s: float) -> None:
        """Set the measured phase in seconds of the trial's clock; sending ends with it."""
        self._soon(lambda drive: drive.measure(from_s, until_s))

    def stop(self) -> None:
        """End the sending now; windows close once nothing is in flight."""
        self._soon(lambda drive: drive.stop())

    def quit(self) -> None:
        """End the thread."""
        self._soon(lambda drive: drive.close())
        self._loop.call_soon_threadsafe(self._loop.stop)

    @property
    def closed(self) -> deque[Window]:
        """The windows closed and not yet taken: pop them from the left, from any thread."""
        return deque() if self._drive is None else self._drive.tally.closed

    @property
    def finishing(self) -> bool:
        """Whether sending has ended, so that the windows to come are the last."""
        return self._drive is not None and self._drive.finishing

    @property
    def drained(self) -> bool:
        """Whether the trial has come to its end: nothing in flight, every window closed."""
        return self._drive is None or self._drive.drained

    def totals(self) -> dict[str, Any]:
        """Return what the worker says of the whole trial: attempts begun, messages of errors, a phase set too late."""
        drive = self._drive
        if drive is None:
            return {"begun": 0, "messages": {}, "late": False}
        return {"begun": drive.tally.begun, "messages": drive.tally.messages, "late": drive.late}

    def _soon(self, step: Callable[[Drive], None]) -> None:
        if (drive := self._drive) is not None:
            self._loop.call_soon_threadsafe(step, drive)
