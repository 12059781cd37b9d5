"""Counting by windows: what the lanes of one worker saw, cut at exact moments of the trial's clock."""

from collections import defaultdict, deque
from collections.abc import Callable
from math import floor, inf

from controller.measure.histogram import Histogram, recorded
from controller.measure.window import EndpointCounts, Window

NS_PER_S = 1_000_000_000
# Of each kind of error, this many messages are kept in a trial.
MOST_MESSAGES = 5
_ROUNDING_S = 1e-9


class EndpointTally:
    """What one endpoint did in the window that is open.

    durations maps microseconds from the planned send to how often: a plain dict is the cheapest
    histogram Python has; it is put into buckets when the window closes. In the closed model service times
    are kept where they differ only (moved_*); in the open one all of them are (services), beside how late
    arrivals were taken up (lags). timeout_us is how long an open load waits for an answer, None where closed.
    sources are EndpointCounts'.
    """

    __slots__ = (
        "_earlier",
        "bytes",
        "durations",
        "endpoint",
        "errors",
        "lags",
        "moved_latency",
        "moved_service",
        "queued",
        "services",
        "sources",
        "timeout_us",
    )

    def __init__(self, endpoint: str, *, timeout_us: int | None = None) -> None:
        self.endpoint = endpoint
        self.timeout_us = timeout_us
        self._earlier: EndpointTally | None = None
        self.clear()

    @property
    def earlier(self) -> "EndpointTally":
        """Where attempts count that were planned before the phase that the open window lies in."""
        if self._earlier is None:
            self._earlier = EndpointTally(self.endpoint, timeout_us=self.timeout_us)
        return self._earlier

    def clear(self) -> None:
        """Begin a new window."""
        self.durations: dict[int, int] = defaultdict(int)
        self.moved_latency: dict[int, int] = defaultdict(int)
        self.moved_service: dict[int, int] = defaultdict(int)
        self.services: dict[int, int] = defaultdict(int)
        self.lags: dict[int, int] = defaultdict(int)
        self.errors: dict[str, int] = defaultdict(int)
        self.sources: dict[str, int] = defaultdict(int)
        self.bytes = self.queued = 0

    def take(self) -> tuple[EndpointCounts | None, EndpointCounts | None]:
        """Return what was counted since the last time, apart what was planned before; None is nothing."""
        earlier = None if self._earlier is None else self._earlier.take()[0]
        counts = self.counts() if self.durations or self.errors or self.lags else None
        self.clear()
        return counts, earlier

    def counts(self) -> EndpointCounts:
        """Return what was counted since the last clear."""
        return EndpointCounts(
            latency=recorded(self.durations),
            service=self._service(),
            bytes=self.bytes,
            errors=dict(self.errors),
            sources=dict(self.sources),
            lag=None if self.timeout_us is None else recorded(self.lags),
            queued=self.queued,
            timeout_us=self.timeout_us,
        )

    def _service(self) -> Histogram | None:
        if self.services:
            return recorded(self.services)
        if not self.moved_latency:
            return None
        durations = dict(self.durations)
        for us, n in self.moved_latency.items():
            durations[us] -= n
        for us, n in self.moved_service.items():
            durations[us] = durations.get(us, 0) + n
        return recorded({us: n for us, n in durations.items() if n})


