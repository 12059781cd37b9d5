"""Windows: seconds of the trial's clock, cut where the measured phase begins and ends, and nothing counted twice."""

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st

from controller.load.wire.tally import MOST_MESSAGES, NS_PER_S, EndpointTally, Tally
from controller.measure.histogram import recorded
from controller.measure.window import Window

START_NS = 7_123_456_789_012
MS = NS_PER_S // 1000


@dataclass(frozen=True, slots=True)
class Counted:
    """One attempt that came to its end, in milliseconds of the trial's clock; a kind for an error."""

    at_ms: int
    endpoint: str
    kind: str | None = None


COUNTED = st.builds(
    Counted,
    at_ms=st.integers(0, 6000) | st.sampled_from([0, 999, 1000, 1001, 2500, 3000]),
    endpoint=st.sampled_from(["/a", "/b"]),
    kind=st.none() | st.sampled_from(["reset", "wrong_status"]),
)
ATTEMPTS = st.lists(COUNTED, max_size=40).map(lambda found: sorted(found, key=lambda one: one.at_ms))
EDGES_MS = st.tuples(st.integers(0, 4000), st.integers(1, 4000)).map(lambda pair: (pair[0], pair[0] + pair[1]))


def a_tally() -> Tally:
    """Return a tally of two endpoints."""
    return Tally(3, {name: EndpointTally(name) for name in ("/a", "/b")}, lambda: None)


def count(tally: Tally, attempts: list[Counted]) -> None:
    """Count attempts as lanes do: a right answer rolls only when its window is over, an error always."""
    for attempt in attempts:
        now_ns = START_NS + attempt.at_ms * MS
        tally.begun += 1
        if attempt.kind is not None or now_ns >= tally.closes_ns:
            tally.roll(now_ns)
        counter = tally.endpoints[attempt.endpoint]
        if attempt.kind is None:
            counter.durations[attempt.at_ms] += 1
        else:
            tally.error(counter, attempt.kind, "text", now_ns=now_ns)


def edges_ns(window: Window) -> tuple[int, int]:
    """Return when a window begins and ends, in nanoseconds of the trial's clock."""
    return round(window.start_s * NS_PER_S), round(window.end_s * NS_PER_S)


def follow_one_another(windows: list[Window]) -> bool:
    """Return whether windows are numbered from 0, begin at the start, and leave no time out."""
    joined = all(before.end_s == after.start_s for before, after in pairwise(windows))
    return joined and windows[0].start_s == 0 and [window.index for window in windows] == list(range(len(windows)))


def kinds(window: Window) -> Counter[tuple[str, str]]:
    """Return what a window holds, by endpoint and kind; right answers are of the kind "ok"."""
    found = Counter({(name, kind): n for name, one in window.endpoints.items() for kind, n in one.errors.items()})
    return found + Counter({(name, "ok"): one.samples for name, one in window.endpoints.items()})


@given(attempts=ATTEMPTS, edges_ms=EDGES_MS, after_ms=st.integers(0, 1500))
@example(attempts=[Counted(1000, "/a"), Counted(2500, "/a")], edges_ms=(1000, 2500), after_ms=0)
@settings(max_examples=250, deadline=None)
def test_every_count_lands_in_the_one_window_of_its_moment(
    attempts: list[Counted], edges_ms: tuple[int, int], after_ms: int
) -> None:
    """A count at a bound belongs to the window that begins there; all counts together are what began."""
    tally = a_tally()
    tally.measure(edges_ms[0] / 1000, edges_ms[1] / 1000)
    tally.start(START_NS)

    count(tally, attempts)
    tally.finish(START_NS + (max([0, *(one.at_ms for one in attempts)]) + after_ms) * MS)

    windows = list(tally.closed)
    assert follow_one_another(windows)
    for window in windows:
        begin_ns, end_ns = edges_ns(window)
        last = window is windows[-1]
        inside = [one for one in attempts if begin_ns <= one.at_ms * MS < end_ns or (last and one.at_ms * MS >= end_ns)]
        assert kinds(window) == Counter((one.endpoint, one.kind or "ok") for one in inside)
    assert sum(window.attempts for window in windows) == tally.begun == len(attempts)


@given(edges_ms=EDGES_MS, beyond_ms=st.integers(0, 3000))
@settings(max_examples=120, deadline=None)
def test_the_grid_is_whole_seconds_from_each_bound(edges_ms: tuple[int, int], beyond_ms: int) -> None:
    """Each bound of the measured phase is a bound of windows, and from each the seconds are counted anew."""
    tally = a_tally()
    tally.measure(edges_ms[0] / 1000, edges_ms[1] / 1000)
    tally.start(START_NS)

    tally.roll(START_NS + (edges_ms[1] + beyond_ms) * MS)

    found_ms = [round(window.end_s * 1000) for window in tally.closed]
    assert found_ms == _grid_ms(*edges_ms, edges_ms[1] + beyond_ms)


def _grid_ms(from_ms: int, until_ms: int, now_ms: int) -> list[int]:
    spans = [(0, from_ms), (from_ms, until_ms), (until_ms, now_ms + 1)]
    inner = {edge for begin, end in spans for edge in range(begin, end, 1000)} | {from_ms, until_ms}
    return sorted(edge for edge in inner if 0 < edge <= now_ms)


