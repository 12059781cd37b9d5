"""The sampler against real processes. Bounds are wide: the machine may be busy with other things."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from controller.measure.machine import Machine
from controller.measure.processes import process_tree, read_process
from controller.measure.resources import Sampler
from controller.measure.trial import Usage
from tests.measure.recorded import show_cores

BUSY = "while True: pass"
IDLE = "import time; time.sleep(60)"
# A process that works for 0.2 s of CPU; one that goes on when told to; and one that says that it did.
WORK = "import time\nend = time.process_time() + 0.2\nwhile time.process_time() < end: pass"
ON_DEMAND = "sys.stdin.readline()\n"
DONE = f"print(flush=True)\n{IDLE}"
PHASE_S = 0.5


@contextmanager
def running(code: str, *, core: int | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Run Python code in a process of its own, and end it with all that it started."""
    pin = f"import os; os.sched_setaffinity(0, {{{core}}})\n" if core is not None else ""
    program = [sys.executable, "-c", f"{pin}print(flush=True)\n{code}"]
    process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        answered(process)
        yield process
    finally:
        for pid in process_tree([process.pid]):
            os.kill(pid, 9)
        process.communicate()


def answered(process: subprocess.Popen[bytes]) -> None:
    """Wait for a line of a process."""
    assert process.stdout is not None
    process.stdout.readline()


def demand(process: subprocess.Popen[bytes]) -> None:
    """Tell a process to go on, and wait until it says that it did."""
    assert process.stdin is not None
    process.stdin.write(b"\n")
    process.stdin.flush()
    answered(process)


def wait_until(true: Callable[[], bool]) -> None:
    """Wait for a fact, 10 s at most."""
    end_s = time.monotonic() + 10
    while not true():
        assert time.monotonic() < end_s
        time.sleep(0.01)


def used_while(sampler: Sampler, party: str, act: Callable[[], object]) -> tuple[Usage, float]:
    """Return what a watched party used while something happened, and how long that took in seconds."""
    start_s = sampler.sample()
    act()
    end_s = time.monotonic()
    usage = sampler.usage(party, start_s + 1e-9, end_s)
    assert usage is not None
    return usage, end_s - start_s


def kernel_cpu_s(pid: int) -> float:
    """Return the CPU seconds of a process by the kernel's own count."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def kernel_switches(pid: int) -> int:
    """Return how often a process with one thread was taken off its core, by the kernel's own count."""
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return sum(int(line.split()[1]) for line in lines if "ctxt_switches" in line)


def test_a_busy_loop_is_a_busy_thread() -> None:
    """A process that never rests is busy all the time, and its CPU is what the kernel counts."""
    with running(BUSY) as process, Sampler() as sampler:
        sampler.watch("server", lambda: [process.pid])
        before_s = kernel_cpu_s(process.pid)
        usage, lasted_s = used_while(sampler, "server", lambda: time.sleep(PHASE_S))
        after_s = kernel_cpu_s(process.pid)

    assert usage.busiest > 0.9
    assert usage.cpu_s == pytest.approx(after_s - before_s, abs=0.05)
    assert usage.cpu_s <= lasted_s * 1.02
    assert usage.threads == 1


def test_a_sleeper_uses_next_to_nothing() -> None:
    """A process that sleeps is neither busy nor charged, but has its memory and its thread."""
    with running(IDLE) as process, Sampler() as sampler:
        sampler.watch("server", lambda: [process.pid])
        usage, _ = used_while(sampler, "server", lambda: time.sleep(PHASE_S))

    assert usage.busiest < 0.05
    assert usage.cpu_s < 0.05
    assert usage.threads == 1
    assert usage.peak_rss_bytes > 1_000_000


def test_a_process_that_is_held_back_is_busy_all_the_same() -> None:
    """Two loops on one core get half of it each: CPU says half idle, run delay says busy."""
    core = min(os.sched_getaffinity(0))
    with running(BUSY, core=core), running(BUSY, core=core), running(BUSY, core=core) as process:
        sampler = Sampler()
        sampler.watch("server", lambda: [process.pid])
        usage, lasted_s = used_while(sampler, "server", lambda: time.sleep(2 * PHASE_S))

    assert usage.cpu_s < 0.7 * lasted_s
    assert usage.busiest > 0.85


