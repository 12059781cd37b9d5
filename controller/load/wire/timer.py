"""A timer for planned sends: the loop's own have a grain of a millisecond."""

import ctypes
import os
import time
from collections.abc import Callable
from typing import Any, Final

_NS_PER_S: Final = 1_000_000_000
_ABSOLUTE: Final = 1


class Timer:
    """Calls back in the loop at moments of time.monotonic_ns: a timerfd, watched as a reader.

    The loop calls back until the timer is armed again, which must be the callback's last step.
    """

    def __init__(self, loop: Any, callback: Callable[[], None]) -> None:
        self._loop = loop
        # From Python 3.13 on the standard library has it; PyDLL keeps the interpreter's lock, as it never waits.
        self._libc = None if hasattr(os, "timerfd_create") else ctypes.PyDLL(None, use_errno=True)
        self._when = (ctypes.c_long * 4)()
        flags = os.O_NONBLOCK | os.O_CLOEXEC
        if self._libc is None:
            self._fd: int = os.timerfd_create(time.CLOCK_MONOTONIC, flags=flags)  # type: ignore[attr-defined]
        else:
            self._fd = self._libc.timerfd_create(time.CLOCK_MONOTONIC, flags)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        loop.add_reader(self._fd, callback)

    def arm(self, at_ns: int) -> None:
        """Call back at a moment, at once where it is past, and no more for the one before; 0 is never."""
        # Setting it also takes back that it went off, so that nothing has to be read.
        if self._libc is None:
            os.timerfd_settime_ns(self._fd, flags=_ABSOLUTE, initial=at_ns)  # type: ignore[attr-defined]
            return
        when = self._when
        when[2], when[3] = divmod(at_ns, _NS_PER_S)
        self._libc.timerfd_settime(self._fd, _ABSOLUTE, when, None)

    def close(self) -> None:
        """Call back no more; a second call does nothing."""
        if self._fd >= 0:
            self._loop.remove_reader(self._fd)
            os.close(self._fd)
            self._fd = -1
