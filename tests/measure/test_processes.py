"""Reading /proc: real processes, and trees as other kernels show them."""

import os
import subprocess
import sys
from pathlib import Path

from controller.measure.processes import process_tree, read_process


def test_a_process_reads_itself() -> None:
    """Its own CPU, memory and threads are there."""
    reading = read_process(os.getpid())

    assert reading is not None
    assert reading.cpu_ns > 0
    assert reading.rss_bytes > 1_000_000
    assert os.getpid() in reading.threads


def test_what_is_gone_is_none() -> None:
    """A process that ended and was waited for is no error."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()

    assert read_process(process.pid) is None
    assert process_tree([process.pid]) == []


def test_a_tree_holds_all_generations() -> None:
    """A process, its child and its grandchild, whichever thread forked them."""
    code = (
        "import os, threading, time\n"
        "def fork():\n if os.fork() == 0:\n  os.fork()\n  time.sleep(60)\n"
        "thread = threading.Thread(target=fork)\nthread.start(); thread.join()\nprint(flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        tree = process_tree([process.pid])
        for _ in range(1000):
            if len(tree) == 3:
                break
            tree = process_tree([process.pid])
        for pid in tree:
            os.kill(pid, 9)

    assert tree[0] == process.pid
    assert len(set(tree)) == 3


def recorded(root: Path, *, schedstat: str | None) -> Path:
    """Write a process as a kernel shows it, with a name that is hard to read."""
    task = root / "7/task/7"
    task.mkdir(parents=True)
    stat = "7 (a) b (c 1) S 1 7 7 0 -1 0 0 0 0 0 150 50 30 20 20 0 1 0 4711 1000000 25 0\n"
    (root / "7/stat").write_text(stat, encoding="utf-8")
    (task / "stat").write_text(stat, encoding="utf-8")
    if schedstat is not None:
        (task / "schedstat").write_text(schedstat, encoding="utf-8")
    return root


def test_a_recorded_tree_is_read_alike(tmp_path: Path) -> None:
    """The reader's root may be a copy of /proc; a name with spaces and parentheses shifts nothing."""
    reading = read_process(7, root=recorded(tmp_path, schedstat="2001000000 500 9\n"))
    tick_ns = 1_000_000_000 // os.sysconf("SC_CLK_TCK")

    assert reading is not None
    assert (reading.cpu_ns, reading.waited_ns) == (200 * tick_ns, 50 * tick_ns)
    assert reading.started == 4711
    assert reading.rss_bytes == 25 * os.sysconf("SC_PAGE_SIZE")
    assert reading.threads[7].cpu_ns == 2_001_000_000
    assert (reading.threads[7].delay_ns, reading.threads[7].switches) == (500, 9)


def test_a_kernel_without_schedstat_still_tells_cpu(tmp_path: Path) -> None:
    """Run delay is then not known; CPU of a thread is, in ticks."""
    reading = read_process(7, root=recorded(tmp_path, schedstat=None))

    assert reading is not None
    assert reading.threads[7].cpu_ns == reading.cpu_ns
    assert reading.threads[7].delay_ns == 0
