"""How the kernel counts: whether time in interrupts is charged to the process that was interrupted."""

import gzip
import platform
from functools import cache
from pathlib import Path
from typing import Final

_APART: Final = "CONFIG_IRQ_TIME_ACCOUNTING=y"


@cache
def interrupts_charged(*, root: Path = Path("/")) -> bool | None:
    """Return whether interrupts are part of the CPU time of processes; None where the kernel's settings cannot be read.

    Raises nothing: a kernel says it in /proc/config.gz or a distribution in /boot, both may be missing.
    """
    for path in (root / "proc/config.gz", root / f"boot/config-{platform.release()}"):
        try:
            content = path.read_bytes()
            text = gzip.decompress(content) if path.suffix == ".gz" else content
        except (OSError, EOFError):
            continue
        return _APART.encode() not in text.splitlines()
    return None
