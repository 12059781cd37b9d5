"""Windows add up: no attempt is lost or counted twice, however they are merged."""

import json
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from controller.measure.histogram import recorded
from controller.measure.window import (
    EndpointCounts,
    Window,
    merged_counts,
    merged_endpoints,
    merged_window,
)
from controller.measure.window_wire import merged_window_from_wire, window_from_wire, window_to_wire
from tests.measure.samples import counts, windows


@given(counts())
def test_every_attempt_is_a_sample_or_an_error(part: EndpointCounts) -> None:
    """Attempts are right answers and errors; answers are right ones and those that were wrong."""
    wrong = sum(part.errors.get(kind, 0) for kind in ("wrong_status", "wrong_length", "wrong_body", "malformed"))

    assert part.attempts == part.latency.samples + sum(part.errors.values())
    assert part.answered == part.latency.samples + wrong
    assert part.samples <= part.answered <= part.attempts


@given(st.lists(counts(), max_size=5))
def test_merging_keeps_every_count(parts: list[EndpointCounts]) -> None:
    """Attempts, answers, errors and bytes of the whole are the sums of its parts."""
    whole = merged_counts(parts)

    assert whole.attempts == sum(part.attempts for part in parts)
    assert whole.answered == sum(part.answered for part in parts)
    assert whole.failures == sum(part.failures for part in parts)
    assert whole.bytes == sum(part.bytes for part in parts)
    assert whole.latency.sum_us == sum(part.latency.sum_us for part in parts)
    assert whole.service is None or whole.service.sum_us == sum((part.service or part.latency).sum_us for part in parts)


@given(st.lists(counts(), min_size=1, max_size=5), st.randoms())
def test_order_and_grouping_of_merging_do_not_matter(parts: list[EndpointCounts], random: Random) -> None:
    """Workers and windows may be merged as they come."""
    shuffled = random.sample(parts, len(parts))
    middle = random.randint(0, len(parts))
    groups = [group for group in (shuffled[:middle], shuffled[middle:]) if group]

    assert merged_counts(shuffled) == merged_counts(parts)
    assert merged_counts(merged_counts(group) for group in groups) == merged_counts(parts)


@given(st.lists(windows(), max_size=5))
def test_merging_windows_keeps_every_endpoint(parts: list[Window]) -> None:
    """No endpoint is lost, and all of them together hold every attempt."""
    whole = merged_endpoints(parts)

    assert whole.keys() == {endpoint for window in parts for endpoint in window.endpoints}
    assert sum(part.attempts for part in whole.values()) == sum(window.attempts for window in parts)


@given(st.lists(windows(), min_size=1, max_size=4))
def test_a_window_of_all_workers_has_their_users(parts: list[Window]) -> None:
    """Users and workers add up, and the window lasts until the last worker closed it."""
    whole = merged_window(parts)

    assert whole.users == sum(window.users for window in parts)
    assert whole.workers == sum(window.workers for window in parts)
    assert whole.end_s == max(window.end_s for window in parts)
    assert whole.attempts == sum(window.attempts for window in parts)


@given(windows())
def test_a_window_survives_its_journey(window: Window) -> None:
    """What travels as JSON arrives as it was, to the last bit."""
    assert window_from_wire(json.loads(json.dumps(window_to_wire(window)))) == window


@given(st.lists(windows(), min_size=1, max_size=4))
def test_windows_merge_on_their_journey_as_at_its_end(parts: list[Window]) -> None:
    """What the master makes of reports is what merging the windows themselves gives."""
    assert merged_window_from_wire([window_to_wire(window) for window in parts]) == merged_window(parts)


def test_where_service_time_is_not_apart_latency_stands_for_it() -> None:
    """Merged with one that tells them apart, an endpoint whose model makes both the same counts its latency twice."""
    same = EndpointCounts(latency=recorded({100: 1}))
    apart = EndpointCounts(latency=recorded({300: 1}), service=recorded({200: 1}))

    assert merged_counts([same, same]).service is None
    assert merged_counts([same, apart]).service == recorded({100: 1, 200: 1})
