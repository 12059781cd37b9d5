"""Windows add up: no attempt is lost or counted twice, however they are merged."""

import json
from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from controller.measure.histogram import Histogram, recorded
from controller.measure.window import (
    EndpointCounts,
    Phase,
    Window,
    merged_by_endpoint,
    merged_counts,
    merged_endpoints,
    merged_window,
)
from controller.measure.window_wire import merged_window_from_wire, window_from_wire, window_to_wire
from controller.units import AtLeast, duration_text
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
    earlier = merged_by_endpoint(window.earlier for window in parts)
    every = [*whole.values(), *earlier.values()]
    assert sum(part.attempts for part in every) == sum(window.attempts for window in parts)


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
    assert merged_window_from_wire([window_to_wire(window, packed=True) for window in parts]) == merged_window(parts)


def test_where_service_time_is_not_apart_latency_stands_for_it() -> None:
    """Merged with one that tells them apart, an endpoint whose model makes both the same counts its latency twice."""
    same = EndpointCounts(latency=recorded({100: 1}))
    apart = EndpointCounts(latency=recorded({300: 1}), service=recorded({200: 1}))

    assert merged_counts([same, same]).service is None
    assert merged_counts([same, apart]).service == recorded({100: 1, 200: 1})


@given(windows())
def test_what_was_planned_in_the_measured_phase_belongs_to_it(window: Window) -> None:
    """All of its windows, and of those after it what an open load had planned before; nothing planned earlier."""
    opened = {name: part for name, part in window.endpoints.items() if part.lag is not None}
    expected = {Phase.WARMUP: {}, Phase.MEASURED: window.endpoints, Phase.DRAIN: opened}

    assert window.measured == expected[window.phase]
    assert window.together.attempts == window.attempts


@given(
    latencies_us=st.lists(st.integers(0, 999_999), max_size=40), given_up=st.integers(0, 20), part=st.integers(1, 100)
)
def test_a_percentile_knows_arrivals_that_were_given_up(latencies_us: list[int], given_up: int, part: int) -> None:
    """Ranked with all others, they are slower than every answer: there a percentile is at least the time-out."""
    counts = EndpointCounts(
        latency=recorded(Counter(latencies_us)),
        errors={"timeout": given_up, "reset": 3},
        lag=Histogram(),
        timeout_us=1_000_000,
    )
    ranked = sorted(latencies_us) + [1_000_000] * given_up
    found = counts.latency_ms(part, 100)

    if not ranked:
        assert found is None
        return
    exact_us = ranked[-(-len(ranked) * part // 100) - 1]
    assert found is not None
    assert isinstance(found, AtLeast) == (exact_us == 1_000_000)
    assert exact_us <= found * 1000 + 1e-6 <= exact_us * (1 + 1 / 128) + 1
    assert duration_text(found).startswith("\N{GREATER-THAN OR EQUAL TO} 1.00 s") == isinstance(found, AtLeast)
