"""What the master needs of a core and of memory to merge the windows of very many workers, simulated by swarm.py."""

import sys
import time
from pathlib import Path
from typing import Final

import psutil

from benchmarks.figures import Figure
from controller.errors import LoadError
from controller.load.fleet import Crew, Fleet, start_fleet
from controller.load.job import Job, JobRequest
from controller.load.place import locustfile
from controller.stack.ports import listening_ports
from controller.stack.supervisor import Supervisor

WORKERS: Final = 1000
ENDPOINTS: Final = 12
MOST_CORES: Final = 1.0
MOST_BYTES: Final = 1 << 30
_SECONDS: Final = 10
# Sealed windows before the measuring begins: Locust's dispatch of users to so many workers is over by then.
_WARMUP_WINDOWS: Final = 3
_UP_WITHIN_S: Final = 90.0


def merging_figures(
    supervisor: Supervisor,
    *,
    folder: Path,
    master_core: int,
    swarm_core: int,
    workers: int = WORKERS,
    seconds: int = _SECONDS,
) -> list[Figure]:
    """Let a real master merge so many workers' windows for so long; return its share of a core and its memory.

    Raises LoadError where a window is late or lost: then the master did not keep up.
    """
    crew = Crew(workers=0, generator=(swarm_core,), control=(master_core,))
    with start_fleet(supervisor, crew, folder=folder, locustfile=locustfile()) as fleet:
        (port,) = listening_ports(fleet.master.family())
        argv = [sys.executable, "-m", "benchmarks.swarm", str(port), str(workers), str(ENDPOINTS)]
        root = Path(__file__).resolve().parents[1]
        env = {"PYTHONPATH": str(root)}
        swarm = supervisor.launch("swarm", argv, env=env, cwd=folder, cpus=[swarm_core], log=folder / "swarm.log")
        try:
            _wait_for_workers(fleet, workers)
            return _measure(fleet, workers=workers, seconds=seconds)
        except LoadError as error:
            raise LoadError(f"{error}\n{swarm.tail()}") from error
        finally:
            swarm.stop()


def _wait_for_workers(fleet: Fleet, workers: int) -> None:
    here, until_s = 0, time.monotonic() + _UP_WITHIN_S
    while here < workers:
        event = fleet.event(within_s=1.0)
        here += event is not None and event["event"] == "worker"
        if time.monotonic() > until_s:
            raise LoadError(f"expected {workers} workers within {_UP_WITHIN_S:g} s, found {here}")


def _measure(fleet: Fleet, *, workers: int, seconds: int) -> list[Figure]:
    request = JobRequest(method="GET", path="/", weight=1.0, endpoint="/")
    fleet.start(Job(order=1, url="http://127.0.0.1:9", requests=(request,)), users=workers, ramp_up_s=0.0, phase=None)
    _sealed(fleet, _WARMUP_WINDOWS, workers=workers)
    master = psutil.Process(fleet.master.pid)
    before_s, began_s = _cpu_s(master), time.monotonic()
    _sealed(fleet, seconds, workers=workers)
    cpu_s, elapsed_s = _cpu_s(master) - before_s, time.monotonic() - began_s
    rss_bytes = master.memory_info().rss
    cores = cpu_s / seconds
    asked = f"master merging {workers:,} workers x {ENDPOINTS} endpoints"
    return [
        Figure(
            name=f"{asked}, core",
            found=f"{cores:.2f} of a core, {seconds} windows in {elapsed_s:.1f} s",
            bound=f"under {MOST_CORES:g}",
            reached=cores < MOST_CORES and elapsed_s < seconds + 1.0,
        ),
        Figure(
            name=f"{asked}, memory",
            found=f"{rss_bytes / (1 << 20):,.0f} MiB",
            bound=f"under {MOST_BYTES / (1 << 20):,.0f} MiB",
            reached=rss_bytes < MOST_BYTES,
        ),
    ]


def _sealed(fleet: Fleet, many: int, *, workers: int) -> None:
    """Wait for so many sealed windows, each of all workers."""
    seen, until_s = 0, time.monotonic() + _UP_WITHIN_S
    while seen < many:
        event = fleet.event(within_s=1.0)
        if event is not None and event["event"] == "failed":
            raise LoadError(event["text"])
        if event is not None and event["event"] == "window":
            if event["window"]["workers"] != workers:
                raise LoadError(f"expected windows of {workers} workers, found {event['window']['workers']}")
            seen += 1
        if time.monotonic() > until_s:
            raise LoadError(f"expected {many} sealed windows within {_UP_WITHIN_S:g} s, found {seen}")


def _cpu_s(process: psutil.Process) -> float:
    used = process.cpu_times()
    return float(used.user + used.system)
