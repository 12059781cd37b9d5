"""The wire engine of one worker: a uvloop event loop in one native thread, which drives one trial after the other."""

from collections import deque
from collections.abc import Callable
from typing import Any

import uvloop

from controller.load.job import Job
from controller.load.wire.drive import Drive
from controller.load.wire.native import run_in_thread
from controller.load.wire.script import Script
from controller.measure.window import Window


class Engine:
    """The thread and its loop. Its methods may be called from greenlets.

    tell is called in the engine's thread whenever a window was closed.
    """

    def __init__(self, tell: Callable[[], None]) -> None:
        self._loop = uvloop.new_event_loop()
        self._tell = tell
        self._drive: Drive | None = None
        self._numbers = 0
        self._attached: set[int] = set()
        self._thread = run_in_thread(self._loop.run_forever)

    def load(self, job: Job, script: Script | None = None) -> None:
        """Make ready for a trial; what was driven before is closed, and connections attached before go on in it.

        script is what Locust's own users will do in it, None where there are none. Raises LoadError for an address
        that makes no sense.
        """
        drive = Drive(self._loop, job, self._tell, script=script or Script())
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
        """Return what the worker says of the whole trial.

        begun are attempts; messages and spans are those of errors by kind, see Tally; late is a phase set too late.
        """
        drive = self._drive
        if drive is None:
            return {"begun": 0, "messages": {}, "spans": {}, "late": False}
        tally = drive.tally
        begun = tally.begun + drive.script.begun
        return {"begun": begun, "messages": tally.messages, "spans": tally.spans, "late": drive.late}

    def _soon(self, step: Callable[[Drive], None]) -> None:
        if (drive := self._drive) is not None:
            self._loop.call_soon_threadsafe(step, drive)
