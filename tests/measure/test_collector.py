"""From workers to the master: whatever order reports come in, every window is sealed once, and nothing is lost."""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from locust.env import Environment
from locust.stats import RequestStats

from controller.measure.collector import Collector, log_window
from controller.measure.histogram import recorded
from controller.measure.recorder import REPORT_KEY, Recorder
from controller.measure.window import EndpointCounts, Window, merged_endpoints, merged_window
from controller.measure.window_wire import window_to_wire
from tests.measure.samples import endpoints

ORDER = 4


class Master:
    """A collector, and what it has handed on."""

    def __init__(self, *workers: str, order: int = ORDER) -> None:
        self.sealed: list[Window] = []
        self.totals: list[dict[str, Any]] = []
        self.collector = Collector(sealed=self.sealed.append, drained=self.totals.append)
        self.collector.begin(order, workers)

    def hear(self, worker: str, *windows: Window, end: dict[str, Any] | None = None) -> dict[str, Any] | None:
        """Hand over a report of a worker, and return the acknowledgement."""
        return self.collector.report(worker, {"windows": [window_to_wire(window) for window in windows], "end": end})


def a_window(index: int, n: int = 1, *, order: int = ORDER) -> Window:
    """Return one worker's window with n answers."""
    counts = EndpointCounts(latency=recorded({100: n}), bytes=n)
    return Window(order=order, index=index, start_s=index, end_s=index + 1, users=1, endpoints={"/": counts})


def an_end(begun: int = 0, *, order: int = ORDER, **more: Any) -> dict[str, Any]:
    """Return what a worker says of a trial that has drained."""
    return {"order": order, "begun": begun, "messages": {}, "spans": {}, "late": False, **more}


WORKERS = st.lists(st.lists(endpoints(), min_size=1, max_size=5), min_size=1, max_size=4)


@given(content=WORKERS, seed=st.integers(0, 1 << 32))
@settings(max_examples=80, deadline=None)
def test_any_order_of_reports_gives_the_merged_windows(
    content: list[list[dict[str, EndpointCounts]]], seed: int
) -> None:
    """However workers take turns, and whatever is reported twice: each index is sealed once, in order, and merged."""
    workers = {
        f"w{number}": [
            Window(order=ORDER, index=i, start_s=i, end_s=i + 1, users=1, endpoints=found)
            for i, found in enumerate(listed)
        ]
        for number, listed in enumerate(content)
    }
    master, random = Master(*workers), Random(seed)

    left = dict.fromkeys(workers, 0)
    while left:
        name = random.choice(sorted(left))
        windows = workers[name]
        upto = random.randint(left[name], len(windows))
        # What was delivered before is delivered again where its acknowledgement was slow.
        since = random.randint(0, left[name])
        ended = upto == len(windows) and random.random() < 0.5
        master.hear(name, *windows[since:upto], end=an_end(len(windows)) if ended else None)
        left[name] = upto
        if ended:
            del left[name]

    longest = max(len(windows) for windows in workers.values())
    assert [window.index for window in master.sealed] == list(range(longest))
    for index, window in enumerate(master.sealed):
        parts = [windows[index] for windows in workers.values() if index < len(windows)]
        assert window == merged_window(parts)
    assert [totals["begun"] for totals in master.totals] == [sum(len(windows) for windows in workers.values())]
    assert master.collector.over


def test_a_window_waits_for_the_slowest_worker() -> None:
    """A window is sealed when the last worker has delivered it, and not before."""
    master = Master("a", "b")
    master.hear("a", a_window(0), a_window(1), a_window(2))
    assert master.sealed == []

    master.hear("b", a_window(0))
    assert [(window.index, window.attempts, window.workers) for window in master.sealed] == [(0, 2, 2)]

    master.hear("b", a_window(1), a_window(2))
    assert [window.index for window in master.sealed] == [0, 1, 2]
    assert master.totals == []


def test_a_worker_that_ended_is_not_waited_for() -> None:
    """Workers drain at different times: the last windows are those of the slowest alone."""
    master = Master("a", "b")
    master.hear("a", a_window(0), end=an_end(1, messages={"reset": ["a"]}, spans={"reset": [1.5, 4.0]}))
    master.hear("b", a_window(0), a_window(1))
    assert [window.attempts for window in master.sealed] == [2, 1]

    master.hear(
        "b", end=an_end(2, messages={"reset": ["b"]}, spans={"reset": [0.5, 2.0], "tls": [3.0, 3.0]}, late=True)
    )
    (totals,) = master.totals
    assert (totals["order"], totals["begun"], totals["late"], totals["lost"]) == (ORDER, 3, True, 0)
    assert totals["messages"] == {"reset": ["a", "b"]}
    assert totals["spans"] == {"reset": (0.5, 4.0), "tls": (3.0, 3.0)}


