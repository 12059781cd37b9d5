"""The open model over a real master and workers: what was planned is what began, was sealed, stored and answered."""

from dataclasses import replace
from pathlib import Path

import pytest

from controller.errors import LoadError
from controller.load.job import Job, Offered
from controller.load.wire.arrivals import Arrivals
from controller.measure.window import Phase, merged_by_endpoint, merged_counts
from controller.plan.scenario import Load, Stage
from tests.load.counting_server import counting
from tests.load.fleets import fleet_of, job_of, load_of, trial

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

NS = 1_000_000_000
STAGES = (
    Stage(rate_per_s=600.0, duration_s=0.8),
    Stage(rate_per_s=1500.0, duration_s=0.7, ramp=True),
    Stage(rate_per_s=200.0, duration_s=0.5),
)


def open_load(*, in_flight: int, timeout_s: float = 20.0, duration_s: float = 2.0) -> Load:
    """Return the load that the stages are offered by."""
    closed = load_of(in_flight=in_flight, duration_s=duration_s)
    return replace(closed, model="open", stages=STAGES, timeout_s=timeout_s)


def planned(job: Job, *, from_s: float, until_s: float) -> tuple[int, int]:
    """Return how many arrivals are planned before the measured phase and in it, by all workers together."""
    assert job.offered is not None
    arrivals = Arrivals(job.offered, seed=job.seed, share=(0, 1))
    arrivals.measure(from_s)
    before = during = 0
    while arrivals.due_ns < round(until_s * NS):
        before += arrivals.due_ns < round(from_s * NS)
        during += arrivals.due_ns >= round(from_s * NS)
        arrivals.step()
    return before, during


@pytest.mark.parametrize("workers", [1, 2, 4])
@pytest.mark.parametrize("kind", ["constant", "poisson"])
def test_every_planned_send_is_begun_and_counted_once(tmp_path: Path, workers: int, kind: str) -> None:
    """However many workers share the schedule, the same arrivals begin, and every side counts each of them."""
    with counting() as server, fleet_of(workers, folder=tmp_path, label=f"open-{kind}-{workers}") as fleet:
        job = replace(job_of(server.url), offered=Offered(arrivals=kind, stages=STAGES))
        trialled = trial(fleet, job, open_load(in_flight=16), folder=tmp_path)
        answered = server.answered

    before, during = planned(job, from_s=0.5, until_s=2.5)
    measured = merged_counts(merged_by_endpoint(one.measured for one in trialled.sealed.windows).values())
    trialled.is_conserved()
    assert trialled.begun == before + during == answered == trialled.sealed.counts.samples
    assert measured.attempts == during
    assert measured.lag is not None
    assert measured.lag.samples == during
    assert [(one.start_s, one.end_s) for one in trialled.sealed.of(Phase.MEASURED)] == [(0.5, 1.5), (1.5, 2.5)]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_server_that_is_too_slow_loses_no_arrival(tmp_path: Path, workers: int) -> None:
    """Held for two seconds with a time-out of half of one: what was not answered is an error of its own phase."""
    with counting() as server, fleet_of(workers, folder=tmp_path, label=f"open-slow-{workers}") as fleet:
        job = replace(job_of(server.url, timeout_s=0.5), offered=Offered(arrivals="poisson", stages=STAGES))
        trialled = trial(
            fleet,
            job,
            open_load(in_flight=4, timeout_s=0.5),
            folder=tmp_path,
            heard=lambda sealed: server.hold(2.0) if len(sealed.windows) == 1 else None,
        )
        answered = server.answered

    before, during = planned(job, from_s=0.5, until_s=2.5)
    measured = merged_counts(merged_by_endpoint(one.measured for one in trialled.sealed.windows).values())
    trialled.is_conserved()
    assert trialled.begun == before + during
    assert measured.attempts == during
    assert set(trialled.sealed.counts.errors) <= {"timeout", "connect_timeout"}
    assert measured.unanswered > during / 10
    assert measured.latency_ms(999, 1000) == 500.0
    assert answered >= trialled.sealed.counts.samples


def test_a_worker_without_a_connection_is_refused(tmp_path: Path) -> None:
    """Its share of the arrivals could only time out: one line says so before anything is sent."""
    with counting() as server, fleet_of(2, folder=tmp_path, label="open-few") as fleet:
        job = replace(job_of(server.url), offered=Offered(arrivals="poisson", stages=STAGES))
        with pytest.raises(LoadError, match="expected a connection for each of 2 workers, found 1: raise in_flight"):
            trial(fleet, job, open_load(in_flight=1), folder=tmp_path)
        assert server.answered == 0
