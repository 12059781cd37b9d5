"""Connections that are lent to one request at a time, and what is said when there is none."""

import asyncio
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
    """At most so many connections, each opened when it is first needed.

    Drivers have pools, but those open connections one after the other: one that hangs would hold up all who wait.
    """

    def __init__(self, connect: Callable[[], Awaitable[C]], size: int, *, wait_s: float = BACKING_WAIT_S) -> None:
        self._connect = connect
        self._wait_s = wait_s
        # Last in, first out: a connection used just now has its pages and its statement at hand, and those not opened
        # yet (None) come last.
        self._places: asyncio.LifoQueue[C | None] = asyncio.LifoQueue()
        for _ in range(size):
            self._places.put_nowait(None)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[C]:
        """Lend a connection. Raises Unavailable when none gets free in time.

        After an error nobody knows what the connection will receive next, nor how the idle ones fare: all are closed.
        """
        connection = await self._free_place()
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
            self._places.put_nowait(connection)

    async def close(self) -> None:
        """Close the connections that nobody uses; their places stay."""
        idle = [self._places.get_nowait() for _ in range(self._places.qsize())]
        for _ in idle:
            self._places.put_nowait(None)
        for connection in idle:
            if connection is not None:
                await close_quietly(connection)

    async def _free_place(self) -> C | None:
        if not self._places.empty():
            return self._places.get_nowait()
        try:
            async with asyncio.timeout(self._wait_s):
                return await self._places.get()
        except TimeoutError:
            raise Unavailable("no database connection got free") from None


async def close_quietly(connection: Connection) -> None:
    # What was lost cannot say farewell.
    with suppress(Exception):
        await connection.close()
