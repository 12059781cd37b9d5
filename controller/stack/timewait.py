"""Closed connections that the kernel still remembers: left over from one trial, they would slow the next."""

import time
from pathlib import Path

FEW = 1_000
# The kernel forgets each after 60 s.
_FORGOTTEN_AFTER_S = 65.0
_POLL_EVERY_S = 0.2


def time_wait_sockets() -> int:
    """Return how many TCP sockets of this machine (this network namespace) are in TIME_WAIT."""
    for line in Path("/proc/net/sockstat").read_text(encoding="ascii").splitlines():
        words = line.split()
        if words[0] == "TCP:":
            return int(words[words.index("tw") + 1])
    return 0


def drain_time_wait(*, below: int = FEW, within_s: float = _FORGOTTEN_AFTER_S) -> int:
    """Wait until fewer than `below` sockets are in TIME_WAIT, at most within_s, and return how many are left."""
    until_s = time.monotonic() + within_s
    while (left := time_wait_sockets()) >= below and time.monotonic() < until_s:
        time.sleep(_POLL_EVERY_S)
    return left