def test_forked_children_count() -> None:
    """A party's CPU is that of all its processes, and its busiest thread may be in any of them."""
    forking = f"import os\nos.fork() or exec('{BUSY}')\nos.fork() or exec('{BUSY}')\n{IDLE}"
    with running(forking) as process:
        sampler = Sampler()
        sampler.watch("server", lambda: process_tree([process.pid]))
        time.sleep(0.1)
        children = [pid for pid in process_tree([process.pid]) if pid != process.pid]
        before_s = sum(map(kernel_cpu_s, children))
        usage, _ = used_while(sampler, "server", lambda: time.sleep(PHASE_S))
        after_s = sum(map(kernel_cpu_s, children))

    assert len(children) == 2
    assert usage.cpu_s == pytest.approx(after_s - before_s, abs=0.1)
    assert usage.busiest > 0.8
    assert usage.threads == 3


def test_a_process_that_ended_keeps_its_cpu() -> None:
    """What a child used while it was looked at stays counted once it is gone, and once only."""
    with running(
        f"import os, sys\nif os.fork() == 0: exec({WORK!r}); os._exit(0)\n{ON_DEMAND}os.wait()\n{DONE}"
    ) as process:
        sampler = Sampler()
        sampler.watch("server", lambda: process_tree([process.pid]))
        start_s = time.monotonic()
        wait_until(lambda: len(process_tree([process.pid])) == 2)
        _, child = process_tree([process.pid])
        wait_until(lambda: Path(f"/proc/{child}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] == "Z")
        sampler.sample()
        demand(process)
        assert read_process(child) is None
        usage = sampler.usage("server", start_s + 1e-9, time.monotonic())

    assert usage is not None
    assert 0.15 < usage.cpu_s < 0.35


def test_a_child_that_no_look_saw_counts() -> None:
    """CPU of a child that came and went between two looks is on its parent's account, and so is counted."""
    with running(
        f"import os, sys\n{ON_DEMAND}if os.fork() == 0: exec({WORK!r}); os._exit(0)\nos.wait()\n{DONE}"
    ) as process:
        sampler = Sampler()
        sampler.watch("server", lambda: process_tree([process.pid]))
        usage, _ = used_while(sampler, "server", lambda: demand(process))

    assert 0.15 < usage.cpu_s < 0.35


def test_a_party_that_died_keeps_what_was_counted() -> None:
    """A target that dies at once is no error for the sampler, and what it used until then is known."""
    with Sampler(interval_s=0.05) as sampler:
        with running(BUSY) as process:
            sampler.watch("server", lambda: [process.pid])
            start_s = sampler.sample()
            time.sleep(0.3)
        usage = sampler.usage("server", start_s, time.monotonic())
        later = sampler.usage("server", start_s, sampler.sample())

    assert usage is not None
    assert later is not None
    assert 0 < usage.cpu_s == pytest.approx(later.cpu_s)


def test_switches_are_those_of_the_kernel() -> None:
    """context_switches counts voluntary and involuntary ones."""
    with running("import time\nwhile True: time.sleep(0.001)") as process:
        sampler = Sampler()
        sampler.watch("server", lambda: [process.pid])
        before = kernel_switches(process.pid)
        usage, _ = used_while(sampler, "server", lambda: time.sleep(PHASE_S))
        after = kernel_switches(process.pid)

    assert usage.context_switches is not None
    assert usage.context_switches == pytest.approx(after - before, rel=0.1, abs=10)


def test_nothing_is_said_about_times_that_were_not_watched() -> None:
    """Unknown is None: no such party, before the first look, in the future, an empty or backward phase, no process."""
    with running(IDLE) as process:
        sampler = Sampler()
        before_s = sampler.sample()
        sampler.watch("server", lambda: [process.pid])
        sampler.watch("proxy", list)
        start_s, end_s = time.monotonic(), time.monotonic() + 0.001

        wait_until(lambda: time.monotonic() > end_s)
        assert sampler.usage("server", start_s, end_s) is not None
        assert sampler.usage("database", start_s, end_s) is None
        assert sampler.usage("proxy", start_s, end_s) is None
        assert sampler.usage("server", before_s, end_s) is None
        assert sampler.usage("server", start_s, end_s + 60) is None
        assert sampler.usage("server", end_s, end_s) is None
        assert sampler.usage("server", end_s, start_s) is None


def test_what_is_no_longer_watched_stays_known() -> None:
    """Unwatching takes a last look; a party of the same name begins anew."""
    with running(BUSY) as process:
        sampler = Sampler()
        sampler.watch("server", lambda: [process.pid])
        start_s = time.monotonic()
        time.sleep(0.1)
        end_s = time.monotonic()
        sampler.unwatch("server")
        usage = sampler.usage("server", start_s, end_s)
        sampler.watch("server", lambda: [process.pid])

        assert usage is not None
        assert usage.cpu_s > 0
        assert sampler.usage("server", start_s, end_s) is None


def test_looks_happen_by_themselves() -> None:
    """A running sampler knows what each party used lately."""
    with running(BUSY) as process, Sampler(interval_s=0.05) as sampler:
        sampler.watch("server", lambda: [process.pid])
        wait_until(lambda: "server" in sampler.latest())
        latest = sampler.latest()["server"]

    assert latest.threads == 1
    assert 0 <= latest.busiest <= 1


def test_a_failure_of_the_sampler_is_not_lost() -> None:
    """What goes wrong in the sampler's thread is raised where somebody asks, not swallowed."""
    answers = iter([[os.getpid()]])
    with Sampler(interval_s=0.02) as sampler:
        sampler.watch("server", lambda: next(answers))

        with pytest.raises(RuntimeError, match="sampler failed") as raised:
            wait_until(lambda: bool(sampler.latest()))

    assert isinstance(raised.value.__cause__, StopIteration)


def test_connections_in_a_query_are_asked_for_at_each_look() -> None:
    """Whoever knows is asked with the party that it belongs to, and no other party is said to have any."""
    with running(IDLE) as process, Sampler(interval_s=0.05) as sampler:
        sampler.watch("database", lambda: [process.pid], lambda: 7)
        sampler.watch("server", lambda: [process.pid])
        assert used_while(sampler, "database", lambda: time.sleep(0.2))[0].in_query == 7
        assert used_while(sampler, "server", lambda: time.sleep(0.2))[0].in_query is None


def test_looking_costs_little() -> None:
    """Three parties of three processes each take under 1 % of a core, at a look a second."""
    with ExitStack() as stack:
        processes = [stack.enter_context(running(IDLE)) for _ in range(9)]
        sampler = Sampler()
        for first in range(3):
            roots = [process.pid for process in processes[first::3]]
            sampler.watch(f"party {first}", lambda roots=roots: process_tree(roots))
        began_s = time.process_time()
        for _ in range(20):
            sampler.sample()

        assert (time.process_time() - began_s) / 20 < 0.01


def test_the_machine_is_looked_at_where_a_phase_begins_and_ends(tmp_path: Path) -> None:
    """Watching a party follows the machine, by a recorded tree here; before that nothing is known of it."""
    show_cores(tmp_path, {"idle": 100, "steal": 10})
    sampler = Sampler(machine=Machine(root=tmp_path))
    assert sampler.machine(time.monotonic() - 1, time.monotonic()) is None
    sampler.watch("server", lambda: [os.getpid()])
    start_s = sampler.sample()
    show_cores(tmp_path, {"idle": 100, "steal": 35})
    time.sleep(0.05)
    # The end is looked at where nobody has done so yet.
    found = sampler.machine(start_s + 1e-3, time.monotonic() - 1e-3)

    assert found is not None
    assert found.cores[0].stolen_s == pytest.approx(0.25, abs=0.1)
