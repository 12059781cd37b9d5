"""A party's account is exact however its processes and threads come and go between looks."""

from dataclasses import dataclass, field, replace
from random import Random

import pytest

from controller.measure.party import Party
from controller.measure.processes import ProcessReading, ThreadReading

S = 1_000_000_000


@dataclass
class Simulated:
    """A process with what it really used so far."""

    pid: int
    started: int
    threads: dict[int, int] = field(default_factory=dict)
    ended_ns: int = 0
    waited_ns: int = 0
    children: list["Simulated"] = field(default_factory=list)

    @property
    def cpu_ns(self) -> int:
        """CPU of all its threads, ended ones too."""
        return self.ended_ns + sum(self.threads.values())

    def reading(self) -> ProcessReading:
        """Return what the kernel shows of it now."""
        threads = {tid: ThreadReading(cpu_ns, delay_ns=cpu_ns, switches=1) for tid, cpu_ns in self.threads.items()}
        return ProcessReading(self.pid, self.started, self.cpu_ns, self.waited_ns, 1000, threads)


class Machine:
    """A process that forks, works and waits at random, with a true account of all CPU."""

    def __init__(self, seed: int) -> None:
        """Begin with one process of one thread."""
        self.random = Random(seed)
        self.used_ns = 0
        self.clock = 0
        self.root = self.new_process()

    def new_process(self) -> Simulated:
        """Return a process; its number may be one that an ended one had."""
        self.clock += 1
        pid = self.random.choice([n for n in range(2, 12) if n not in self.numbers()])
        return Simulated(pid, self.clock, {pid * 10: 0})

    def numbers(self) -> set[int]:
        """Return the process numbers in use."""
        return {process.pid for process in self.live()} if hasattr(self, "root") else set()

    def live(self) -> list[Simulated]:
        """Return all processes there are."""
        found, waiting = [], [self.root]
        while waiting:
            process = waiting.pop()
            found.append(process)
            waiting.extend(process.children)
        return found

    def step(self) -> None:
        """Let something happen to one process."""
        process = self.random.choice(self.live())
        self.random.choice([self.work, self.work, self.fork, self.end_child, self.thread])(process)

    def work(self, process: Simulated) -> None:
        """One of its threads uses a core for a while."""
        used_ns = self.random.randint(1, S)
        process.threads[self.random.choice(list(process.threads))] += used_ns
        self.used_ns += used_ns

    def fork(self, process: Simulated) -> None:
        """It gets a child."""
        if len(self.live()) < 8:
            process.children.append(self.new_process())

    def end_child(self, process: Simulated) -> None:
        """A child of its own without children ends, and is waited for."""
        for child in process.children:
            if not child.children:
                process.children.remove(child)
                process.waited_ns += child.cpu_ns + child.waited_ns
                return

    def thread(self, process: Simulated) -> None:
        """A thread of it ends, or one begins."""
        other = process.pid * 10 + 1
        if other in process.threads:
            process.ended_ns += process.threads.pop(other)
        else:
            process.threads[other] = 0


@pytest.mark.parametrize("seed", range(200))
def test_every_nanosecond_is_counted_once(seed: int) -> None:
    """Forks, ended threads, reused numbers, children that no look saw: the account equals the truth after each look."""
    machine, party, at_s = Machine(seed), Party(), 0.0
    for _ in range(machine.random.randint(0, 20)):
        machine.step()
    before_ns = machine.used_ns
    party.look(at_s, [process.reading() for process in machine.live()])
    for _ in range(15):
        for _ in range(machine.random.randint(0, 6)):
            machine.step()
        at_s += 1.0
        party.look(at_s, [process.reading() for process in machine.live()])

        usage = party.usage(0.0, at_s)
        assert usage is not None
        assert usage.cpu_s == pytest.approx((machine.used_ns - before_ns) / S, abs=1e-9)


