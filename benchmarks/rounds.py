"""The rounds: every generator asks the same Nginx in turn, so that what happens on the machine meets all of them."""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import which
from typing import Final

from benchmarks.fasthttpuser import run_fast_http_user
from benchmarks.nginx import Bases, nginx_program, run_nginx
from benchmarks.samples import Sample
from benchmarks.wire import Wire, start_wire
from benchmarks.workloads import FAST_HTTP_USER, FASTSERVE, H2LOAD, WORKLOADS, WRK, Workload
from controller.errors import PlanError, StackError
from controller.load.fleet import Crew
from controller.load.rivals.h2load import run_h2load
from controller.load.rivals.process import Burst
from controller.load.rivals.wrk import run_wrk
from controller.measure.spent import Spent
from controller.plan.contract import read_contract
from controller.stack.cpus import usable_cores
from controller.stack.lock import machine_lock
from controller.stack.supervisor import Supervisor, supervise

_LABEL: Final = "benchmark"
# Debian's packages that hold the tools.
_PACKAGES: Final[Mapping[str, str]] = {"wrk": "wrk", "h2load": "nghttp2-client", "nginx": "nginx", "openssl": "openssl"}

Generator = Callable[[Workload], Spent]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """How often, and how long (whole seconds, since wrk knows no others)."""

    rounds: int = 5
    seconds: int = 4

    def __post_init__(self) -> None:
        if min(self.rounds, self.seconds) < 1:
            raise PlanError(f"expected rounds and seconds of at least 1, found {self}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Who runs where: Nginx and the measured generator have a core each; master and controller are on another."""

    server: int
    generator: int
    control: int

    @property
    def text(self) -> str:
        """One line for the reader."""
        beside = " beside Nginx" if self.control == self.server else ""
        return (
            f"Nginx on core {self.server}, generators on core {self.generator}, "
            f"Locust's master and this command on core {self.control}{beside}"
        )


def places_of(cores: Sequence[int]) -> Places:
    """Return who runs where. Raises StackError with fewer than two cores: nothing could be told apart."""
    if len(cores) < 2:
        raise StackError(f"expected two cores, one for Nginx and one for the generator, found {len(cores)}")
    return Places(server=cores[0], generator=cores[1], control=cores[2] if len(cores) > 2 else cores[0])


def require_tools() -> None:
    """Raise StackError where a tool is missing, with the command that adds it."""
    found = {tool: nginx_program() if tool == "nginx" else which(tool) for tool in _PACKAGES}
    if missing := [tool for tool, path in found.items() if path is None]:
        packages = " ".join(_PACKAGES[tool] for tool in missing)
        raise StackError(
            f"expected {', '.join(_PACKAGES)}, found no {' and no '.join(missing)}: apt-get install {packages}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What all rounds share: Nginx, FastServe's master and worker, and the core that generators take turns on."""

    supervisor: Supervisor
    bases: Bases
    wire: Wire
    places: Places
    folder: Path

    def generators(self, seconds: int) -> dict[str, Generator]:
        """Return what asks a workload for so long, by each generator's name."""
        cores = [self.places.generator]

        def burst(asked: Workload) -> Burst:
            return Burst(
                url=self.url(asked),
                connections=asked.connections,
                streams=asked.streams,
                http=asked.http,
                seconds=seconds,
                cores=cores,
            )

        return {
            WRK: lambda asked: run_wrk(burst(asked)).spent,
            H2LOAD: lambda asked: run_h2load(burst(asked)).spent,
            FASTSERVE: lambda asked: self.wire.ask(self.bases, asked, seconds=seconds),
            FAST_HTTP_USER: lambda asked: run_fast_http_user(
                self.supervisor,
                self.bases.plain,
                asked.path,
                connections=asked.connections,
                seconds=seconds,
                cores=cores,
                folder=self.folder,
            ),
        }

    def url(self, workload: Workload) -> str:
        """Return what a workload asks for."""
        return (self.bases.tls if workload.tls else self.bases.plain) + workload.path


def measure(rounds: Rounds, standing: Standing, *, say: Callable[[Sample], None]) -> list[Sample]:
    """Run all rounds and return every sample; say hears of each as it comes.

    Raises StackError or LoadError where something could not be measured.
    """
    generators = standing.generators(rounds.seconds)
    samples: list[Sample] = []
    for number in range(1, rounds.rounds + 1):
        for workload in WORKLOADS:
            for name in workload.generators:
                sample = Sample(workload=workload, generator=name, round=number, spent=generators[name](workload))
                samples.append(sample)
                say(sample)
    return samples


@contextmanager
def stand(servers: Path) -> Iterator[Standing]:
    """Start Nginx and FastServe's fleet for the time of the block. Raises StackError or LoadError."""
    require_tools()
    places = places_of(usable_cores())
    contract = read_contract(servers)
    crew = Crew(workers=1, generator=(places.generator,), control=(places.control,))
    with (
        tempfile.TemporaryDirectory(prefix="fastserve-benchmark-") as temporary,
        machine_lock(_LABEL) as lock_fd,
        supervise(label=_LABEL, logs=Path(temporary), lock_fd=lock_fd) as supervisor,
        _pinned(places.control),
        run_nginx(supervisor, folder=Path(temporary), cores=[places.server], contract=contract) as bases,
        start_wire(supervisor, crew, folder=Path(temporary), contract=contract) as wire,
    ):
        yield Standing(supervisor=supervisor, bases=bases, wire=wire, places=places, folder=Path(temporary))


@contextmanager
def _pinned(core: int) -> Iterator[None]:
    """Keep this process off the measured core for the time of the block."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, [core])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
