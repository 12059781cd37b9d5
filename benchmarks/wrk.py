"""wrk, the generator in C that the others are measured against."""

import os
import re
import subprocess
from collections.abc import Collection
from typing import Final

from benchmarks.samples import Spent
from controller.errors import LoadError

_SUMMARY: Final = re.compile(r"^\s*(\d+) requests in ", re.MULTILINE)
_WRONG: Final = re.compile(r"^\s*(Socket errors: .*|Non-2xx or 3xx responses: .*)$", re.MULTILINE)


def run_wrk(url: str, *, connections: int, seconds: int, cores: Collection[int]) -> Spent:
    """Let wrk ask a URL over so many connections from one thread on these cores.

    Raises LoadError where it fails or was answered anything but 2xx.
    """
    argv = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", url]
    # Affinity is inherited, so it is set on this thread around the start.
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    finally:
        os.sched_setaffinity(0, before)
    try:
        assert process.stdout is not None
        text = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    finally:
        if process.returncode is None:
            process.kill()
            process.wait()
    if process.returncode:
        raise LoadError(f"expected wrk to end with status 0, found {process.returncode}: {text.strip()[-400:]}")
    return Spent(requests=requests_in(text), cpu_s=usage.ru_utime + usage.ru_stime, seconds=float(seconds))


def requests_in(summary: str) -> int:
    """Return the requests of wrk's summary. Raises LoadError where it has none, or answers that were wrong."""
    if wrong := _WRONG.search(summary):
        raise LoadError(f"expected right answers alone, found in wrk's summary: {wrong[1]}")
    if (found := _SUMMARY.search(summary)) is None:
        raise LoadError(f"expected 'N requests in' in wrk's summary, found: {summary.strip()[-400:]!r}")
    return int(found[1])
