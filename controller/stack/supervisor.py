"""The controller's side of the supervisor: one process per run, below which everything is started.

Whatever happens to the controller, the supervisor sees its end of the line close and ends all it has started.
"""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL
from typing import Any

from controller.errors import StackError
from controller.stack.launch_errors import launch_problem
from controller.stack.log_tail import last_lines
from controller.stack.procfs import descendants, is_alive, is_same_process, process_state

LABEL_VARIABLE = "FASTSERVE_RUN"
# Only supervisor and keepers have it: the controller's process id and its start, to tell a live run from a dead one.
CONTROLLER_VARIABLE = "FASTSERVE_CONTROLLER"

# Above the 10 s in which the supervisor itself gives up on a program that does not start.
_ANSWER_WITHIN_S = 15.0
_POLL_EVERY_S = 0.01
# What SIGTERM and SIGKILL may take beyond the grace before we say that a process cannot be ended.
_BEYOND_GRACE_S = 15.0
_LEAVE_WITHIN_S = 15.0
_PACKAGE_ROOT = Path(__file__).resolve().parents[2]


class SupervisorLostError(StackError):
    """The supervisor itself is gone: nothing can be started any more, and no target is to blame."""


class Supervisor:
    """The line to the supervisor process; may be used by several threads at once, and never waits for ever."""

    def __init__(self, *, line: socket.socket, label: str, log: Path) -> None:
        self._line = line
        self._label = label
        self._log = log
        self._lock = threading.Lock()
        self._asked = 0
        self._unread = b""
        self._keepers: dict[int, int] = {}

    @property
    def label(self) -> str:
        """What every process of this run carries in FASTSERVE_RUN."""
        return self._label

    def launch(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path,
        cpus: Collection[int] | None = None,
        log: Path,
    ) -> "Launched":
        """Start a program with exactly this environment (and the run's label) and return once it is executing.

        cpus are the cores it may use, None for all; its output is appended to log.
        Raises StackError when it cannot be executed.
        """
        labelled = {**env, LABEL_VARIABLE: self._label}
        answer = self.ask(
            {
                "do": "launch",
                "argv": list(argv),
                "env": labelled,
                "cwd": str(cwd),
                "cpus": sorted(cpus or ()),
                "log": str(log),
            }
        )
        if "pid" not in answer:
            raise StackError(launch_problem(name, argv, answer=answer, cwd=cwd, cpus=cpus, log=log))
        keeper = answer["keeper"]
        self._keepers[keeper] = answer["keeper_ticks"]
        return Launched(
            name=name,
            pid=answer["pid"],
            log=log,
            started_s=answer["started_s"],
            supervisor=self,
            keeper=keeper,
            keeper_ticks=answer["keeper_ticks"],
        )

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Send one request and return its answer. Raises SupervisorLostError when the supervisor does not give one."""
        with self._lock:
            self._asked += 1
            message = json.dumps({"id": self._asked, **request}).encode() + b"\n"
            try:
                self._line.settimeout(_ANSWER_WITHIN_S)
                self._line.sendall(message)
                return self._answer(self._asked, until_s=time.monotonic() + _ANSWER_WITHIN_S)
            except OSError as error:
                raise SupervisorLostError(
                    f"expected the supervisor of this run to answer, found: {error}; "
                    f"what it started is being ended, see {self._log}"
                ) from error

    def _answer(self, number: int, *, until_s: float) -> dict[str, Any]:
        while True:
            line, newline, rest = self._unread.partition(b"\n")
            if newline:
                self._unread = rest
                answer: dict[str, Any] = json.loads(line)
                # An older one belongs to a request that was interrupted while it waited.
                if answer["id"] == number:
                    return answer
                continue
            self._line.settimeout(max(0.001, until_s - time.monotonic()))
            if not (received := self._line.recv(1 << 16)):
                raise ConnectionError("it has ended")
            self._unread += received

    def living_keepers(self) -> list[int]:
        """Return the keepers that are still there: none once everything has been ended."""
        return [pid for pid, ticks in self._keepers.items() if is_same_process(pid, ticks)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Launched:
    """A program that was started; started_s is when it was executed, in time.monotonic seconds."""

    name: str
    pid: int
    log: Path
    started_s: float
    supervisor: Supervisor
    keeper: int
    keeper_ticks: int

    def poll(self) -> int | None:
        """Return the exit status of the main process, negative for a signal; None while it runs."""
        answer = self.supervisor.ask({"do": "poll", "keeper": self.keeper})
        if answer["gone"] and answer["status"] is None:
            # Only a keeper that was itself killed says nothing; the supervisor then kills what it kept.
            return -SIGKILL
        status: int | None = answer["status"]
        return status

    def family(self) -> list[int]:
        """Return the ids of all living processes that came of this program; empty once it has ended."""
        if not is_same_process(self.keeper, self.keeper_ticks):
            return []
        return [pid for pid in descendants(self.keeper) if is_alive(pid)]

    def stop(self, grace_s: float = 5.0) -> None:
        """End the program and all that came of it: SIGTERM, and what is left after grace_s is killed.

        Returns when nothing is left. Raises StackError for processes that cannot be ended.
        """
        request = {"do": "stop", "keeper": self.keeper, "grace_s": grace_s}
        until_s = time.monotonic() + grace_s + _BEYOND_GRACE_S
        while not self.supervisor.ask(request)["gone"]:
            request = {"do": "poll", "keeper": self.keeper}
            if time.monotonic() > until_s:
                raise StackError(f"{self.name}: expected all its processes to end, found {self.family()} still there")
            time.sleep(_POLL_EVERY_S)

    def tail(self, lines: int = 8) -> str:
        """Return the last lines of its log; empty when it has written nothing."""
        return last_lines(self.log, lines=lines)


@contextmanager
def supervise(*, label: str, logs: Path, lock_fd: int | None = None) -> Iterator[Supervisor]:
    """Run a supervisor process for the time of the block, and end all that was started below it with the block.

    label goes into FASTSERVE_RUN of everything; logs is a folder that exists. The supervisor and its keepers hold
    lock_fd open, so a lock on it lasts until the last process is gone, even when this process is killed.
    """
    ours, theirs = socket.socketpair()
    log = logs / "supervisor.log"
    process = _spawn(theirs, label=label, log=log, lock_fd=lock_fd)
    theirs.close()
    supervisor = Supervisor(line=ours, label=label, log=log)
    try:
        yield supervisor
    finally:
        ours.close()
        _wait_for_all(process, supervisor)


def _spawn(line: socket.socket, *, label: str, log: Path, lock_fd: int | None) -> "subprocess.Popen[bytes]":
    """Start the supervisor process in a session of its own, so that Ctrl-C in the terminal does not reach it."""
    descriptors = [line.fileno()] + ([] if lock_fd is None else [lock_fd])
    # -P and -S: nothing in the current folder or in site-packages can take the place of what it imports.
    module = ["-P", "-S", "-m", "controller.stack.supervisor_process"]
    try:
        with log.open("ab") as output:
            return subprocess.Popen(
                [sys.executable, *module, *map(str, descriptors)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                env={"PYTHONPATH": str(_PACKAGE_ROOT), LABEL_VARIABLE: label, CONTROLLER_VARIABLE: _this_process()},
                pass_fds=descriptors,
                start_new_session=True,
            )
    except OSError as error:
        raise StackError(f"expected to start a supervisor process logging to {log}, found: {error}") from error


def _this_process() -> str:
    state = process_state(os.getpid())
    return f"{os.getpid()}:{state.started_ticks if state else 0}"


def _wait_for_all(process: "subprocess.Popen[bytes]", supervisor: Supervisor) -> None:
    """Wait until the supervisor has ended everything; when it cannot, its keepers do so without it."""
    try:
        process.wait(_LEAVE_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(_LEAVE_WITHIN_S)
    until_s = time.monotonic() + _LEAVE_WITHIN_S
    while left := supervisor.living_keepers():
        if time.monotonic() > until_s:
            raise StackError(f"expected everything of this run to end, found keepers {left}: fastserve down ends them")
        time.sleep(_POLL_EVERY_S)
