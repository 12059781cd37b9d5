"""Connections that are lent to one thread at a time."""

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from threading import Lock
from typing import Generic, Protocol, TypeVar

from breaker import BACKING_WAIT_S, Breaker, Unavailable


class Connection(Protocol):
    def close(self) -> None: ...


C = TypeVar("C", bound=Connection)


class Pool(Generic[C]):
    """At most so many connections, each opened when it is first needed, lent to whoever has waited longest.

    Who gives one back hands it over: a queue of Python's lets a thread that comes just then take it first, and some of
    those that wait would wait until their time is over.

    A pool of its own, since SQLAlchemy's QueuePool alone counts wrongly once it is told that a restarted server took
    all connections with it; its Engine does not, but costs more than the query.
    """

    def __init__(self, connect: Callable[[], C], size: int, *, wait_s: float = BACKING_WAIT_S) -> None:
        self._connect = connect
        self._wait_s = wait_s
        self._breaker = Breaker()
        self._lock = Lock()
        # Last in, first out: a connection used just now is the least likely to be closed by the server, and those not
        # opened yet (None) come last.
        self._free: list[C | None] = [None] * size
        self._waiting: deque[SimpleQueue[C | None]] = deque()

    @contextmanager
    def connection(self) -> Iterator[C]:
        """Lend a connection. Raises Unavailable when none gets free in time.

        After an error nobody knows what the connection will receive next, nor how the idle ones fare: all are closed.
        """
        connection = self._take()
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
            self._give(connection)

    def _take(self) -> C | None:
        with self._lock:
            if self._free:
                return self._free.pop()
            turn: SimpleQueue[C | None] = SimpleQueue()
            self._waiting.append(turn)
        try:
            return turn.get(timeout=self._wait_s)
        except Empty:
            with self._lock:
                if turn in self._waiting:
                    self._waiting.remove(turn)
                    raise Unavailable("no database connection got free") from None
            # It was handed over in the last moment.
            return turn.get()

    def _give(self, connection: C | None) -> None:
        with self._lock:
            if self._waiting:
                self._waiting.popleft().put(connection)
            else:
                self._free.append(connection)

    def _close_idle(self) -> None:
        with self._lock:
            idle, self._free = self._free, [None] * len(self._free)
        for connection in idle:
            self._close(connection)

    def _close(self, connection: C | None) -> None:
        if connection is not None:
            # What was lost cannot say farewell.
            with suppress(Exception):
                connection.close()
