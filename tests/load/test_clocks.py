"""Workers whose clocks are off: nothing that is measured depends on what any machine takes for the time."""

import time
from pathlib import Path

import pytest

from controller.measure.window import Phase
from tests.load.counting_server import counting
from tests.load.disguises import CLOCKS, OFF_S, clock
from tests.load.fleets import fleet_of, job_of, load_of, trial
from tests.plugin.plain import run_locust

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

IN_FLIGHT = 8
SECONDS = 6


@pytest.mark.parametrize("name", CLOCKS)
def test_a_worker_whose_clock_is_off_changes_nothing(tmp_path: Path, name: str) -> None:
    """One of two workers has a clock that is off by 10 s: windows, counts, latency and the trial's length are right.

    In a closed model the sum of all latencies is the time that passed times the requests in flight (Little's law):
    a latency that was off, or a worker that began late, would break it.
    """
    with (
        counting() as server,
        fleet_of(2, folder=tmp_path, label="clocks", first_under=clock(name)) as fleet,
    ):
        began_s = time.monotonic()
        trialled = trial(fleet, job_of(server.url), load_of(in_flight=IN_FLIGHT, duration_s=3), folder=tmp_path)
        took_s = time.monotonic() - began_s
        answered = server.answered

    trialled.is_conserved()
    measured = trialled.sealed.of(Phase.MEASURED)
    windows = trialled.sealed.windows
    latency_s = trialled.sealed.counts.latency.sum_us / 1e6
    assert trialled.sealed.counts.errors == {}
    assert trialled.sealed.counts.answered == answered
    assert [(window.start_s, window.end_s, window.workers) for window in measured] == [
        (0.5, 1.5, 2),
        (1.5, 2.5, 2),
        (2.5, 3.5, 2),
    ]
    assert not trialled.driven.totals["late"]
    assert 0.75 * IN_FLIGHT * windows[-1].end_s < latency_s < 1.01 * IN_FLIGHT * windows[-1].end_s
    assert took_s < OFF_S


@pytest.mark.parametrize("name", ["wall clock ahead", "wall clock behind"])
def test_locusts_own_throughput_does_not_see_the_clock(tmp_path: Path, name: str) -> None:
    """What Locust writes of its whole time and of its last seconds is what was counted in the time that passed."""
    with counting() as server:
        options = ("-u", str(IN_FLIGHT), "-r", str(IN_FLIGHT), "-t", f"{SECONDS}s")
        written = run_locust(tmp_path, *options, host=server.url, workers=2, first_under=clock(name))
        answered = server.answered

    per_s = answered / SECONDS
    assert written.table.requests["Aggregated"] == answered
    assert 0.6 * per_s < written.total_per_s < 1.2 * per_s
    # Locust takes its last seconds from a span that begins before the first window has come.
    assert 0.3 * per_s < max(written.current_per_s) < 1.5 * per_s