def test_what_a_lost_worker_delivered_stays() -> None:
    """The rest goes on without it; its windows stay counted, later ones of it do not come, and the loss is said."""
    master = Master("a", "b")
    master.hear("a", a_window(0))
    master.hear("b", a_window(0), a_window(1))
    master.collector.lose("b")
    assert master.hear("b", a_window(2), end=an_end(3)) is None
    assert master.collector.expected == {"a"}

    master.hear("a", a_window(1), a_window(2), end=an_end(3))

    assert [window.attempts for window in master.sealed] == [2, 2, 1]
    assert [(totals["begun"], totals["lost"]) for totals in master.totals] == [(3, 1)]


def test_losing_everyone_ends_the_trial() -> None:
    """Nobody is left to wait for: what was delivered is sealed, and the trial is over."""
    master = Master("a", "b")
    master.hear("a", a_window(0), a_window(1))
    master.collector.lose("a")
    master.collector.lose("b")
    master.collector.lose("b")

    assert [window.attempts for window in master.sealed] == [1, 1]
    assert [totals["lost"] for totals in master.totals] == [2]
    assert master.collector.over


def test_a_worker_that_has_ended_cannot_be_lost() -> None:
    """Once a worker has delivered everything, its going away takes nothing with it."""
    master = Master("a", "b")
    master.hear("a", a_window(0), end=an_end(1))
    master.collector.lose("a")
    master.hear("b", a_window(0), end=an_end(1))

    assert [totals["lost"] for totals in master.totals] == [0]


def test_reports_of_another_trial_and_of_strangers_change_nothing() -> None:
    """A late report of the trial before, or of a worker that takes no part, is not counted."""
    master = Master("a")
    master.hear("a", a_window(0, order=ORDER - 1), end=an_end(9, order=ORDER - 1))
    assert master.hear("stranger", a_window(0)) is None
    assert master.collector.report("a", None) is None
    assert (master.sealed, master.totals) == ([], [])

    master.hear("a", a_window(0), end=an_end(1))
    assert [window.attempts for window in master.sealed] == [1]


def test_a_worker_that_joins_counts_from_then_on() -> None:
    """A worker that came later is waited for from the next window on."""
    master = Master("a")
    master.hear("a", a_window(0))
    master.collector.join("b")
    master.hear("a", a_window(1))
    assert len(master.sealed) == 1

    master.hear("b", a_window(0), a_window(1))
    assert [window.attempts for window in master.sealed] == [1, 2]


def test_losses_and_reports_may_come_while_a_window_is_handed_on() -> None:
    """Handing on may take its time: what comes meanwhile is sealed after it, each index once and in order."""
    sealed: list[tuple[int, int]] = []
    totals: list[dict[str, Any]] = []

    def hand_on(window: Window) -> None:
        sealed.append((window.index, window.attempts))
        if window.index == 0:
            collector.report("a", {"windows": [window_to_wire(a_window(1))], "end": None})
            collector.lose("b")
            collector.report("a", {"windows": [window_to_wire(a_window(2))], "end": an_end(3)})

    collector = Collector(sealed=hand_on, drained=totals.append)
    collector.begin(ORDER, ["a", "b"])
    collector.report("b", {"windows": [window_to_wire(a_window(0)), window_to_wire(a_window(1))], "end": None})
    collector.report("a", {"windows": [window_to_wire(a_window(0))], "end": None})

    assert sealed == [(0, 2), (1, 2), (2, 1)]
    assert [total["lost"] for total in totals] == [1]


class Runner:
    """What a recorder needs of Locust's runner: reports that go out when asked for."""

    def __init__(self, environment: Environment, send: Callable[[dict[str, Any]], None]) -> None:
        self._environment, self._send = environment, send

    def _send_stats(self) -> None:
        data: dict[str, Any] = {}
        self._environment.events.report_to_master.fire(client_id="w", data=data)
        self._send(data[REPORT_KEY])


class Worker:
    """A recorder over a line that may lose reports."""

    def __init__(self, send: Callable[[dict[str, Any]], None]) -> None:
        self.environment = Environment()
        self.environment.runner = Runner(self.environment, send)  # type: ignore[assignment]
        self.closed: list[Window] = []
        self.end: dict[str, Any] | None = None
        self.recorder = Recorder(self.environment, take=self._take, ending=lambda: self.end)
        self.recorder.begin(ORDER)

    def _take(self) -> Iterator[Window]:
        while self.closed:
            yield self.closed.pop(0)


