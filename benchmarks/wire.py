"""FastServe's own generator as a run drives it: Locust's master, one worker with the wire engine, every check on."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.nginx import Bases
from benchmarks.workloads import Workload
from controller.load.alone import take_alone, workers_usage
from controller.load.drive import Watch, drive
from controller.load.fleet import Crew, Fleet, start_fleet
from controller.load.job import Job, JobRequest, offered_by
from controller.load.place import locustfile
from controller.load.wire.arrivals import Arrivals
from controller.load.wire.tally import NS_PER_S
from controller.measure.judgement import GENERATOR
from controller.measure.resources import Sampler
from controller.measure.spent import Spent
from controller.measure.trial import Usage
from controller.measure.window import EndpointCounts, Window, merged_counts
from controller.plan.contract import Contract, contract_to_wire
from controller.plan.scenario import Load
from controller.plan.trust import Trust
from controller.stack.supervisor import Supervisor

_WARMUP_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Offering:
    """What came of an open load. counts are those planned in the measured phase, which lasted so many seconds.

    planned is what the schedule holds for the whole trial, begun what the worker sent or queued of it.
    """

    counts: EndpointCounts
    planned: int
    begun: int
    usage: Usage
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """A standing master and worker; ask() drives one trial."""

    fleet: Fleet
    sampler: Sampler
    contract: dict[str, Any]
    orders: Iterator[int] = field(default_factory=lambda: count(1))

    def ask(self, bases: Bases, asked: Workload, *, seconds: float) -> Spent:
        """Let the worker ask a workload, and return its sealed windows' answers and its process's CPU in the same time.

        Raises LoadError where an attempt failed or a window is missing.
        """
        in_flight = asked.connections * asked.streams
        return take_alone(
            self.fleet,
            _job(bases, asked, order=next(self.orders), contract=self.contract),
            load=Load(in_flight=in_flight, streams=asked.streams, warmup_s=_WARMUP_S, duration_s=seconds),
            sampler=self.sampler,
        ).spent

    def offer(self, bases: Bases, path: str, *, rate_per_s: float, connections: int, seconds: float) -> Offering:
        """Let the worker offer a path at a rate, with Poisson arrivals. Raises LoadError where a window is missing."""
        windows: list[Window] = []
        load = Load(model="open", rate_per_s=rate_per_s, in_flight=connections, warmup_s=_WARMUP_S, duration_s=seconds)
        asked = Workload(name="open", path=path, floor=0.0, connections=connections)
        job = replace(_job(bases, asked, order=next(self.orders), contract=self.contract), offered=offered_by(load))
        watch = Watch(window=windows.append, edge=self.sampler.sample, broken=lambda: None)
        driven = drive(self.fleet, job, load=load, watch=watch)
        usage = workers_usage(self.sampler, driven, _WARMUP_S, _WARMUP_S + seconds)
        counts = merged_counts(counts for window in windows for counts in window.measured.values())
        return Offering(
            counts=counts, begun=driven.totals["begun"], planned=_planned(job, load), usage=usage, seconds=seconds
        )


@contextmanager
def start_wire(supervisor: Supervisor, crew: Crew, *, folder: Path, contract: Contract) -> Iterator[Wire]:
    """Start a master and its worker and yield what drives them; the block ends them. Raises LoadError."""
    with Sampler() as sampler, start_fleet(supervisor, crew, folder=folder, locustfile=locustfile()) as fleet:
        sampler.watch(GENERATOR, fleet.workers[0].family)
        yield Wire(fleet=fleet, sampler=sampler, contract=contract_to_wire(contract))


def _job(bases: Bases, asked: Workload, *, order: int, contract: dict[str, Any]) -> Job:
    request = JobRequest(method="GET", path=asked.path, weight=1.0, endpoint=asked.path)
    return Job(
        order=order,
        url=bases.tls if asked.tls else bases.plain,
        requests=(request,),
        http=asked.http,
        streams=asked.streams,
        trust=Trust(authorities=bases.ca_pem),
        contract=contract,
    )


def _planned(job: Job, load: Load) -> int:
    """Return how many sends the schedule of a job has until the end of its measured phase."""
    assert job.offered is not None
    arrivals = Arrivals(job.offered, seed=job.seed, share=(0, 1))
    arrivals.measure(_WARMUP_S)
    planned, until_ns = 0, round((_WARMUP_S + load.duration_s) * NS_PER_S)
    while arrivals.due_ns < until_ns:
        planned += 1
        arrivals.step()
    return planned
