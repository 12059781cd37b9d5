"""Connections that are lent to one thread at a time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, LifoQueue
from typing import Generic, Protocol, TypeVar

from breaker import BACKING_WAIT_S, Breaker, Unavailable


class Connection(Protocol):
    def close(self) -> None: ...


C = TypeVar("C", bound=Connection)


class Pool(Generic[C]):
    """At most so many connections, each opened when it is first needed.

    A pool of its own, since SQLAlchemy's QueuePool alone counts wrongly once it is told that a restarted server took
    all connections with it; its Engine does not, but costs more than the query.
    """

    def __init__(self, connect: Callable[[], C], size: int, *, wait_s: float = BACKING_WAIT_S) -> None:
        self._connect = connect
        self._wait_s = wait_s
        self._breaker = Breaker()
        # Last in, first out: a connection used just now is the least likely to be closed by the server, and those not
        # opened yet (None) come last.
        self._places: LifoQueue[C | None] = LifoQueue()
        for _ in range(size):
            self._places.put(None)

    @contextmanager
    def connection(self) -> Iterator[C]:
        """Lend a connection. Raises Unavailable when none gets free in time.

        After an error nobody knows what the connection will receive next, nor how the idle ones fare: all are closed.
        """
        try:
            connection = self._places.get(timeout=self._wait_s)
        except Empty:
            raise Unavailable("no database connection got free") from None
        try:
            if connection is None:
                with self._breaker.attempt():
                    connection = self._connect()
            yield connection
        except BaseException:
            if connection is not None:
                self._breaker.lost()
                self._close(connection)
                connection = None
                self._close_idle()
            raise
        finally:
            self._places.put(connection)

    def _close_idle(self) -> None:
        taken = 0
        with suppress(Empty):
            while True:
                self._close(self._places.get_nowait())
                taken += 1
        for _ in range(taken):
            self._places.put(None)

    def _close(self, connection: C | None) -> None:
        if connection is not None:
            # What was lost cannot say farewell.
            with suppress(Exception):
                connection.close()
