"""The truth under stall: what a server's second of silence does to latency is what arithmetic says, and no less."""

import time

import pytest

from controller.load.job import Offered
from controller.load.wire.engine import Engine
from controller.measure.histogram import bucket_of, upper_us
from controller.measure.window import EndpointCounts, merged_counts
from controller.plan.scenario import Stage
from tests.load.driving import job_for, until
from tests.load.servers import ScriptedServer
from tests.load.stalls import NS, Stalling, expected_us, planned_ns

RATE_PER_S = 200.0
LASTS_S = 10.0
STALL_S = (4.0, 5.0)
# What a busy machine may add between a planned send and the count of its answer.
ALLOWANCE_US = 250_000
PERCENTILES = (500, 800, 950, 990, 999, 1000)


def counted(engine: Engine, kind: str, *, lanes: int) -> tuple[EndpointCounts, list[int]]:
    """Drive ten seconds with one of silence in the middle; return what was measured and what had to be."""
    stalling = Stalling()
    with ScriptedServer(stalling.script) as server:
        job = job_for(server.url, offered=Offered(arrivals=kind, stages=(Stage(rate_per_s=RATE_PER_S),)), seed=11)
        engine.load(job)
        numbers = [engine.attach() for _ in range(lanes)]
        until(lambda: server.accepted == lanes)
        engine.measure(0.0, LASTS_S)
        start_ns = time.monotonic_ns() + NS // 10
        stalling.from_ns, stalling.until_ns = (start_ns + round(edge * NS) for edge in STALL_S)
        engine.start(start_ns)
        until(lambda: engine.drained)
        for number in numbers:
            engine.detach(number)
        counts = merged_counts(one for window in engine.closed for one in window.endpoints.values())
    planned = planned_ns(job, until_s=LASTS_S)
    assert counts.errors == {}
    assert counts.samples == len(planned) == server.answered
    return counts, expected_us(planned, stall_s=STALL_S)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["constant", "poisson"])
@pytest.mark.parametrize("lanes", [8, 64])
def test_a_second_of_silence_is_in_the_latency_as_the_schedule_says(engine: Engine, kind: str, lanes: int) -> None:
    """Every percentile is that of the exact distribution, within a bucket and what scheduling adds; none is too low.

    Service time shows the silence only in the requests that were in flight as it began, one for each connection.
    """
    counts, expected = counted(engine, kind, lanes=lanes)

    for part in PERCENTILES:
        exact = expected[-(-len(expected) * part // 1000) - 1]
        found_ms = counts.latency_ms(part, 1000)
        assert found_ms is not None
        assert exact <= found_ms * 1000 <= upper_us(bucket_of(exact + ALLOWANCE_US)), f"{part} of 1000"
    assert counts.service is not None
    slow = sum(n for bucket, n in counts.service.counts.items() if upper_us(bucket) > ALLOWANCE_US)
    assert slow <= lanes + len(expected) // 100
    service_ms = counts.service_ms(98 if lanes == 8 else 95, 100)
    assert service_ms is not None
    assert service_ms * 1000 < ALLOWANCE_US