@given(edges_ms=EDGES_MS, moments_ms=st.lists(st.integers(0, 9000), max_size=20).map(sorted))
@settings(max_examples=120, deadline=None)
def test_sending_ends_with_the_measured_phase(edges_ms: tuple[int, int], moments_ms: list[int]) -> None:
    """Until the end of the measured phase is reached lanes may send, and never after it."""
    tally = a_tally()
    tally.measure(edges_ms[0] / 1000, edges_ms[1] / 1000)
    tally.start(START_NS)

    for moment_ms in moments_ms:
        tally.roll(START_NS + moment_ms * MS)
        assert tally.sending == (moment_ms < edges_ms[1])


@given(at_ms=st.integers(0, 5000), attempts=ATTEMPTS, edges_ms=st.none() | EDGES_MS)
@settings(max_examples=200, deadline=None)
def test_a_stop_ends_sending_and_its_window_at_that_moment(
    at_ms: int, attempts: list[Counted], edges_ms: tuple[int, int] | None
) -> None:
    """Stopped, a tally closes a window there and then; what ends later is counted after it, and none is lost."""
    tally = a_tally()
    if edges_ms is not None:
        tally.measure(edges_ms[0] / 1000, edges_ms[1] / 1000)
    tally.start(START_NS)
    before = [one for one in attempts if one.at_ms < at_ms]

    count(tally, before)
    tally.stop(START_NS + at_ms * MS)
    stopped = len(tally.closed)
    count(tally, attempts[len(before) :])
    tally.finish(START_NS + 6000 * MS)

    windows = list(tally.closed)
    assert not tally.sending
    assert follow_one_another(windows)
    assert sum(window.attempts for window in windows) == tally.begun == len(attempts)
    if edges_ms is None or at_ms < edges_ms[1]:
        assert windows[stopped - 1].end_s == at_ms / 1000
        assert sum(window.attempts for window in windows[:stopped]) == len(before)


@given(opened_ms=st.integers(0, 4000), edges_ms=EDGES_MS)
@settings(max_examples=120, deadline=None)
def test_a_phase_that_is_told_too_late_is_known_to_be(opened_ms: int, edges_ms: tuple[int, int]) -> None:
    """A bound within a window that is closed already makes `measure` return False, and only that does."""
    tally = a_tally()
    tally.start(START_NS)
    tally.roll(START_NS + opened_ms * MS)
    closed_until_ms = 1000 * (opened_ms // 1000)

    in_time = tally.measure(edges_ms[0] / 1000, edges_ms[1] / 1000)

    assert in_time == (edges_ms[0] >= closed_until_ms)


def test_a_later_end_of_the_same_phase_is_in_time() -> None:
    """A phase under way may be cut short: its begin lies back, but it is not new."""
    tally = a_tally()
    tally.start(START_NS)
    assert tally.measure(1.0, 9.0)
    tally.roll(START_NS + 3500 * MS)

    assert tally.measure(1.0, 4.2)
    assert not tally.measure(1.0, 2.5)


def test_an_end_that_lies_back_ends_the_sending_with_the_open_window() -> None:
    """A worker that hears too late stops at the next bound instead of going on for ever."""
    tally = a_tally()
    tally.start(START_NS)
    tally.roll(START_NS + 3500 * MS)

    tally.measure(1.0, 2.0)
    tally.roll(START_NS + 4000 * MS)

    assert not tally.sending


def test_long_trials_keep_their_grid() -> None:
    """A day from an odd bound on, windows still end at that bound plus whole seconds."""
    tally = a_tally()
    tally.measure(0.3, 86_400.7)
    tally.start(START_NS)

    tally.roll(START_NS + 86_401 * NS_PER_S)

    windows = list(tally.closed)
    off = [window for window in windows[1:] if abs((window.start_s - 0.3) - round(window.start_s - 0.3)) > 1e-6]
    assert [round(window.end_s, 6) for window in off] == []
    assert len(windows) == 86_402
    assert windows[-1].end_s == 86_400.7


@given(pairs=st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**7)), max_size=30))
@settings(max_examples=120, deadline=None)
def test_service_time_stands_apart_only_where_it_differs(pairs: list[tuple[int, int]]) -> None:
    """Sends that were late have two times; the service histogram holds one time of every answer all the same."""
    tally = EndpointTally("/a")
    for waited_us, served_us in pairs:
        tally.durations[waited_us + served_us] += 1
        if waited_us:
            tally.moved_latency[waited_us + served_us] += 1
            tally.moved_service[served_us] += 1

    counts = tally.counts()

    latency = recorded(Counter(waited_us + served_us for waited_us, served_us in pairs))
    service = recorded(Counter(served_us for _, served_us in pairs))
    assert counts.latency == latency
    assert counts.service == (service if any(waited_us for waited_us, _ in pairs) else None)


def test_messages_are_bounded_by_kind() -> None:
    """However many errors come, all are counted; the first few keep their words, the first and last their moments."""
    tally = a_tally()
    tally.start(START_NS)

    for number in range(100):
        tally.error(tally.endpoints["/a"], "reset", f"no {number}", now_ns=START_NS + number * MS)
    tally.error(tally.endpoints["/b"], "timeout", "late", now_ns=START_NS + 7 * MS)

    assert tally.messages == {"reset": [f"/a: no {number}" for number in range(MOST_MESSAGES)], "timeout": ["/b: late"]}
    assert tally.endpoints["/a"].errors == {"reset": 100}
    assert tally.spans == {"reset": (0.0, 0.099), "timeout": (0.007, 0.007)}
