"""The work of /api/compute is what the contract says: a recursion that is called, at every request, to its end."""

import json

import pytest

from controller.stack.exchange import Client
from tests.targets.conftest import Start

pytestmark = [pytest.mark.slow, pytest.mark.alone]

# fib(31) takes phi squared as many calls as fib(29).
RATIO = 2.618
# How often fib is called for n=29.
CALLS = 1_664_079
ROUNDS = 5
# From milliseconds to seconds, in whichever language: each takes 2.6 times as long as the one before.
LONGER = range(28, 41, 2)
LONG_S = 0.1
# Other programs may take the processor for as long as a round.
TRIES = 3


def least_ms(client: Client, n: int) -> tuple[float, list[float]]:
    """Return the shortest time of a few rounds, which other programs disturb least, and all of them."""
    took = [float(json.loads(client.ask(f"/api/compute?n={n}").body)["elapsedMs"]) for _ in range(ROUNDS)]
    return min(took), took


def test_the_time_of_the_recursion_grows_as_its_calls(start: Start) -> None:
    """n=31 takes about 2.6 times as long as n=29: nothing is folded, and nothing is remembered from before."""
    with start() as running, Client(running.url, within_s=60) as client:
        # Runtimes that compile while they run do so now.
        least_ms(client, 29)
        for _ in range(TRIES):
            short, shorts = least_ms(client, 29)
            long, longs = least_ms(client, 31)
            if RATIO / 1.2 < long / short < RATIO * 1.2:
                break

    assert RATIO / 1.2 < long / short < RATIO * 1.2, (shorts, longs)
    # No processor makes five billion calls a second: fewer than all were made.
    assert short > CALLS / 5e6, shorts
    assert max(longs) > long / 2


def test_the_time_is_what_a_client_sees(start: Start) -> None:
    """The time that an answer claims is not longer than the client waited, and most of it for a long one."""
    with start() as running, Client(running.url, within_s=60) as client:
        for n in LONGER:
            answer = client.ask(f"/api/compute?n={n}")
            claimed_s = json.loads(answer.body)["elapsedMs"] / 1000
            assert claimed_s <= answer.elapsed_s
            # What a cold runtime takes to receive and to answer is little beside this.
            if claimed_s > LONG_S:
                break

    assert claimed_s > LONG_S, f"n={n} took {claimed_s} s"
    assert claimed_s > answer.elapsed_s / 2