def process_of(cpu_s: float, *, tid: int = 1, delay_s: float = 0.0, rss_bytes: int = 0) -> ProcessReading:
    """Return a process of one thread."""
    thread = ThreadReading(round(cpu_s * S), round(delay_s * S), 0)
    return ProcessReading(1, 1, thread.cpu_ns, 0, rss_bytes, {tid: thread})


def test_what_an_ended_thread_used_is_not_rounded_away() -> None:
    """The kernel's own sum comes in ticks: what a thread was seen to use below one stays counted when it ends."""
    party = Party()
    short = ThreadReading(5_000_000, 0, 0)
    for at_s, threads in enumerate([{1: ThreadReading(0)}, {1: ThreadReading(0), 2: short}, {1: ThreadReading(0)}]):
        party.look(at_s, [replace(process_of(0), threads=threads)])

    assert party.usage(0.0, 2.0).cpu_s == 0.005


def test_between_looks_counts_grow_evenly() -> None:
    """A phase that begins and ends between two looks gets its share."""
    party = Party()
    for at_s, cpu_s in enumerate([10.0, 10.0, 11.0, 11.5]):
        party.look(at_s, [process_of(cpu_s)])

    assert party.usage(1.0, 2.0).cpu_s == 1.0
    assert party.usage(1.5, 2.5).cpu_s == pytest.approx(0.75)
    assert party.usage(0.0, 1.0).cpu_s == 0.0


def test_latest_is_a_whole_interval() -> None:
    """Two looks close to each other do not make the latest usage one of a moment."""
    party = Party()
    party.look(0.0, [process_of(0)])
    party.look(0.5, [process_of(0.1)])
    assert party.latest(1.0) is None

    party.look(1.0, [process_of(0.2)])
    party.look(1.001, [process_of(0.201)])
    assert party.latest(1.0).cpu_s == pytest.approx(0.2, abs=0.001)


def test_the_busiest_thread_is_that_of_the_phase() -> None:
    """A thread that was busy before or after does not make the phase busy, and run delay counts as busy."""
    party = Party()
    for at_s, (first_s, second_s) in enumerate([(0, 0), (1, 0), (1, 0.25), (1.5, 0.25)]):
        first, second = process_of(first_s), process_of(second_s / 2, tid=2, delay_s=second_s / 2)
        party.look(at_s, [replace(first, threads={**first.threads, **second.threads})])

    assert [party.usage(at_s, at_s + 1.0).busiest for at_s in range(3)] == [1.0, 0.25, 0.5]


def test_a_thread_that_began_and_ended_in_a_phase_counts_from_its_beginning() -> None:
    """What a young thread used belongs to the time since the look before it was seen."""
    party = Party()
    for at_s, reading in enumerate([process_of(0), process_of(0.5, tid=2), process_of(0.5, tid=3)]):
        party.look(at_s, [reading])

    assert party.usage(0.0, 1.0).busiest == 0.5


def test_many_short_threads_take_bounded_memory_and_keep_the_busiest() -> None:
    """A server with a thread for each request is followed at the memory of some hundred threads."""
    party = Party()
    for at_s in range(3000):
        party.look(at_s, [process_of(0.9 if at_s == 7 else 0.1, tid=at_s)])

    assert party.usage(0.0, 2999.0).busiest == pytest.approx(0.9 / 2999)
    assert len(party._ended) < 600


def test_connections_in_a_query_are_those_of_the_phase() -> None:
    """The mean over all looks within it but that at its begin, which may be of what was before; else not known."""
    party = Party()
    for at_s, in_query in enumerate([50, 40, 10, None, 20, 60]):
        party.look(at_s, [process_of(0)], in_query=in_query)

    assert party.usage(1.0, 4.0).in_query == (10 + 20) / 2
    assert party.usage(2.0, 3.0).in_query is None


def test_peak_memory_is_that_of_the_phase() -> None:
    """The greatest sum over all processes at one look within the phase."""
    party = Party()
    for at_s, rss_bytes in enumerate([900, 100, 300, 200, 800]):
        party.look(at_s, [process_of(0, rss_bytes=rss_bytes)])

    assert party.usage(1.0, 3.0).peak_rss_bytes == 300
