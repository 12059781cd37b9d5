"""The supervisor as a process of its own: `python -m controller.stack.supervisor_process SOCKET LOCK`.

It starts a keeper for each program, and outlives the controller only as long as it takes to end them all.
Only the standard library is imported here: starting it takes as long as starting Python.
"""

import json
import os
import resource
import select
import signal
import socket
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from controller.stack.keeper import HASTY_S, become_subreaper, drain, keep, signal_all, wake_on
from controller.stack.procfs import children_of, descendants, process_state

# How long a keeper may take to tell that its program runs, and all of them to end.
_START_WITHIN_S = 10.0
_KEEPERS_WITHIN_S = HASTY_S + 0.5
_GIVE_UP_S = 10.0
_KEEPER_SIGNALS = {signal.SIGTERM, signal.SIGCHLD}


@dataclass(slots=True, kw_only=True)
class _Kept:
    """A keeper as the supervisor sees it, until it is gone and its whole tree with it; deaf: its line is closed."""

    line: socket.socket
    status: int | None = None
    deaf: bool = False
    unread: bytes = field(default=b"")


def main(arguments: list[str]) -> int:
    """Serve the controller at the other end of the socket until it is gone."""
    become_subreaper()
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    for descriptor in map(int, arguments):
        os.set_inheritable(descriptor, False)
    _raise_open_files()
    with socket.socket(fileno=int(arguments[0])) as controller:
        _Supervising(controller).until_left()
    return 0


def _raise_open_files() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class _Supervising:
    """All keepers of one run, by process id, and the line to the controller."""

    def __init__(self, controller: socket.socket) -> None:
        self._controller = controller
        self._kept: dict[int, _Kept] = {}
        # What the main processes of those that are gone have ended with.
        self._ended: dict[int, int | None] = {}
        self._signals = wake_on(*_KEEPER_SIGNALS)
        self._unread = b""

    def until_left(self) -> None:
        """Answer requests until the controller closes its end or SIGTERM comes; then end everything."""
        while True:
            controller = self._controller.fileno()
            lines = {kept.line.fileno(): kept for kept in self._kept.values() if not kept.deaf}
            ready, _, _ = select.select([controller, self._signals, *lines], [], [])
            if self._signals in ready and signal.SIGTERM in drain(self._signals):
                break
            for descriptor in lines.keys() & set(ready):
                _read_reports(lines[descriptor])
            self._reap()
            if controller in ready and not self._answer_all():
                break
        self._end_all()

    def _answer_all(self) -> bool:
        """Answer every whole line that arrived; False at end of file."""
        try:
            received = self._controller.recv(1 << 16)
        except ConnectionResetError:
            return False
        *requests, self._unread = (self._unread + received).split(b"\n")
        for line in requests:
            request = json.loads(line)
            answer = {"id": request["id"], **self._answer(request)}
            try:
                self._controller.sendall(json.dumps(answer).encode() + b"\n")
            except (BrokenPipeError, ConnectionResetError):
                return False
        return bool(received)

    def _answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        if request["do"] == "launch":
            return self._launch(request)
        keeper = request["keeper"]
        if keeper in self._ended:
            return {"status": self._ended[keeper], "gone": True}
        kept = self._kept[keeper]
        if request["do"] == "stop" and not kept.deaf:
            _order(kept, request["grace_s"])
        return {"status": kept.status, "gone": False}

    def _launch(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Fork a keeper and return what it tells: the program's id, or why it could not be started."""
        line, other = socket.socketpair()
        with other:
            try:
                keeper = self._fork_keeper(request, line=line, other=other)
            except OSError as error:
                line.close()
                return {"errno": error.errno, "error": f"no process could be made ({error.strerror})", "at": ""}
        self._ended.pop(keeper, None)
        self._kept[keeper] = kept = _Kept(line=line)
        report = _first_report(kept)
        if "pid" not in report:
            signal_all([keeper], signal.SIGTERM)
        state = process_state(keeper)
        return {"keeper": keeper, "keeper_ticks": state.started_ticks if state else 0, **report}

    def _fork_keeper(self, request: Mapping[str, Any], *, line: socket.socket, other: socket.socket) -> int:
        supervisor = os.getpid()
        # Until the keeper has its own handlers, a signal must wait and not be taken by ours.
        signal.pthread_sigmask(signal.SIG_BLOCK, _KEEPER_SIGNALS)
        try:
            keeper = os.fork()
            if keeper == 0:
                self._let_go()
                line.close()
                keep(request, line=other, supervisor=supervisor)
            return keeper
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _KEEPER_SIGNALS)

    def _let_go(self) -> None:
        """In a keeper: close what is the supervisor's, so that an end of file means what it says."""
        self._controller.close()
        for kept in self._kept.values():
            kept.line.close()

    def _reap(self) -> None:
        """Note which keepers are gone; nothing of theirs is left unless somebody killed them."""
        while (pid := _ended_child()) > 0:
            if kept := self._kept.pop(pid, None):
                _read_reports(kept)
                kept.line.close()
                self._ended[pid] = kept.status
        for orphan in children_of(os.getpid()):
            if orphan not in self._kept:
                signal_all([orphan, *descendants(orphan)], signal.SIGKILL)

    def _end_all(self) -> None:
        """Have the keepers end their trees, and end what is left by force."""
        started_s = time.monotonic()
        signal_all(children_of(os.getpid()), signal.SIGTERM)
        while _ended_child() >= 0:
            waited_s = time.monotonic() - started_s
            if waited_s > _KEEPERS_WITHIN_S:
                signal_all(descendants(os.getpid()), signal.SIGKILL)
            if waited_s > _KEEPERS_WITHIN_S + _GIVE_UP_S:
                return
            time.sleep(0.01)


def _ended_child() -> int:
    """Reap a child that ended and return its id; 0 when none has, -1 when there is no child at all."""
    try:
        return os.waitpid(-1, os.WNOHANG)[0]
    except ChildProcessError:
        return -1


def _first_report(kept: _Kept) -> dict[str, Any]:
    """Wait for what a new keeper tells first."""
    kept.line.settimeout(_START_WITHIN_S)
    try:
        while b"\n" not in kept.unread:
            if not (received := kept.line.recv(4096)):
                return {"errno": 0, "error": "its keeper ended unexpectedly", "at": ""}
            kept.unread += received
    except TimeoutError:
        return {"errno": 0, "error": f"was not executed within {_START_WITHIN_S:.0f} s", "at": ""}
    first, _, kept.unread = kept.unread.partition(b"\n")
    report: dict[str, Any] = json.loads(first)
    return report


def _read_reports(kept: _Kept) -> None:
    """Take what a keeper has told since; close its line at the end of file."""
    while not kept.deaf and (received := _received(kept.line)) is not None:
        kept.unread += received
        if not received:
            kept.line.close()
            kept.deaf = True
    *reports, kept.unread = kept.unread.split(b"\n")
    for report in reports:
        kept.status = json.loads(report)["exited"]


def _order(kept: _Kept, grace_s: float) -> None:
    """Have a keeper end its tree."""
    try:
        kept.line.sendall(json.dumps({"grace_s": grace_s}).encode() + b"\n")
    except (BrokenPipeError, ConnectionResetError):
        # It ended by itself a moment ago, which the next answer will say.
        return


def _received(line: socket.socket) -> bytes | None:
    """Return what has arrived; empty at end of file, None when nothing has."""
    line.setblocking(False)
    try:
        return line.recv(4096)
    except BlockingIOError:
        return None
    except ConnectionResetError:
        return b""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
