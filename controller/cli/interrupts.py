"""Ways out: a signal ends any command in order, and a run has two steps of it."""

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
    """Within the block the first SIGINT asks for an end in order; the next one raises KeyboardInterrupt."""

    def on_interrupt(_number: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        stop.request()
        progress.stopping()

    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
