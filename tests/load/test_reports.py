"""Reports of Locust's own users in a worker's windows: each in the window it ended in, none lost, names bounded."""

import math

from hypothesis import given
from hypothesis import strategies as st

from controller.load.wire.script import MOST_ENDPOINTS, OTHER, Report, Script
from controller.load.wire.tally import NS_PER_S, EndpointTally, Tally
from controller.measure.window import merged_endpoints

START_NS = 7_123_456_789_012
MS = NS_PER_S // 1000


def report(at_ms: int, endpoint: str = "/s", kind: str = "") -> Report:
    """Return a report of some millisecond of the trial's clock."""
    return Report(at_ns=START_NS + at_ms * MS, endpoint=endpoint, us=1500, size=10, kind=kind, text="why")


def begun(script: Script) -> Tally:
    """Return a tally that has begun and counts a script's reports."""
    tally = Tally(3, {"/a": EndpointTally("/a")}, lambda: None)
    tally.before_close = lambda before_ns: script.count(tally, before_ns)
    tally.start(START_NS)
    return tally


def finished(script: Script, tally: Tally, at_ms: int) -> None:
    """End a trial as the engine does."""
    script.count(tally, math.inf)
    tally.finish(START_NS + at_ms * MS)


@given(
    reports=st.lists(st.tuples(st.integers(0, 4999), st.sampled_from(["/s", "/a"]), st.sampled_from(["", "reset"]))),
    looked_at_ms=st.sets(st.integers(0, 5000)),
)
def test_each_report_is_in_the_window_that_it_ended_in(
    reports: list[tuple[int, str, str]], looked_at_ms: set[int]
) -> None:
    """However late the engine looks, a report is counted in its own second, as what it is, and once."""
    script = Script(over=False)
    tally = begun(script)
    for one in sorted(reports):
        script.report(report(*one))
    for at_ms in sorted(looked_at_ms):
        tally.roll(START_NS + at_ms * MS)
        script.count(tally, START_NS + at_ms * MS)
    tally.roll(START_NS + 5000 * MS)
    finished(script, tally, 5000)

    assert script.begun == len(reports) == sum(window.attempts for window in tally.closed)
    for window in tally.closed:
        mine = [one for one in reports if window.start_s <= one[0] / 1000 < window.end_s]
        assert window.attempts == len(mine)
        for endpoint, counts in window.endpoints.items():
            assert counts.failures == sum(one[1:] == (endpoint, "reset") for one in mine)
            assert counts.bytes == 10 * counts.samples
            assert counts.latency.sum_us == 1500 * counts.samples


def test_a_report_that_came_late_is_counted_in_the_window_that_is_open() -> None:
    """Its own window has gone already: it is in the next one, and not lost."""
    script = Script(over=False)
    tally = begun(script)
    tally.roll(START_NS + 1000 * MS)
    script.report(report(999))
    finished(script, tally, 1500)

    assert [window.attempts for window in tally.closed] == [0, 1]


def test_names_are_bounded() -> None:
    """A script that names each request after its number fills no table: what is too much is counted together."""
    script = Script(over=False)
    tally = begun(script)
    for number in range(1000):
        script.report(report(number % 900, f"/items/{number}"))
    finished(script, tally, 2000)

    found = merged_endpoints(tally.closed)
    # One of them is that of the wire engine's own requests, of which there were none.
    assert len(found) == MOST_ENDPOINTS
    assert found[OTHER].samples == 1000 - (MOST_ENDPOINTS - 1)


def test_its_messages_are_kept_like_all_others() -> None:
    """The first message of a kind names the endpoint."""
    script = Script(over=False)
    tally = begun(script)
    script.report(report(1, kind="wrong_body"))
    finished(script, tally, 10)

    assert tally.messages == {"wrong_body": ["/s: why"]}
