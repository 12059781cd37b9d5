"""Two steps out of a run: the first Ctrl-C ends it in order, the second at once."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

from controller.load.watcher import StopRequest


class Stopping(Protocol):
    """A display that is told of the user's wish."""

    def stopping(self) -> None:
        """Note that the user asked to end; called from a signal handler, so it only notes."""


@contextmanager
def two_steps(stop: StopRequest, progress: Stopping) -> Iterator[None]:
    """Within the block the first SIGINT asks for an end in order; the next one raises KeyboardInterrupt.

    So does the first where nobody would look at the request yet: there is nothing to keep, and a build may take long.
    """

    def on_interrupt(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        if not stop.heeded:
            raise KeyboardInterrupt
        stop.request()
        progress.stopping()

    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
