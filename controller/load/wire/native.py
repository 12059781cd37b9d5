"""The one place that takes modules as they were before gevent patched them.

The engine's thread must never touch a patched socket or lock: a greenlet switch there would be
a switch in the wrong thread.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gevent
from gevent import monkey

native_socket = monkey.get_original("socket", "socket")
native_lock = monkey.get_original("threading", "Lock")


def run_in_thread(function: Callable[[], Any]) -> Any:
    """Run a function in a native thread of gevent's pool; returns its result object, which greenlets may wait for."""
    return gevent.get_hub().threadpool.spawn(function)


def wake_up(callback: Callable[[], None]) -> Callable[[], None]:
    """Return a function that any native thread may call to have `callback` run in a greenlet of this hub."""
    watcher = gevent.get_hub().loop.async_()
    watcher.start(lambda: gevent.spawn(callback))
    return watcher.send  # type: ignore[no-any-return]


def clock_id() -> str:
    """Return what two processes share whose time.monotonic is one clock: a machine, its last start, a namespace."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    try:
        return f"{boot} {Path('/proc/self/ns/time').readlink()}"
    except FileNotFoundError:
        # A kernel before 5.6, or one built without them: its one clock is everybody's.
        return boot
