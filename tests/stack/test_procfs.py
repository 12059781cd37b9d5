"""Processes as /proc shows them."""

import os
import subprocess
import sys

from controller.stack.procfs import children_by_scan, children_of, descendants, is_alive, is_same_process, process_state
from tests.stack.programs import python

PARENT = """
import subprocess, sys
children = [subprocess.Popen(["sleep", "600"]) for _ in range(2)]
print("up", flush=True)
sys.stdin.read()
for child in children:
    child.kill()
"""


def test_children_are_found_with_and_without_the_kernels_list() -> None:
    """Both ways of looking find the same processes, parents before their children."""
    with subprocess.Popen(python(PARENT), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        by_list, by_scan = children_of(process.pid), children_by_scan()(process.pid)
        below = descendants(os.getpid())
        process.kill()
        for pid in by_list:
            os.kill(pid, 9)

    assert len(by_list) == 2
    assert sorted(by_list) == sorted(by_scan)
    assert set(below) >= {process.pid, *by_list}
    assert below.index(process.pid) < min(map(below.index, by_list))


def test_a_process_that_waits_to_be_reaped_is_not_alive() -> None:
    """Nor is one that never was; the name may hold anything."""
    process = subprocess.Popen([sys.executable, "-S", "-c", "open('/proc/self/comm', 'w').write(') R 1 (')"])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    state = process_state(process.pid)
    zombie = is_alive(process.pid)
    process.wait()

    assert state is not None
    assert (state.name, state.state, state.parent) == (") R 1 (", "Z", os.getpid())
    assert not zombie
    assert process_state(process.pid) is None
    assert children_of(process.pid) == []
    assert not is_same_process(os.getpid(), 1)
