"""The master's side of measuring: windows of all workers are merged, sealed in order, and handed on."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from locust.stats import RequestStats, StatsEntry, StatsError

from controller.measure.errors import merged_spans
from controller.measure.histogram import upper_us
from controller.measure.window import EndpointCounts, Window, merged_by_endpoint
from controller.measure.window_wire import merged_window_from_wire


@dataclass(slots=True)
class _Share:
    """What one worker has delivered of a trial; windows as they came, since merging them needs no more."""

    windows: dict[int, Mapping[str, Any]] = field(default_factory=dict)
    last_index: int = -1
    end: Mapping[str, Any] | None = None
    lost: bool = False

    @property
    def over(self) -> bool:
        return self.lost or self.end is not None


class Collector:
    """Seals each window of a trial once every worker that takes part has delivered it, ended or is lost.

    sealed is called with each merged window in the order of its index, and drained once with the totals
    of the trial: begun (attempts as the workers counted them at their begin), messages and spans (first and last
    second) by kind of error, late (a worker heard of the measured phase too late), lost (how many workers were),
    exceptions (of tasks of a Locust file) and cut_off (its users were ended in the middle of a task).
    """

    def __init__(self, *, sealed: Callable[[Window], None], drained: Callable[[dict[str, Any]], None]) -> None:
        self._sealed = sealed
        self._drained = drained
        self._order = 0
        self._shares: dict[str, _Share] = {}
        self._next_index = 0
        # Who has neither delivered the next window nor said that there will be none.
        self._awaited: set[str] = set()
        self._sealing = False
        self.over = True

    @property
    def expected(self) -> set[str]:
        """The workers whose windows are still waited for."""
        return {worker for worker, share in self._shares.items() if not share.over}

    def begin(self, order: int, workers: Iterable[str]) -> None:
        """Expect a trial's windows from these workers."""
        self._order = order
        self._shares = {worker: _Share() for worker in workers}
        self._next_index = 0
        self._awaited = set(self._shares)
        self.over = False

    def join(self, worker: str) -> None:
        """Expect windows from one more worker, that came when the trial ran already."""
        share = self._shares.setdefault(worker, _Share())
        share.last_index = max(share.last_index, self._next_index - 1)
        self._await_next()

    def report(self, worker: str, part: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """Take FastServe's part of a worker's report; returns the acknowledgement to send, or None."""
        share = self._shares.get(worker)
        if not part or share is None or share.lost:
            return None
        for wire in part["windows"]:
            # What was delivered before comes again when its acknowledgement was slow.
            if wire["order"] == self._order and wire["index"] > share.last_index:
                share.windows[wire["index"]] = wire
                share.last_index = wire["index"]
        end = part["end"]
        if end is not None and end["order"] == self._order:
            share.end = end
        if not part["windows"] and end is None:
            return None
        if share.over or share.last_index >= self._next_index:
            self._awaited.discard(worker)
        self._seal()
        return {"order": self._order, "last_index": share.last_index, "ended": share.end is not None}

    def lose(self, worker: str) -> None:
        """Go on without a worker that is gone; what it delivered stays counted."""
        share = self._shares.get(worker)
        if share is not None and not share.over:
            share.lost = True
            self._awaited.discard(worker)
            self._seal()

    def _seal(self) -> None:
        # Handing a window on may let another greenlet run, and that one may come here: the first goes on for both.
        if self._sealing or self.over or self._awaited:
            return
        self._sealing = True
        try:
            while self._next_is_whole():
                parts = [
                    one
                    for share in self._shares.values()
                    if (one := share.windows.pop(self._next_index, None)) is not None
                ]
                self._next_index += 1
                self._await_next()
                if parts:
                    self._sealed(merged_window_from_wire(parts))
            if all(share.over and not share.windows for share in self._shares.values()):
                self.over = True
                self._drained(self._totals())
        finally:
            self._sealing = False

    def _await_next(self) -> None:
        # Made anew for each window, not for each report: with many workers that would be most of the work.
        self._awaited = {
            worker for worker, share in self._shares.items() if not share.over and share.last_index < self._next_index
        }

    def _next_is_whole(self) -> bool:
        """Whether everyone has delivered the next window, or will deliver none, and there is one to come."""
        return not self._awaited and any(share.last_index >= self._next_index for share in self._shares.values())

    def _totals(self) -> dict[str, Any]:
        ends = [share.end for share in self._shares.values() if share.end is not None]
        messages: dict[str, list[str]] = {}
        for end in ends:
            for kind, texts in end["messages"].items():
                messages.setdefault(kind, []).extend(texts)
        return {
            "order": self._order,
            "begun": sum(end["begun"] for end in ends),
            "messages": messages,
            "spans": merged_spans(end["spans"] for end in ends),
            "late": any(end["late"] for end in ends),
            "lost": sum(share.lost for share in self._shares.values()),
            "exceptions": sum(end.get("exceptions", 0) for end in ends),
            "cut_off": any(end.get("cut_off", False) for end in ends),
        }


def log_window(stats: RequestStats, window: Window, methods: Mapping[str, str]) -> None:
    """Add a sealed window to Locust's own statistics, so that its page, --csv and --html agree with ours.

    methods has the method that each endpoint is asked with; of what a script asks for it is not known.
    Response times keep microseconds: Locust's own rounding to whole milliseconds is not applied.
    """
    for endpoint, counts in merged_by_endpoint([window.endpoints, window.earlier]).items():
        method = methods.get(endpoint, "")
        entry = _entry(StatsEntry(stats, endpoint, method), counts)
        stats.entries[(endpoint, method)].extend(entry)
        stats.total.extend(entry)
        for kind, n in counts.errors.items():
            _log_errors(stats, StatsError(method, endpoint, kind), n)


def _entry(entry: Any, counts: EndpointCounts) -> Any:
    # Locust declares whole milliseconds; it counts with what it is given.
    latency, now = counts.latency, time.time()
    entry.num_requests, entry.num_failures = counts.attempts, counts.failures
    entry.num_none_requests = counts.failures
    entry.total_response_time = latency.sum_us / 1000
    entry.min_response_time = None if latency.min_us is None else latency.min_us / 1000
    entry.max_response_time = 0 if latency.max_us is None else latency.max_us / 1000
    entry.response_times.update({upper_us(bucket) / 1000: n for bucket, n in latency.counts.items()})
    entry.num_reqs_per_sec[int(now)] = counts.attempts
    if counts.failures:
        entry.num_fail_per_sec[int(now)] = counts.failures
    entry.last_request_timestamp = now
    entry.total_content_length = counts.bytes
    return entry


def _log_errors(stats: RequestStats, fresh: StatsError, n: int) -> None:
    error = stats.errors.setdefault(StatsError.create_key(fresh.method, fresh.name, fresh.error), fresh)
    error.occurred()
    error.occurrences += n - 1
