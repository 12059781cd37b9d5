"""The process above each launched program: it starts it, tells how it ended, and ends all that came of it.

A keeper is forked from the supervisor. Being a child subreaper, it inherits whatever its program leaves behind,
forked twice or not; so the tree is gone exactly when the keeper has no child left.
"""

import ctypes
import json
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NoReturn

from controller.stack.procfs import descendants

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_LIBC = ctypes.CDLL(None, use_errno=True)

# Between the last SIGTERM and SIGKILL: when asked to stop, and when nobody is left to ask.
_AFTER_GRACE_S = 1.0
HASTY_S = 3.0
# Processes that even SIGKILL does not end (in uninterruptible sleep, of another user) are given up after this.
_GIVE_UP_S = 10.0


def become_subreaper() -> None:
    """Make this process the parent of every orphan among its descendants."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def _prctl(option: int, value: int) -> None:
    if _LIBC.prctl(option, value, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), f"prctl({option}, {value}): {os.strerror(ctypes.get_errno())}")


def _die_with_parent(parent: int) -> None:
    """Get SIGTERM when the parent ends; end here when it is gone already."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        os._exit(1)


def signal_all(pids: list[int], number: int) -> None:
    """Send a signal to each process; those that are gone, or are not ours to end, are passed over."""
    for pid in pids:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            continue


def wake_on(*numbers: int) -> int:
    """Return a descriptor that gets a byte for each of these signals, none of which acts in any other way."""
    read_end, write_end = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    for number in numbers:
        signal.signal(number, lambda _number, _frame: None)
    return read_end


def drain(descriptor: int) -> bytes:
    """Return what waits in a non-blocking pipe: for one of wake_on, the numbers of the signals."""
    try:
        return os.read(descriptor, 4096)
    except BlockingIOError:
        return b""


def keep(spec: Mapping[str, Any], *, line: socket.socket, supervisor: int) -> NoReturn:
    """Be the keeper of one program, as described by a launch request, until nothing of it is left."""
    become_subreaper()
    _die_with_parent(supervisor)
    signals = wake_on(signal.SIGTERM, signal.SIGCHLD)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])
    try:
        program = _start(spec)
    except OSError as error:
        _report(line, {"errno": error.errno or 0, "error": str(error.strerror), "at": error.filename})
        os._exit(1)
    _report(line, {"pid": program, "started_s": time.monotonic()})
    _Keeping(program, line=line, signals=signals).until_empty()
    os._exit(0)


class _Keeping:
    """The life of one program's tree: which deadlines hold once it has to end."""

    def __init__(self, program: int, *, line: socket.socket, signals: int) -> None:
        self._program = program
        self._line = line
        self._signals = signals
        self._running = True
        self._listening = True
        self._term_at: float | None = None
        self._kill_at: float | None = None

    def until_empty(self) -> None:
        """Reap, obey and end, until no descendant is left."""
        while self._reap():
            waiting = [self._signals] + ([self._line.fileno()] if self._listening else [])
            ready, _, _ = select.select(waiting, [], [], self._patience_s())
            if self._signals in ready and signal.SIGTERM in drain(self._signals):
                self._hasten()
            if self._line.fileno() in ready:
                self._obey(_received(self._line))
            if self._kill_at is not None and self._press_on(time.monotonic()):
                return

    def _reap(self) -> bool:
        """Collect everything that ended; False once there is no child, and so no descendant, any more."""
        try:
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if pid == 0:
                    return True
                if pid == self._program:
                    self._running = False
                    _report(self._line, {"exited": os.waitstatus_to_exitcode(status)})
        except ChildProcessError:
            return False

    def _patience_s(self) -> float | None:
        """How long nothing has to be done, in seconds; None for as long as nobody asks."""
        return None if self._kill_at is None else 0.02

    def _obey(self, order: bytes) -> None:
        """Stop with the grace in seconds that was sent, or hastily when the supervisor is gone."""
        if not order:
            self._listening = False
            self._hasten()
        elif self._kill_at is None:
            grace_s = float(json.loads(order.splitlines()[0])["grace_s"])
            self._term_at = time.monotonic() + grace_s
            self._kill_at = self._term_at + _AFTER_GRACE_S
            if self._running:
                signal_all([self._program], signal.SIGTERM)

    def _hasten(self) -> None:
        """Ask everything to end at once, and see to it soon."""
        now = time.monotonic()
        self._term_at = now
        self._kill_at = min(self._kill_at or now + HASTY_S, now + HASTY_S)

    def _press_on(self, now: float) -> bool:
        """Send the signal whose time has come; True when even SIGKILL has not helped for long."""
        # Without its main process the rest has nobody left who could ask it to end.
        if self._term_at is not None and (now >= self._term_at or not self._running):
            self._term_at = None
            signal_all(descendants(os.getpid()), signal.SIGTERM)
        if self._kill_at is not None and now >= self._kill_at:
            signal_all(descendants(os.getpid()), signal.SIGKILL)
            return now >= self._kill_at + _GIVE_UP_S
        return False


def _received(line: socket.socket) -> bytes:
    try:
        return line.recv(4096)
    except ConnectionResetError:
        # The supervisor was killed before it had read everything: an end of file like any other.
        return b""


def _report(line: socket.socket, message: Mapping[str, Any]) -> None:
    try:
        line.sendall(json.dumps(message).encode() + b"\n")
    except (BrokenPipeError, ConnectionResetError):
        # The supervisor is gone and nobody is left to read this; the end of file says so too.
        return


def _start(spec: Mapping[str, Any]) -> int:
    """Fork and execute the program; return its id once that succeeded, raise its OSError otherwise."""
    keeper = os.getpid()
    read_end, write_end = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if pid == 0:
        _become(spec, keeper=keeper, errors=write_end)
    os.close(write_end)
    with os.fdopen(read_end, encoding="utf-8") as errors:
        # Executing closes the other end: silence means success.
        told = errors.read()
    if told:
        os.waitpid(pid, 0)
        raise OSError(*json.loads(told))
    return pid


def _become(spec: Mapping[str, Any], *, keeper: int, errors: int) -> NoReturn:
    """In the new process: set up what was asked for and execute the program, or tell why not."""
    doing, number, reason = "", 0, "an unexpected failure, see the supervisor's log"
    try:
        os.setsid()
        _die_with_parent(keeper)
        for step, act in _steps(spec):
            doing = step
            act()
    except OSError as error:
        number, reason = error.errno or 0, error.strerror or str(error)
    except ValueError as error:
        reason = str(error)
    finally:
        # Reached only without a program to execute, and then it has to be told: silence would mean success.
        os.write(errors, json.dumps([number, reason, doing]).encode())
        os._exit(127)


def _steps(spec: Mapping[str, Any]) -> list[tuple[str, Callable[[], object]]]:
    """What a new process does on its way to the program, with the name under which a failure is told."""
    argv, env = spec["argv"], spec["env"]
    return [
        ("log", lambda: _redirect(Path(spec["log"]))),
        ("cwd", lambda: os.chdir(spec["cwd"])),
        ("cpus", lambda: os.sched_setaffinity(0, spec["cpus"]) if spec["cpus"] else None),
        ("signals", _reset_signals),
        ("argv", lambda: os.execvpe(argv[0], argv, env)),
    ]


def _redirect(log: Path) -> None:
    """Read nothing, write both streams to the end of the log, and hold no other descriptor open."""
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(output, 1)
    os.dup2(output, 2)


def _reset_signals() -> None:
    """Let every signal act as in a program started from a shell: Python ignores some, the supervisor others."""
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
