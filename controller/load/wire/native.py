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


def boot_id() -> str:
    """Return what tells this machine, since its last start, from every other: processes that share it share a clock."""
    return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
