"""A generator that is a program of its own: run on its core to its end, with the CPU that the kernel says it used."""

import os
import subprocess
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from controller.errors import LoadError


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """What a program wrote, and the user and system time of its process."""

    text: str
    cpu_s: float


def run_to_its_end(argv: Sequence[str], *, cores: Collection[int]) -> Ended:
    """Run a program on these cores. Raises LoadError, with the end of what it wrote, where it fails."""
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
        raise LoadError(f"expected {argv[0]} to end with status 0, found {process.returncode}: {text.strip()[-400:]}")
    return Ended(text=text, cpu_s=usage.ru_utime + usage.ru_stime)
