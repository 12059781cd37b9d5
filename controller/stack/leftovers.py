"""What a crashed run left on this machine: found by its label, ended, and nothing else touched."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL, SIGTERM

from controller.stack.keeper import signal_all
from controller.stack.procfs import all_pids, is_same_process, process_state
from controller.stack.supervisor import CONTROLLER_VARIABLE, LABEL_VARIABLE

_KILL_AFTER_S = 3.0
# Supervisors and keepers are killed last: they see processes that carry no label any more.
_KILL_KEEPERS_AFTER_S = 5.0
_GIVE_UP_AFTER_S = 8.0
_POLL_EVERY_S = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """A process with a run's label. controller is the process the run belongs to, None where only that one knows."""

    pid: int
    name: str
    label: str
    started_ticks: int
    controller: str | None

    def __str__(self) -> str:
        return f"{self.name} (pid {self.pid}) of {self.label}"

    @property
    def alive(self) -> bool:
        """Whether it is still there, and not another process with its id."""
        return is_same_process(self.pid, self.started_ticks)


def labelled_processes() -> list[Leftover]:
    """Return all processes of this user with a run's label, but this one and those it came from."""
    spared = set(_lineage(os.getpid()))
    found = (_leftover(pid) for pid in all_pids() if pid not in spared)
    return [leftover for leftover in found if leftover]


def living_runs() -> dict[str, int]:
    """Return the labels whose controller is alive, each with that controller's process id."""
    return _living(labelled_processes())


def down(*, force: bool = False, label: str | None = None) -> list[Leftover]:
    """End what crashed runs left, with SIGTERM and after 3 s with SIGKILL, and return what was ended.

    Runs whose controller is alive are left alone (living_runs says which) unless force is given; with a label
    only that run is looked at.
    """
    found = [leftover for leftover in labelled_processes() if label in (None, leftover.label)]
    living = {} if force else _living(found)
    ours = [leftover for leftover in found if leftover.label not in living]
    _end(ours)
    return [leftover for leftover in ours if not leftover.alive]


def _end(leftovers: list[Leftover]) -> None:
    started_s = time.monotonic()
    _signal(leftovers, SIGTERM)
    while living := [leftover for leftover in leftovers if leftover.alive]:
        waited_s = time.monotonic() - started_s
        if waited_s > _KILL_AFTER_S:
            _signal([leftover for leftover in living if leftover.controller is None], SIGKILL)
        if waited_s > _KILL_KEEPERS_AFTER_S:
            _signal(living, SIGKILL)
        if waited_s > _GIVE_UP_AFTER_S:
            return
        time.sleep(_POLL_EVERY_S)


def _signal(leftovers: list[Leftover], number: int) -> None:
    signal_all([leftover.pid for leftover in leftovers if leftover.alive], number)


def _living(leftovers: list[Leftover]) -> dict[str, int]:
    living = {}
    for leftover in leftovers:
        if leftover.controller:
            pid, _, started_ticks = leftover.controller.partition(":")
            if is_same_process(int(pid), int(started_ticks)):
                living[leftover.label] = int(pid)
    return living


def _leftover(pid: int) -> Leftover | None:
    """Return a process as a leftover; None when it carries no label, is another user's, or is gone."""
    try:
        if Path(f"/proc/{pid}").stat().st_uid != os.geteuid():
            return None
        environment = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        # Gone by now, or closed to us, as programs with more rights than we have are.
        return None
    variables = dict(part.partition("=")[::2] for part in os.fsdecode(environment).split("\0"))
    state = process_state(pid)
    if LABEL_VARIABLE not in variables or state is None or state.state in "ZX":
        return None
    return Leftover(
        pid=pid,
        name=state.name,
        label=variables[LABEL_VARIABLE],
        started_ticks=state.started_ticks,
        controller=variables.get(CONTROLLER_VARIABLE),
    )


def _lineage(pid: int) -> Iterator[int]:
    """Yield a process, its parent and so on."""
    while pid and (state := process_state(pid)):
        yield pid
        pid = state.parent
