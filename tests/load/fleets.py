"""A real fleet in a test: Locust's master and workers, driven as a run drives them, stored as a run stores them."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from controller.load.drive import Driven, Watch, drive
from controller.load.fleet import Crew, Fleet, start_fleet
from controller.load.job import Job, JobRequest
from controller.load.place import locustfile
from controller.measure.steady import Least
from controller.measure.window import EndpointCounts, Phase, Window, merged_by_endpoint, merged_counts
from controller.plan.scenario import Load
from controller.stack.cpus import usable_cores
from controller.stack.supervisor import Launched, Supervisor, supervise
from controller.store.journal import Journal, read_windows

_ORDERS = count(1)


@dataclass(slots=True)
class Sealed:
    """What the controller has of one trial; windows as they were sealed."""

    windows: list[Window] = field(default_factory=list)

    @property
    def attempts(self) -> int:
        """Attempts of all sealed windows."""
        return sum(window.attempts for window in self.windows)

    @property
    def endpoints(self) -> dict[str, EndpointCounts]:
        """All windows together, by endpoint."""
        return merged_by_endpoint(part for window in self.windows for part in (window.endpoints, window.earlier))

    @property
    def counts(self) -> EndpointCounts:
        """All windows and endpoints together."""
        return merged_counts(self.endpoints.values())

    def of(self, phase: Phase) -> list[Window]:
        """Return the windows of a phase."""
        return [window for window in self.windows if window.phase is phase]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trialled:
    """One trial from three sides: what the controller sealed, what the workers began, what the journal gives back."""

    driven: Driven
    sealed: Sealed
    stored: Sealed

    @property
    def begun(self) -> int:
        """Attempts as the workers counted them when they began."""
        begun: int = self.driven.totals["begun"]
        return begun

    def is_conserved(self) -> None:
        """Hold the conservation law: begun on the workers, sealed by the master, read back from the journal."""
        assert self.begun == self.sealed.attempts == self.stored.attempts
        assert self.stored.windows == self.sealed.windows
        indices = [window.index for window in self.sealed.windows]
        assert indices == list(range(len(indices)))


def job_of(url: str, *, requests: dict[str, float] | None = None, timeout_s: float = 20.0) -> Job:
    """Return a job of its own order; requests are paths with their weights, / alone without any."""
    listed = tuple(
        JobRequest(method="GET", path=path, weight=weight, endpoint=path.partition("?")[0])
        for path, weight in (requests or {"/": 1.0}).items()
    )
    return Job(order=next(_ORDERS), url=url, requests=listed, timeout_s=timeout_s, seed=3)


def load_of(*, in_flight: int = 8, duration_s: float = 1.0, warmup_s: float = 0.5, ramp_up_s: float = 0.0) -> Load:
    """Return a closed load with a fixed warm-up."""
    return Load(in_flight=in_flight, duration_s=duration_s, warmup_s=warmup_s, ramp_up_s=ramp_up_s, timeout_s=20.0)


def trial(
    fleet: Fleet,
    job: Job,
    load: Load,
    *,
    folder: Path,
    heard: Callable[[Sealed], None] = lambda _: None,
    broken: Callable[[Sealed], str | None] = lambda _: None,
    least: Least | None = None,
) -> Trialled:
    """Drive one trial and store its windows in a journal in a folder, as a run does.

    heard is called after each window; broken says why the trial must end early; least is the target's least warm-up.
    """
    sealed = Sealed()
    with Journal(folder) as journal:

        def window(one: Window) -> None:
            sealed.windows.append(one)
            journal.append_window(one, at="2026-01-01T00:00:00.000Z")
            heard(sealed)

        watch = Watch(window=window, edge=lambda: None, broken=lambda: broken(sealed))
        driven = drive(fleet, job, load=load, watch=watch, least=least or Least())
    stored = Sealed(list(read_windows(folder)))
    return Trialled(driven=driven, sealed=sealed, stored=stored)


class Disguising:
    """A supervisor that starts Locust's first worker by another command, which runs the given one as it sees fit."""

    def __init__(self, supervisor: Supervisor, under: Sequence[str]) -> None:
        self._supervisor = supervisor
        self._under = under

    def launch(self, name: str, argv: Sequence[str], **more: Any) -> Launched:
        """Start a program."""
        under = self._under if name == "locust-worker-1" else ()
        return self._supervisor.launch(name, [*under, *argv], **more)


@contextmanager
def fleet_of(
    workers: int, *, folder: Path, label: str, script: Path | None = None, first_under: Sequence[str] = ()
) -> Iterator[Fleet]:
    """Run a master and so many workers for the time of the block; script is a Locust file beside the wire engine's.

    first_under is a command that starts the first worker.
    """
    cores = usable_cores()
    crew = Crew(workers=workers, generator=cores, control=cores)
    logs = folder / f"logs-{label}"
    logs.mkdir()
    with (
        supervise(label=label, logs=logs) as supervisor,
        start_fleet(
            Disguising(supervisor, first_under), crew, folder=logs, locustfile=locustfile(), script=script
        ) as fleet,
    ):
        yield fleet