class Tally:
    """The windows of one trial on one worker.

    Windows are one second long, counted from the trial's start, and cut where the measured phase begins
    and ends, so that it holds whole windows. begun counts attempts as they begin, on its own: at the end
    it must equal what the windows hold. sending turns False at the end of the measured phase. before_close is
    called with the moment at which a window is about to close, to count what else came to its end before.
    Of each kind of error, messages has the first few texts, and spans when the first and the last came, in seconds of
    the trial's clock. phase_began_ns is 0 until the measured phase has begun: what was planned before it counts
    apart from then on.
    """

    def __init__(self, order: int, endpoints: dict[str, EndpointTally], tell: Callable[[], None]) -> None:
        self.order = order
        self.endpoints = endpoints
        self.closed: deque[Window] = deque()
        self.messages: dict[str, list[str]] = {}
        self.spans: dict[str, tuple[float, float]] = {}
        self.begun = 0
        self.users = 0
        self.sending = False
        self.closes_ns: float = inf
        self.before_close: Callable[[float], None] = lambda _: None
        self.phase_began_ns = 0
        self._tell = tell
        self._start_ns = 0
        self._index = 0
        self._opened_s = 0.0
        self._from_s: float = inf
        self._until_s: float = inf

    def time_out_after(self, timeout_us: int) -> None:
        """Count as the open model does, which waits so long for each answer."""
        for tally in self.endpoints.values():
            tally.timeout_us = timeout_us

    def start(self, start_ns: int) -> None:
        """Begin the trial's clock at a moment of time.monotonic_ns."""
        self._start_ns = start_ns
        self.sending = True
        self._set_next_close()

    def measure(self, from_s: float, until_s: float) -> bool:
        """Say when the measured phase is; returns False where a bound that is new lies in a window already closed."""
        in_time = (from_s == self._from_s or from_s >= self._opened_s) and until_s >= self._opened_s
        self._from_s, self._until_s = from_s, until_s
        if self.sending:
            self._set_next_close()
        return in_time

    def stop(self, now_ns: int) -> None:
        """End the sending and with it the measured phase at a moment: what is in flight drains."""
        self.roll(now_ns)
        if self.sending:
            self.sending = False
            self._until_s = self.seconds(now_ns)
            self._from_s = min(self._from_s, self._until_s)
            self._close(self._until_s)
            self._set_next_close()

    def seconds(self, now_ns: int) -> float:
        """Return a moment as seconds of the trial's clock."""
        return (now_ns - self._start_ns) / NS_PER_S

    def roll(self, now_ns: int) -> None:
        """Close all windows that end at or before a moment."""
        while now_ns >= self.closes_ns:
            # Whoever is told of the window that was the last of the sending must find that it has ended.
            self.sending = self.sending and self._closes_s < self._until_s
            self._close(self._closes_s)
            self._set_next_close()

    def finish(self, now_ns: int) -> None:
        """Close the last window at a moment: nothing is counted after it."""
        self.roll(now_ns)
        self._close(max(self._opened_s, self.seconds(now_ns)))
        self.closes_ns = inf

    def error(self, tally: EndpointTally, kind: str, text: str, *, now_ns: int) -> None:
        """Count an error, whose kind is an ErrorKind; keep when it was, and the first few messages of its kind."""
        tally.errors[kind] += 1
        at_s = self.seconds(now_ns)
        self.spans[kind] = (self.spans.get(kind, (at_s, at_s))[0], at_s)
        kept = self.messages.setdefault(kind, [])
        if len(kept) < MOST_MESSAGES:
            kept.append(f"{tally.endpoint}: {text}")

    def _close(self, end_s: float) -> None:
        self.before_close(self._start_ns + round(end_s * NS_PER_S))
        taken = {name: tally.take() for name, tally in self.endpoints.items()}
        self.closed.append(
            Window(
                order=self.order,
                index=self._index,
                start_s=self._opened_s,
                end_s=end_s,
                users=self.users,
                endpoints={name: counts for name, (counts, _) in taken.items() if counts is not None},
                earlier={name: counts for name, (_, counts) in taken.items() if counts is not None},
            )
        )
        self._index += 1
        self._opened_s = end_s
        self._tell()

    def _set_next_close(self) -> None:
        # The grid of whole seconds begins anew where the measured phase begins and where it ends.
        origin = max(edge for edge in (0.0, self._from_s, self._until_s) if edge <= self._opened_s)
        whole = origin + floor(self._opened_s - origin + _ROUNDING_S) + 1.0
        # Sums of seconds are off by a rounding: where both nearly meet, the bound it is, not a window of no length.
        edges = [edge for edge in (self._from_s, self._until_s) if self._opened_s < edge < whole + _ROUNDING_S]
        self._closes_s = min(edges, default=whole)
        self.closes_ns = self._start_ns + round(self._closes_s * NS_PER_S)
        if self._opened_s >= self._from_s:
            self.phase_began_ns = self._start_ns + round(self._from_s * NS_PER_S)
