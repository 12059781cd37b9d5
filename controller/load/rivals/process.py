"""A generator that is a program of its own: run on its core to its end, with the CPU that the kernel says it used."""

import os
import select
import subprocess
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, Final

from controller.errors import LoadError
from controller.measure.spent import Spent, Taken

# What a program may take beyond the time it was told: k6 alone waits up to 30 s for its last answers.
_BEYOND_S: Final = 60.0
_LAST_CHARACTERS: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """One URL asked in a closed loop over so many connections, each with so many streams (HTTP/2).

    seconds are whole, since wrk knows no others. The program runs on these cores; watch hears its process id at once.
    """

    url: str
    connections: int
    seconds: int
    cores: Collection[int]
    streams: int = 1
    http: str = "1.1"
    watch: Callable[[int], object] = lambda _pid: None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a program tells of itself in its summary: right answers, seconds of wall time, latencies where it has any.

    The seconds are its own: wrk looks at its clock ten times a second, and its last answers may come that much late.
    """

    requests: int
    seconds: float
    p50_ms: float | None = None
    p99_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What a program wrote, the user and system time of its process, and when that ran, by time.monotonic()."""

    text: str
    cpu_s: float
    from_s: float
    until_s: float

    def taken(self, told: Told) -> Taken:
        """Return what it told together with what the kernel told of it. Raises LoadError where it did nothing."""
        spent = Spent(
            requests=told.requests, cpu_s=self.cpu_s, seconds=told.seconds, p50_ms=told.p50_ms, p99_ms=told.p99_ms
        )
        return Taken(spent=spent, from_s=self.from_s, until_s=self.until_s)


@contextmanager
def rival_folder() -> Iterator[Path]:
    """Yield a folder of its own for one run of a program, which is its working folder and its home."""
    with tempfile.TemporaryDirectory(prefix="fastserve-rival-") as folder:
        yield Path(folder)


def run_to_its_end(argv: Sequence[str], burst: Burst, *, folder: Path) -> Ended:
    """Run a program on the cores of a burst. Raises LoadError, with the end of what it wrote, where it fails.

    One that does not end is killed a minute after its time.
    """
    said = folder / "said.txt"
    from_s = time.monotonic()
    with said.open("wb") as output:
        process = _started(argv, burst, folder=folder, output=output)
    try:
        burst.watch(process.pid)
        cpu_s = _cpu_at_its_end(process, within_s=burst.seconds + _BEYOND_S)
        until_s = time.monotonic()
    finally:
        if process.returncode is None:
            process.kill()
            process.wait()
    text = said.read_text(encoding="utf-8", errors="replace")
    if cpu_s is None:
        raise LoadError(f"expected {argv[0]} to end {_BEYOND_S:g} s after its time, found it running: {last(text)}")
    if process.returncode:
        raise LoadError(f"expected {argv[0]} to end with status 0, found {process.returncode}: {last(text)}")
    return Ended(text=text, cpu_s=cpu_s, from_s=from_s, until_s=until_s)


def last(text: str) -> str:
    """Return the end of what a program wrote, in one line."""
    return " ".join(text.split())[-_LAST_CHARACTERS:]


def _started(argv: Sequence[str], burst: Burst, *, folder: Path, output: IO[bytes]) -> "subprocess.Popen[bytes]":
    # Settings of its user are none of the load's: no K6_VUS, no file in HOME.
    env = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(folder), "LANG": "C.UTF-8"}
    # Affinity is inherited, so it is set on this thread around the start.
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, burst.cores)
    try:
        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=env,
            # Ctrl-C is for us: what it cuts short is no measurement.
            start_new_session=True,
        )
    finally:
        os.sched_setaffinity(0, before)


def _cpu_at_its_end(process: "subprocess.Popen[Any]", *, within_s: float) -> float | None:
    """Wait for a process and return the CPU seconds it used; None where it does not end in time."""
    descriptor = os.pidfd_open(process.pid)
    try:
        ready, _, _ = select.select([descriptor], [], [], within_s)
    finally:
        os.close(descriptor)
    if not ready:
        return None
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime
