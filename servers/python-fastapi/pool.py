"""Connections that are lent to one request at a time, and what is said when there is none."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Generic, Protocol, TypeVar

# How long a request waits for a free connection, and how long for a backing service to connect or to answer once.
BACKING_WAIT_S = 0.9


class Unavailable(Exception):
    """A backing service is away or silent, or all its connections are lent for long: the answer is 503."""


class Connection(Protocol):
    async def close(self) -> None: ...


C = TypeVar("C", bound=Connection)


class Pool(Generic[C]):
    """At most so many connections, each opened when it is first needed, lent to whoever has waited longest.

    Who gives one back hands it over: a queue of asyncio's lets a request that comes just then take it first, and some
    of those that wait would wait until their time is over.
    Drivers have pools, but those open connections one after the other: one that hangs would hold up all who wait.
    """

    def __init__(self, connect: Callable[[], Awaitable[C]], size: int, *, wait_s: float = BACKING_WAIT_S) -> None:
        self._connect = connect
        self._wait_s = wait_s
        # Last in, first out: a connection used just now has its pages and its statement at hand, and those not opened
        # yet (None) come last.
        self._free: list[C | None] = [None] * size
        self._waiting: deque[asyncio.Future[C | None]] = deque()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[C]:
        """Lend a connection. Raises Unavailable when none gets free in time.

        After an error nobody knows what the connection will receive next, nor how the idle ones fare: all are closed.
        """
        connection = await self._take()
        try:
            if connection is None:
                connection = await self._connect()
            yield connection
        except BaseException:
            lost, connection = connection, None
            if lost is not None:
                await close_quietly(lost)
            await self.close()
            raise
        finally:
            self._give(connection)

    async def close(self) -> None:
        """Close the connections that nobody uses; their places stay."""
        idle, self._free = self._free, [None] * len(self._free)
        for connection in idle:
            if connection is not None:
                await close_quietly(connection)

    async def _take(self) -> C | None:
        if self._free:
            return self._free.pop()
        turn: asyncio.Future[C | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            async with asyncio.timeout(self._wait_s):
                return await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                # It was handed over in the moment in which its time was over.
                self._give(turn.result())
            if isinstance(error, TimeoutError):
                raise Unavailable("no database connection got free") from None
            raise

    def _give(self, connection: C | None) -> None:
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(connection)
                return
        self._free.append(connection)


async def close_quietly(connection: Connection) -> None:
    # What was lost cannot say farewell.
    with suppress(Exception):
        await connection.close()
