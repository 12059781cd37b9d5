"""What one party has used so far: its processes and threads come and go, what they used stays counted."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import fmean

from controller.measure.processes import ProcessReading, ThreadReading
from controller.measure.series import Series
from controller.measure.trial import Usage

_NS_PER_S = 1_000_000_000
# Beyond so many ended threads the least busy half is forgotten: the busiest one is what is asked for.
_MOST_ENDED_THREADS = 512


@dataclass(slots=True)
class _Process:
    """A process as last seen, with what its ended threads had used."""

    started: int
    threads: Mapping[int, ThreadReading] = field(default_factory=dict)
    ended_cpu_ns: int = 0
    ended_switches: int = 0
    waited_ns: int = 0

    @property
    def cpu_ns(self) -> int:
        return self.ended_cpu_ns + sum(thread.cpu_ns for thread in self.threads.values())

    @property
    def switches(self) -> int:
        return self.ended_switches + sum(thread.switches for thread in self.threads.values())

    def update(self, reading: ProcessReading) -> None:
        ended = [last for tid, last in self.threads.items() if not _goes_on(last, reading.threads.get(tid))]
        self.ended_cpu_ns += sum(thread.cpu_ns for thread in ended)
        self.ended_switches += sum(thread.switches for thread in ended)
        self.threads = reading.threads
        # The kernel's sum also has threads that came and went unseen.
        self.ended_cpu_ns += max(0, reading.cpu_ns - self.cpu_ns)
        self.waited_ns = reading.waited_ns


class Party:
    """The history of one party, from the first look at its processes on. Times are in seconds of one clock."""

    def __init__(self) -> None:
        """Start without a look."""
        # The first and the last look.
        self.looked_at_s: list[float] = []
        self._processes: dict[int, _Process] = {}
        self._seen = False
        self._cpu_ns = 0
        self._switches = 0
        self._unclaimed_ns = 0
        self._cpu, self._switched, self._rss, self._thread_count = Series(), Series(), Series(), Series()
        self._busy: dict[int, Series] = {}
        self._ended: list[Series] = []
        self._queries: list[tuple[float, int]] = []

    def look(self, at_s: float, readings: Iterable[ProcessReading], *, in_query: int | None = None) -> None:
        """Take in all processes of the party that there are at a time, and how many connections are in a query."""
        listed = list(readings)
        self._seen = self._seen or bool(listed)
        grown = self._update({reading.pid: reading for reading in listed})
        if self.looked_at_s:
            self._cpu_ns += grown[0]
            self._switches += grown[1]
        self._follow_threads(at_s, listed)
        self._cpu.append(at_s, self._cpu_ns / _NS_PER_S)
        self._switched.append(at_s, self._switches)
        self._rss.append(at_s, sum(reading.rss_bytes for reading in listed))
        self._thread_count.append(at_s, sum(len(reading.threads) for reading in listed))
        if in_query is not None:
            self._queries.append((at_s, in_query))
        self.looked_at_s = [*self.looked_at_s[:1], at_s]

    def usage(self, from_s: float, to_s: float) -> Usage | None:
        """Return what was used between two times; None where that was not, or not all, observed."""
        if not self._seen or not self.looked_at_s[0] <= from_s < to_s <= self.looked_at_s[-1]:
            return None
        threads = [*self._busy.values(), *self._ended]
        busiest = max((thread.growth(from_s, to_s) for thread in threads), default=0.0)
        return Usage(
            cpu_s=self._cpu.growth(from_s, to_s),
            # A running thread's numbers lag by up to a timer tick: no thread is busier than a whole core.
            busiest=min(1.0, busiest / (to_s - from_s)),
            peak_rss_bytes=round(self._rss.greatest(from_s, to_s)),
            threads=round(self._thread_count.greatest(from_s, to_s)),
            context_switches=round(self._switched.growth(from_s, to_s)),
            in_query=self._in_query(from_s, to_s),
        )

    @property
    def rss_bytes(self) -> int | None:
        """The memory at the last look; None where no process was seen yet."""
        return round(self._rss.last) if self._seen else None

    def latest(self, lasting_s: float) -> Usage | None:
        """Return what was used in so many seconds before the last look; None where that was not, or not all, observed.

        Two looks may be milliseconds apart: a share of so short a time would say nothing.
        """
        return self.usage(self.looked_at_s[-1] - lasting_s, self.looked_at_s[-1])

    def _in_query(self, from_s: float, to_s: float) -> float | None:
        """Return the mean of all counts between two times; one at the beginning may be of what was before it."""
        found = [count for at_s, count in self._queries if from_s < at_s <= to_s]
        return fmean(found) if found else None

    def _update(self, readings: Mapping[int, ProcessReading]) -> tuple[int, int]:
        """Bring all processes up to date and return by how much CPU (ns) and switches grew.

        What an ended child used is counted already when its parent, by waiting for it, gets all of it on
        its account: only what the child had used unseen is new.
        """
        before = self._totals()
        for pid in [pid for pid, process in self._processes.items() if not _same(process, readings.get(pid))]:
            ended = self._processes.pop(pid)
            self._unclaimed_ns += ended.cpu_ns + ended.waited_ns
            before = (before[0] - ended.cpu_ns, before[1] - ended.switches, before[2] - ended.waited_ns)
        for pid, reading in readings.items():
            self._processes.setdefault(pid, _Process(reading.started)).update(reading)
        after = self._totals()
        waited_ns = after[2] - before[2]
        claimed_ns = min(self._unclaimed_ns, waited_ns)
        self._unclaimed_ns -= claimed_ns
        return after[0] - before[0] + waited_ns - claimed_ns, after[1] - before[1]

    def _totals(self) -> tuple[int, int, int]:
        """Return CPU (ns), switches, and CPU of ended children (ns) of the processes that there are."""
        live = self._processes.values()
        return sum(p.cpu_ns for p in live), sum(p.switches for p in live), sum(p.waited_ns for p in live)

    def _follow_threads(self, at_s: float, readings: Iterable[ProcessReading]) -> None:
        threads = {tid: thread for reading in readings for tid, thread in reading.threads.items()}
        for tid in [
            tid for tid, series in self._busy.items() if tid not in threads or series.last > _busy_s(threads[tid])
        ]:
            self._end_thread(tid)
        for tid, thread in threads.items():
            if tid not in self._busy:
                self._busy[tid] = Series()
                if self.looked_at_s:
                    self._busy[tid].append(self.looked_at_s[-1], 0.0)
            self._busy[tid].append(at_s, _busy_s(thread))

    def _end_thread(self, tid: int) -> None:
        self._ended.append(self._busy.pop(tid))
        if len(self._ended) > _MOST_ENDED_THREADS:
            self._ended.sort(key=lambda series: series.growth(float("-inf"), float("inf")), reverse=True)
            del self._ended[_MOST_ENDED_THREADS // 2 :]


def _busy_s(thread: ThreadReading) -> float:
    return (thread.cpu_ns + thread.delay_ns) / _NS_PER_S


def _goes_on(last: ThreadReading, now: ThreadReading | None) -> bool:
    """Whether a reading is of the same thread: a new one with its number begins again at 0."""
    return now is not None and now.cpu_ns >= last.cpu_ns


def _same(process: _Process, reading: ProcessReading | None) -> bool:
    return reading is not None and reading.started == process.started
