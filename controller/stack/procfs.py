"""What /proc says about processes, read without any package so that the supervisor can use it too."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessState:
    """One line of /proc/PID/stat: name, state letter, parent, and start in clock ticks since boot."""

    name: str
    state: str
    parent: int
    started_ticks: int


def process_state(pid: int) -> ProcessState | None:
    """Return what a process is; None when there is none with this id."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name stands in brackets and may itself hold brackets and spaces.
    head, _, tail = text.rpartition(")")
    fields = tail.split()
    return ProcessState(
        name=head.partition("(")[2], state=fields[0], parent=int(fields[1]), started_ticks=int(fields[19])
    )


def is_alive(pid: int) -> bool:
    """Return whether a process runs; one that only waits to be reaped does not."""
    state = process_state(pid)
    return state is not None and state.state not in "ZX"


def is_same_process(pid: int, started_ticks: int) -> bool:
    """Return whether the process that was started then still runs: ids are given to others later."""
    state = process_state(pid)
    return state is not None and state.started_ticks == started_ticks and state.state not in "ZX"


def all_pids() -> list[int]:
    """Return the ids of all processes that can be seen."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def descendants(pid: int) -> list[int]:
    """Return children, their children and so on, parents first, without the process itself."""
    children = children_of if _KERNEL_LISTS_CHILDREN else children_by_scan()
    found: list[int] = []
    waiting = [pid]
    while waiting:
        below = [child for child in children(waiting.pop()) if child not in found]
        found += below
        waiting += below
    return found


# Debian's kernels do; one built without CONFIG_PROC_CHILDREN does not.
_KERNEL_LISTS_CHILDREN = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").exists()


def children_of(pid: int) -> list[int]:
    """Return the children of all threads of a process; none when it is gone."""
    if not _KERNEL_LISTS_CHILDREN:
        return children_by_scan()(pid)
    found: list[int] = []
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            text = Path(f"/proc/{pid}/task/{task}/children").read_text(encoding="ascii")
            found += map(int, text.split())
    except (FileNotFoundError, ProcessLookupError):
        # It ended while it was looked at: what it had started belongs to somebody else by now.
        return found
    return found


def children_by_scan() -> Callable[[int], list[int]]:
    """Return the same look-up from the parents of all processes, for kernels that keep no list of children."""
    below: dict[int, list[int]] = {}
    for pid in all_pids():
        if state := process_state(pid):
            below.setdefault(state.parent, []).append(pid)
    return lambda pid: below.get(pid, [])
