"""The worker's side of measuring: closed windows ride on Locust's reports until the master says it has them."""

from collections.abc import Callable, Iterable
from math import inf
from typing import Any

from locust.env import Environment

from controller.measure.window import Window
from controller.measure.window_wire import window_to_wire

# The key of a report under which FastServe's part of it travels.
REPORT_KEY = "fastserve"


class Recorder:
    """Attaches windows to reports; what was not acknowledged is attached again.

    take empties the engine's closed windows; ending returns the trial's totals once it has drained, else None.
    """

    def __init__(
        self,
        environment: Environment,
        *,
        take: Callable[[], Iterable[Window]],
        ending: Callable[[], dict[str, Any] | None],
    ) -> None:
        self._environment = environment
        self._take = take
        self._ending = ending
        self._pending: list[dict[str, Any]] = []
        self._order = 0
        self._ended = False
        self._end: dict[str, Any] | None = None
        environment.events.report_to_master.add_listener(self._attach)

    @property
    def settled(self) -> bool:
        """Whether the trial is over and the master has all of it."""
        return self._ended and not self._pending and self._end is None

    def begin(self, order: int) -> None:
        """Report on this trial from now on, and forget the one before."""
        self._order = order
        self._pending.clear()
        self._ended = False
        self._end = None

    def flush(self) -> None:
        """Report now what has closed since the last report."""
        self._environment.runner._send_stats()  # type: ignore[union-attr]

    def acknowledge(self, order: int, last_index: int, *, ended: bool) -> None:
        """Take the master's word that it has a trial's windows up to last_index, and its end."""
        self._pending = [wire for wire in self._pending if wire["order"] != order or wire["index"] > last_index]
        if ended and self._end is not None and self._end["order"] == order:
            self._end = None

    def _attach(self, client_id: str, data: dict[str, Any]) -> None:
        # The end is asked for first: windows that close in between are taken with it.
        end = None if self._ended else self._ending()
        self._pending += [window_to_wire(window, packed=True) for window in self._take()]
        # A report may go out while the next trial is made ready: that the last one has ended is no news then.
        if end is not None and end["order"] == self._order:
            self._end, self._ended = end, True
        data[REPORT_KEY] = {"windows": self._pending, "end": self._end}
        # Locust's master takes the earliest start of all for its throughput; this machine's wall clock may be behind.
        data["stats_total"]["start_time"] = inf