@given(lost=st.lists(st.sampled_from(["nothing", "report", "acknowledgement"]), max_size=12))
@settings(max_examples=80, deadline=None)
def test_what_is_not_acknowledged_is_reported_again(lost: list[str]) -> None:
    """Over a line that loses reports and acknowledgements every window arrives once, and then all is settled."""
    master = Master("w")
    losses = iter(lost)
    windows = [a_window(index, n=index + 1) for index in range(6)]

    def send(part: dict[str, Any]) -> None:
        what = next(losses, "nothing")
        if what == "report":
            return
        acknowledgement = master.collector.report("w", part)
        if acknowledgement is not None and what == "nothing":
            worker.recorder.acknowledge(**acknowledgement)

    worker = Worker(send)
    for window in windows:
        worker.closed.append(window)
        worker.recorder.flush()
    worker.end = an_end(21)
    for _ in range(len(lost) + 1):
        worker.recorder.flush()

    assert [window.attempts for window in master.sealed] == [1, 2, 3, 4, 5, 6]
    assert [totals["begun"] for totals in master.totals] == [21]
    assert worker.recorder.settled


def test_a_trial_is_settled_only_by_the_word_for_its_end() -> None:
    """Without the acknowledgement of the last window and the end a worker has not done its part."""
    sent: list[dict[str, Any]] = []
    worker = Worker(sent.append)
    worker.closed, worker.end = [a_window(0)], an_end(1)
    worker.recorder.flush()
    assert not worker.recorder.settled

    worker.recorder.acknowledge(ORDER, 0, ended=False)
    assert not worker.recorder.settled
    worker.recorder.acknowledge(ORDER - 1, 0, ended=True)
    assert not worker.recorder.settled
    worker.recorder.acknowledge(ORDER, 0, ended=True)
    assert worker.recorder.settled
    worker.recorder.flush()
    assert sent[-1] == {"windows": [], "end": None}

    worker.recorder.begin(ORDER + 1)
    assert not worker.recorder.settled


def test_the_end_of_the_trial_before_is_not_taken_for_that_of_the_next() -> None:
    """A report that goes out while the next trial is made ready says nothing of its end, and later ones do."""
    sent: list[dict[str, Any]] = []
    worker = Worker(sent.append)
    worker.recorder.begin(ORDER + 1)

    worker.end = an_end(7)
    worker.recorder.flush()
    assert sent[-1] == {"windows": [], "end": None}

    worker.end = an_end(9, order=ORDER + 1)
    worker.recorder.flush()
    assert sent[-1] == {"windows": [], "end": worker.end}


@given(found=st.lists(endpoints(), max_size=6))
@settings(max_examples=50, deadline=None)
def test_locusts_own_statistics_agree(found: list[dict[str, EndpointCounts]]) -> None:
    """Requests, failures, bytes, extremes and means of Locust's entries are those of the windows, to the request."""
    stats = RequestStats()
    windows = [
        Window(order=1, index=index, start_s=index, end_s=index + 1, endpoints=one) for index, one in enumerate(found)
    ]

    for window in windows:
        log_window(stats, window, {"/b": "POST"})

    together = merged_endpoints(windows)
    for name, counts in together.items():
        entry, ms = stats.entries[(name, "POST" if name == "/b" else "")], 1000
        assert (entry.num_requests, entry.num_failures) == (counts.attempts, counts.failures)
        assert entry.total_content_length == counts.bytes
        assert sum(entry.response_times.values()) == counts.samples
        assert entry.total_response_time == pytest.approx(counts.latency.sum_us / ms)
        if counts.samples:
            assert entry.min_response_time == pytest.approx((counts.latency.min_us or 0) / ms)
            assert entry.max_response_time == pytest.approx((counts.latency.max_us or 0) / ms)
        errors = {one.error: one.occurrences for one in stats.errors.values() if one.name == name}
        assert {one.method for one in stats.errors.values() if one.name == name} <= {entry.method}
        assert errors == dict(counts.errors)
    assert stats.total.num_requests == sum(counts.attempts for counts in together.values())
    assert stats.total.num_failures == sum(counts.failures for counts in together.values())


def test_locusts_percentiles_keep_microseconds() -> None:
    """Below a millisecond Locust would say 0; its statistics are given finer times than that."""
    stats = RequestStats()
    counts = EndpointCounts(latency=recorded({137: 90, 420: 10}))
    log_window(stats, Window(order=1, index=0, start_s=0, end_s=1, endpoints={"/": counts}), {})

    entry = stats.entries[("/", "")]
    assert entry.get_response_time_percentile(0.5) == 0.137
    assert 0.42 <= entry.get_response_time_percentile(0.95) <= 0.42 * (1 + 1 / 128)
    assert entry.avg_response_time == pytest.approx((0.137 * 90 + 0.42 * 10) / 100)
