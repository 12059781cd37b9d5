"""Locust for a whole run: started once, and again when one of its processes was lost or another file is needed."""

from contextlib import ExitStack
from pathlib import Path
from typing import Self

from controller.load.fleet import Crew, Fleet, start_fleet
from controller.load.offer import Offer
from controller.stack.cpus import Cores
from controller.stack.supervisor import Supervisor


class StandingFleet:
    """A fleet that is there whenever a trial needs one; its block ends whatever is running."""

    def __init__(
        self, supervisor: Supervisor, *, cores: Cores, folder: Path, locustfile: Path, offer: Offer | None = None
    ) -> None:
        self._supervisor, self._cores = supervisor, cores
        self._folder, self._locustfile, self._offer = folder, locustfile, offer
        self._fleet: Fleet | None = None
        self._script: Path | None = None
        self._running = ExitStack()

    def __enter__(self) -> Self:
        """Begin without a fleet: the first `ready` starts one."""
        return self

    def __exit__(self, *_: object) -> None:
        """End Locust's processes."""
        self.discard()

    def ready(self, workers: int, script: Path | None = None) -> Fleet:
        """Return a whole fleet with so many workers, 0 for one a core, starting one where there is none.

        script is the Locust file that a trial needs beside the wire engine's: Locust loads its files as it starts.
        Raises LoadError where that fails.
        """
        generator = self._cores.generator
        crew = Crew(
            workers=workers or len(generator), generator=generator, control=self._cores.control, offer=self._offer
        )
        if self._fleet is not None and not (
            self._fleet.whole() and len(self._fleet.workers) == crew.workers and self._script == script
        ):
            self.discard()
        if self._fleet is None:
            fleet = start_fleet(self._supervisor, crew, folder=self._folder, locustfile=self._locustfile, script=script)
            self._fleet, self._script = self._running.enter_context(fleet), script
        return self._fleet

    def discard(self) -> None:
        """End the fleet there is; the next trial gets a new one."""
        self._fleet = None
        self._running.close()

    def pids(self) -> list[int]:
        """Return the processes of all workers: the party that a trial's generator is."""
        workers = self._fleet.workers if self._fleet is not None else ()
        return [pid for worker in workers for pid in worker.family()]
