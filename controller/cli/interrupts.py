"""Two steps out of a run: the first Ctrl-C ends it in order, the second at once."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

from controller.cli.progress import Progress


class Stoppable(Protocol):
    """What a run looks at to learn that it should end."""

    def request(self) -> None:
        """Ask for the end; safe in a signal handler."""


@contextmanager
def two_steps(stop: Stoppable, progress: Progress) -> Iterator[None]:
    """Within the block, SIGINT asks for an end in order and, the second time, raises KeyboardInterrupt.

    SIGTERM and SIGHUP raise it at once; SIGHUP stays ignored where it was (nohup).
    """
    asked = False

    def on_interrupt(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        stop.request()
        progress.stopping()

    def on_end(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    handlers = {signal.SIGINT: on_interrupt, signal.SIGTERM: on_end}
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        handlers[signal.SIGHUP] = on_end
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
