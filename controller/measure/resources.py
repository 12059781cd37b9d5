"""The sampler: what every watched party uses, looked at each second beside the load."""

import math
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Self

from controller.measure.machine import Machine, MachineTime
from controller.measure.party import Party
from controller.measure.processes import PROC, read_process
from controller.measure.trial import Usage

_STOPS_WITHIN_S = 10.0


class Sampler:
    """A thread that looks at all processes of every watched party each second, for as long as its block lasts.

    At the machine's cores and CPU limits it looks with sample() only: what counts is what they did between two moments.

    A look happens on whole seconds of time.monotonic(), and whenever sample() asks for one; at 10 processes
    with 4 threads each it takes under a thousandth of a core. Memory is resident memory summed over a party's
    processes: pages they share count once for each of them, so for forking servers it is an upper bound
    (proportional memory would be exact, and walking the page tables for it would disturb the load).
    """

    def __init__(self, *, interval_s: float = 1.0, proc_root: Path = PROC, machine: Machine | None = None) -> None:
        """Prepare a sampler that reads process numbers below proc_root; entering its block starts it."""
        self._interval_s = interval_s
        self._root = proc_root
        self._machine = Machine() if machine is None else machine
        self._lock = threading.Lock()
        self._parties: dict[str, Party] = {}
        self._pids: dict[str, Callable[[], Iterable[int]]] = {}
        self._in_query: dict[str, Callable[[], int | None]] = {}
        self._ending = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="fastserve-sampler", daemon=True)

    def watch(
        self, party: str, pids: Callable[[], Iterable[int]], in_query: Callable[[], int | None] = lambda: None
    ) -> None:
        """Look at a party from now on; pids gives its live processes at each look, in the sampler's thread.

        Processes that are gone may be among them. in_query says how many connections are in a query, None where that
        is not known; it must not wait. A party that was watched before begins anew.
        """
        with self._lock:
            listed = list(pids())
            self._parties[party], self._pids[party], self._in_query[party] = Party(), pids, in_query
            self._look(party, listed)
            self._machine.follow(listed)
            self._machine.look(time.monotonic())

    def unwatch(self, party: str) -> None:
        """Stop looking at a party after a last look; what is known of it stays known."""
        with self._lock:
            if party in self._pids:
                self._look(party, self._pids[party]())
                del self._pids[party]

    def sample(self) -> float:
        """Look at all parties now; return the time at which it began, in seconds of time.monotonic()."""
        began_s = time.monotonic()
        with self._lock:
            self._raise_failure()
            self._machine.look(time.monotonic())
            self._look_at_all()
        return began_s

    def usage(self, party: str, from_s: float, to_s: float) -> Usage | None:
        """Return what a party used between two moments of time.monotonic().

        Between looks the counts are taken to grow evenly, so call sample() at both moments for exact
        ones; the end need not be looked at yet. None for a party that was not watched all that time.
        """
        with self._lock:
            self._raise_failure()
            record = self._parties.get(party)
            if record is None:
                return None
            if party in self._pids and record.looked_at_s[-1] < to_s:
                self._look(party, self._pids[party]())
            return record.usage(from_s, to_s)

    def machine(self, from_s: float, to_s: float) -> MachineTime | None:
        """Return what the machine did between two moments, as usage() does for a party."""
        with self._lock:
            self._raise_failure()
            if (found := self._machine.between(from_s, to_s)) is None:
                # The end need not be looked at yet.
                self._machine.look(time.monotonic())
                found = self._machine.between(from_s, to_s)
            return found

    def memory_bytes(self, party: str) -> int | None:
        """Look at all parties now, and return the resident memory of one; None where none of its processes is seen."""
        self.sample()
        with self._lock:
            record = self._parties.get(party)
            return None if record is None else record.rss_bytes

    def latest(self) -> Mapping[str, Usage]:
        """Return what each watched party used in the last interval; parties not watched for so long are left out."""
        with self._lock:
            self._raise_failure()
            usages = {party: self._parties[party].latest(self._interval_s) for party in self._pids}
        return {party: usage for party, usage in usages.items() if usage is not None}

    def __enter__(self) -> Self:
        """Start looking."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop looking; what is known stays known."""
        self._ending.set()
        self._thread.join(_STOPS_WITHIN_S)

    def _run(self) -> None:
        """Look at each whole interval until the block ends; one that is missed is left out, not made up for."""
        while not self._ending.wait(self._next_s() - time.monotonic()):
            try:
                with self._lock:
                    self._look_at_all()
            except BaseException as failure:  # noqa: BLE001, raised again where somebody asks
                self._failure = failure
                return

    def _next_s(self) -> float:
        return (math.floor(time.monotonic() / self._interval_s) + 1) * self._interval_s

    def _look_at_all(self) -> None:
        for party in self._pids:
            self._look(party, self._pids[party]())

    def _look(self, party: str, pids: Iterable[int]) -> None:
        at_s = time.monotonic()
        readings = (read_process(pid, root=self._root) for pid in dict.fromkeys(pids))
        found = (reading for reading in readings if reading is not None)
        self._parties[party].look(at_s, found, in_query=self._in_query[party]())

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise RuntimeError("the sampler failed while nobody was looking") from self._failure
