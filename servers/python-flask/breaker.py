"""A circuit breaker: what was away a moment ago is tried by one request, and the others do not wait for it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

# How long a request waits for a free connection, and how long for a backing service to connect or to answer once.
BACKING_WAIT_S = 0.9
NEXT_TRY_S = 0.5


class Unavailable(Exception):
    """A backing service is away or silent, or all its connections are lent for long: the answer is 503."""


class Breaker:
    """Knows whether a backing service is away.

    A request that waits holds its thread. If each found out for itself that a service hangs, all threads would wait
    all the time, and requests that need nothing of it would wait for a thread.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        # None while the service is there.
        self._next_try_s: float | None = None

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Use the service. Raises Unavailable at once when it is away and another has tried a moment ago."""
        if self._next_try_s is not None:
            self._take_turn()
        try:
            yield
        except Exception:
            self.lost()
            raise
        self._next_try_s = None

    def lost(self) -> None:
        """Say that the service has failed; the next request may try at once."""
        with self._lock:
            if self._next_try_s is None:
                self._next_try_s = time.monotonic()

    def _take_turn(self) -> None:
        with self._lock:
            now_s = time.monotonic()
            if self._next_try_s is None:
                return
            if now_s < self._next_try_s:
                raise Unavailable("a service that this needs was away a moment ago")
            self._next_try_s = now_s + NEXT_TRY_S
