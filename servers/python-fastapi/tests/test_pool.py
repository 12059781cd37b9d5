"""Connections are opened when needed, bounded, and all given up when one fails."""

import asyncio
import unittest

from pool import Pool, Unavailable


class Opened:
    """A connection that knows whether it was closed."""

    def __init__(self) -> None:
        self.closed = False

    async def close(self) -> None:
        self.closed = True


class Pools(unittest.IsolatedAsyncioTestCase):
    def setUp(self) -> None:
        self.opened: list[Opened] = []
        self.pool = Pool(self.connect, 2, wait_s=0.01)

    async def connect(self) -> Opened:
        self.opened.append(Opened())
        return self.opened[-1]

    async def test_one_at_a_time_needs_one_connection(self) -> None:
        """What was given back is lent before another is opened."""
        for _ in range(5):
            async with self.pool.connection():
                pass

        self.assertEqual(len(self.opened), 1)

    async def test_an_empty_pool_says_so(self) -> None:
        """A third user gets none in time, and the others are not disturbed."""
        async with self.pool.connection(), self.pool.connection():
            with self.assertRaises(Unavailable):
                async with self.pool.connection():
                    pass

        self.assertFalse(any(connection.closed for connection in self.opened))

    async def test_who_waits_gets_what_is_given_back(self) -> None:
        """Without an error, when it is in time."""
        pool = Pool(self.connect, 1, wait_s=5)

        async def use() -> None:
            async with pool.connection():
                await asyncio.sleep(0.001)

        await asyncio.gather(*[use() for _ in range(10)])
        self.assertEqual(len(self.opened), 1)

    async def test_who_has_waited_longest_is_next(self) -> None:
        """However many come in between: each has its turn in the order in which they came."""
        pool, turns = Pool(self.connect, 1, wait_s=5), []

        async def work(name: int) -> None:
            for _ in range(20):
                async with pool.connection():
                    turns.append(name)
                    await asyncio.sleep(0)

        await asyncio.gather(*(work(name) for name in range(10)))
        self.assertEqual(turns, list(range(10)) * 20)

    async def test_who_gives_up_takes_no_connection_along(self) -> None:
        """A time that is over, or a request that is cancelled, in the moment in which a connection is handed over."""
        pool = Pool(self.connect, 1, wait_s=5)

        async def use() -> None:
            async with pool.connection():
                await asyncio.sleep(0)

        for steps in range(8):
            async with pool.connection():
                waiting = asyncio.ensure_future(use())
                await asyncio.sleep(0.001)
            for _ in range(steps):
                await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
        await asyncio.wait_for(use(), 1)
        self.assertEqual(len(pool._free), 1)

    async def test_after_an_error_all_idle_connections_are_new(self) -> None:
        """A server that has restarted fails one request, not one for each connection."""
        async with self.pool.connection(), self.pool.connection():
            pass
        with self.assertRaises(OSError):
            async with self.pool.connection():
                raise OSError

        self.assertTrue(all(connection.closed for connection in self.opened))
        async with self.pool.connection(), self.pool.connection():
            self.assertEqual(len(self.opened), 4)

    async def test_a_connection_that_was_refused_takes_no_place(self) -> None:
        """Once the server is there, as many connections as ever are opened."""
        pool = Pool(self.refuse, 1, wait_s=0.01)
        for _ in range(3):
            with self.assertRaises(ConnectionRefusedError):
                async with pool.connection():
                    pass

    async def refuse(self) -> Opened:
        raise ConnectionRefusedError
