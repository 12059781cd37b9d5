"""Cores that something else uses while a run is measured."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SPIN = "while True: pass"


@contextmanager
def busy_core(core: int, loops: int) -> Iterator[None]:
    """Keep a core busy with endless loops for the time of the block."""
    spinning = [subprocess.Popen([sys.executable, "-S", "-c", SPIN]) for _ in range(loops)]
    try:
        for process in spinning:
            os.sched_setaffinity(process.pid, {core})
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()
