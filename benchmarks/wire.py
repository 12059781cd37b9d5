"""FastServe's own generator as a run drives it: Locust's master, one worker with the wire engine, every check on."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from benchmarks.samples import Spent
from controller.errors import LoadError
from controller.load.drive import Driven, Watch, drive
from controller.load.fleet import Crew, Fleet, start_fleet
from controller.load.job import Job, JobRequest
from controller.load.place import locustfile
from controller.measure.resources import Sampler
from controller.measure.window import Phase, Window, merged_counts
from controller.plan.contract import Contract, contract_to_wire
from controller.plan.scenario import Load
from controller.stack.supervisor import Supervisor

_WORKER = "worker"
_WARMUP_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """A standing master and worker; ask() drives one trial."""

    fleet: Fleet
    sampler: Sampler
    contract: dict[str, Any]
    orders: Iterator[int] = field(default_factory=lambda: count(1))

    def ask(self, base: str, path: str, *, connections: int, seconds: float) -> Spent:
        """Let the worker ask a path, and return its sealed windows' answers and its process's CPU in the same time.

        Raises LoadError where an attempt failed or a window is missing.
        """
        windows: list[Window] = []
        driven = drive(
            self.fleet,
            _job(base, path, order=next(self.orders), contract=self.contract),
            load=Load(in_flight=connections, warmup_s=_WARMUP_S, duration_s=seconds),
            least_warmup_s=0.0,
            watch=Watch(window=windows.append, edge=self.sampler.sample, broken=lambda: None),
        )
        return self._spent(driven, windows)

    def _spent(self, driven: Driven, windows: Sequence[Window]) -> Spent:
        measured = [window for window in windows if window.phase is Phase.MEASURED]
        counts = merged_counts(counts for window in measured for counts in window.endpoints.values())
        if not measured or counts.failures:
            raise LoadError(f"expected right answers alone, found errors {dict(counts.errors)} {driven.totals}")
        from_s, until_s = measured[0].start_s, measured[-1].end_s
        usage = self.sampler.usage(_WORKER, driven.start_s + from_s, driven.start_s + until_s)
        if usage is None:
            raise LoadError("expected to see the worker's process for all of the measured time, found it gone")
        return Spent(requests=counts.samples, cpu_s=usage.cpu_s, seconds=until_s - from_s)


@contextmanager
def start_wire(supervisor: Supervisor, crew: Crew, *, folder: Path, contract: Contract) -> Iterator[Wire]:
    """Start a master and its worker and yield what drives them; the block ends them. Raises LoadError."""
    with Sampler() as sampler, start_fleet(supervisor, crew, folder=folder, locustfile=locustfile()) as fleet:
        sampler.watch(_WORKER, fleet.workers[0].family)
        yield Wire(fleet=fleet, sampler=sampler, contract=contract_to_wire(contract))


def _job(base: str, path: str, *, order: int, contract: dict[str, Any]) -> Job:
    request = JobRequest(method="GET", path=path, weight=1.0, endpoint=path)
    return Job(order=order, url=base, requests=(request,), contract=contract)
