"""Builds of several targets at once, as many as cores and memory allow."""

import time
from collections import deque
from collections.abc import Collection, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Final, Protocol

from controller.errors import StackError
from controller.plan.target import Target
from controller.stack.build import Build, build_key, build_log, build_target, find_build
from controller.stack.cpus import usable_cores
from controller.stack.tools import tools_of
from controller.stack.versions import ask_versions

# What a compiler may take: with less to spare, several at once would push each other out of memory.
_MEMORY_BYTES: Final = 2 * 1024**3
_LOOK_EVERY_S: Final = 0.2
_MEMINFO: Final = Path("/proc/meminfo")


@dataclass(frozen=True, slots=True, kw_only=True)
class Underway:
    """A build that has begun; log grows while it lasts, and started_s is in time.monotonic seconds."""

    target: str
    log: Path
    started_s: float

    @property
    def took_s(self) -> float:
        """How long it has been going on."""
        return time.monotonic() - self.started_s


class BuildWatcher(Protocol):
    """Hears of builds while they go on, always in the thread that asked for them."""

    def started(self, job: Underway) -> None:
        """Hear that a build begins."""

    def building(self, jobs: Sequence[Underway]) -> None:
        """Hear, a few times a second, which builds go on."""

    def ended(self, build: Build, took_s: float) -> None:
        """Hear that a build is there."""

    def failed(self, target: str, error: StackError, took_s: float) -> None:
        """Hear that there is none."""


def find_builds(targets: Collection[Target]) -> dict[str, Build | None]:
    """Return the finished build of each target by name, None where there is none; those with a url are left out."""
    own = [target for target in targets if target.url is None]
    ask_versions(tools_of(own))
    return {target.name: find_build(target) for target in own}


def build_targets(targets: Sequence[Target], watcher: BuildWatcher) -> dict[str, Build | StackError]:
    """Build targets, and return what came of each by name: its build, or why there is none.

    One that fails does not stop the others. Whatever ends this call ends all that it has begun.
    """
    results: dict[str, Build | StackError] = {}
    waiting, running = deque(targets), dict[Future[Build], Underway]()
    at_once, stop = builds_at_once(len(targets)), Event()
    with ThreadPoolExecutor(at_once) as pool:
        try:
            while waiting or running:
                while waiting and len(running) < at_once:
                    job = _underway(target := waiting.popleft())
                    watcher.started(job)
                    running[pool.submit(build_target, target, stop=stop)] = job
                watcher.building(list(running.values()))
                for future in wait(running, _LOOK_EVERY_S, FIRST_COMPLETED).done:
                    job = running.pop(future)
                    results[job.target] = _told(future, job, watcher)
        finally:
            stop.set()
    return results


def builds_at_once(targets: int) -> int:
    """Return how many builds may go on at once: 1 at least, one a core, each with memory to spare."""
    return max(1, min(targets, len(usable_cores()), _available_bytes() // _MEMORY_BYTES))


def _underway(target: Target) -> Underway:
    return Underway(target=target.name, log=build_log(target, build_key(target)), started_s=time.monotonic())


def _told(future: Future[Build], job: Underway, watcher: BuildWatcher) -> Build | StackError:
    """Return what came of a build that has ended, once the watcher has heard of it."""
    try:
        build = future.result()
    except StackError as error:
        watcher.failed(job.target, error, job.took_s)
        return error
    watcher.ended(build, job.took_s)
    return build


def _available_bytes() -> int:
    """Return the memory that new programs may take without anything being moved out of it."""
    for line in _MEMINFO.read_text(encoding="ascii").splitlines():
        name, _, value = line.partition(":")
        if name == "MemAvailable":
            return int(value.split()[0]) * 1024
    return 0
