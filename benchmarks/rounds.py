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
from benchmarks.nginx import HEALTH, QUOTE, nginx_program, run_nginx
from benchmarks.samples import FAST_HTTP_USER, FASTSERVE, WRK, Sample, Spent
from benchmarks.wire import start_wire
from benchmarks.wrk import run_wrk
from controller.errors import PlanError, StackError
from controller.load.fleet import Crew
from controller.plan.contract import read_contract
from controller.stack.cpus import usable_cores
from controller.stack.lock import machine_lock
from controller.stack.supervisor import supervise

WORKLOADS: Final[Mapping[str, str]] = {"health": HEALTH, "quote": QUOTE}
_LABEL: Final = "benchmark"

Generator = Callable[[str], Spent]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rounds:
    """How often, how long (whole seconds, since wrk knows no others) and over how many connections."""

    rounds: int = 5
    seconds: int = 4
    connections: int = 64

    def __post_init__(self) -> None:
        if min(self.rounds, self.seconds, self.connections) < 1:
            raise PlanError(f"expected rounds, seconds and connections of at least 1, found {self}")


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
    found = {"wrk": which("wrk"), "nginx": nginx_program()}
    if missing := [name for name, path in found.items() if path is None]:
        # Debian's packages have the names of the tools.
        raise StackError(
            f"expected wrk and nginx, found no {' and no '.join(missing)}: apt-get install {' '.join(missing)}"
        )


def measure(rounds: Rounds, *, servers: Path, say: Callable[[Sample], None]) -> list[Sample]:
    """Run all rounds and return every sample; say hears of each as it comes.

    Raises StackError or LoadError where something could not be measured.
    """
    require_tools()
    places = places_of(usable_cores())
    samples: list[Sample] = []
    with _generators(rounds, places, servers=servers) as generators:
        for number in range(1, rounds.rounds + 1):
            for workload, path in WORKLOADS.items():
                for name, ask in generators.items():
                    sample = Sample(workload=workload, generator=name, round=number, spent=ask(path))
                    samples.append(sample)
                    say(sample)
    return samples


@contextmanager
def _generators(rounds: Rounds, places: Places, *, servers: Path) -> Iterator[dict[str, Generator]]:
    """Start Nginx and FastServe's fleet, and yield what asks a path by each generator's name."""
    contract = read_contract(servers)
    crew = Crew(workers=1, generator=(places.generator,), control=(places.control,))
    with (
        tempfile.TemporaryDirectory(prefix="fastserve-benchmark-") as temporary,
        machine_lock(_LABEL) as lock_fd,
        supervise(label=_LABEL, logs=Path(temporary), lock_fd=lock_fd) as supervisor,
        _pinned(places.control),
        run_nginx(supervisor, folder=Path(temporary), cores=[places.server], contract=contract) as base,
        start_wire(supervisor, crew, folder=Path(temporary), contract=contract) as wire,
    ):
        how = {"connections": rounds.connections, "seconds": rounds.seconds}
        core = [places.generator]
        yield {
            WRK: lambda path: run_wrk(base + path, cores=core, **how),
            FASTSERVE: lambda path: wire.ask(base, path, **how),
            FAST_HTTP_USER: lambda path: run_fast_http_user(
                supervisor, base, path, cores=core, folder=Path(temporary), **how
            ),
        }


@contextmanager
def _pinned(core: int) -> Iterator[None]:
    """Keep this process off the measured core for the time of the block."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, [core])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
