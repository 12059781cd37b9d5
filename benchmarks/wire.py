"""FastServe's own generator as a run drives it: Locust's master, one worker with the wire engine, every check on."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.nginx import Bases
from benchmarks.samples import Spent
from benchmarks.workloads import Workload
from controller.errors import LoadError
from controller.load.drive import Driven, Watch, drive
from controller.load.fleet import Crew, Fleet, start_fleet
from controller.load.job import Job, JobRequest, offered_by
from controller.load.place import locustfile
from controller.load.wire.arrivals import Arrivals
from controller.load.wire.tally import NS_PER_S
from controller.measure.resources import Sampler
from controller.measure.trial import Usage
from controller.measure.window import EndpointCounts, Phase, Window, merged_counts
from controller.plan.contract import Contract, contract_to_wire
from controller.plan.scenario import Load
from controller.plan.trust import Trust
from controller.stack.supervisor import Supervisor

_WORKER = "worker"
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
        windows: list[Window] = []
        in_flight = asked.connections * asked.streams
        driven = drive(
            self.fleet,
            _job(bases, asked, order=next(self.orders), contract=self.contract),
            load=Load(in_flight=in_flight, streams=asked.streams, warmup_s=_WARMUP_S, duration_s=seconds),
            watch=Watch(window=windows.append, edge=self.sampler.sample, broken=lambda: None),
        )
        return self._spent(driven, windows)

    def offer(self, bases: Bases, path: str, *, rate_per_s: float, connections: int, seconds: float) -> Offering:
        """Let the worker offer a path at a rate, with Poisson arrivals. Raises LoadError where a window is missing."""
        windows: list[Window] = []
        load = Load(model="open", rate_per_s=rate_per_s, in_flight=connections, warmup_s=_WARMUP_S, duration_s=seconds)
        asked = Workload(name="open", path=path, floor=0.0, connections=connections)
        job = replace(_job(bases, asked, order=next(self.orders), contract=self.contract), offered=offered_by(load))
        watch = Watch(window=windows.append, edge=self.sampler.sample, broken=lambda: None)
        driven = drive(self.fleet, job, load=load, watch=watch)
        usage = self._usage(driven, _WARMUP_S, _WARMUP_S + seconds)
        counts = merged_counts(counts for window in windows for counts in window.measured.values())
        return Offering(
            counts=counts, begun=driven.totals["begun"], planned=_planned(job, load), usage=usage, seconds=seconds
        )

    def _spent(self, driven: Driven, windows: Sequence[Window]) -> Spent:
        measured = [window for window in windows if window.phase is Phase.MEASURED]
        counts = merged_counts(counts for window in measured for counts in window.endpoints.values())
        if not measured or counts.failures:
            raise LoadError(f"expected right answers alone, found errors {dict(counts.errors)} {driven.totals}")
        from_s, until_s = measured[0].start_s, measured[-1].end_s
        usage = self._usage(driven, from_s, until_s)
        return Spent(requests=counts.samples, cpu_s=usage.cpu_s, seconds=until_s - from_s)

    def _usage(self, driven: Driven, from_s: float, until_s: float) -> Usage:
        """Return what the worker's process used between two moments of the trial's clock."""
        usage = self.sampler.usage(_WORKER, driven.start_s + from_s, driven.start_s + until_s)
        if usage is None:
            raise LoadError("expected to see the worker's process for all of the measured time, found it gone")
        return usage


@contextmanager
def start_wire(supervisor: Supervisor, crew: Crew, *, folder: Path, contract: Contract) -> Iterator[Wire]:
    """Start a master and its worker and yield what drives them; the block ends them. Raises LoadError."""
    with Sampler() as sampler, start_fleet(supervisor, crew, folder=folder, locustfile=locustfile()) as fleet:
        sampler.watch(_WORKER, fleet.workers[0].family)
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
