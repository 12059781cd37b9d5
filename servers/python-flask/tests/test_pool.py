"""Connections are opened when needed, bounded, and all given up when one fails."""

import unittest
from threading import Barrier, Thread
from time import sleep

from breaker import Unavailable
from pool import Pool


class Opened:
    """A connection that knows whether it was closed."""

    def __init__(self) -> None:
        self.closed = False

    def close(self) -> None:
        self.closed = True


class Pools(unittest.TestCase):
    def setUp(self) -> None:
        self.opened: list[Opened] = []
        self.pool = Pool(self.connect, 2, wait_s=0.01)

    def connect(self) -> Opened:
        self.opened.append(Opened())
        return self.opened[-1]

    def test_one_at_a_time_needs_one_connection(self) -> None:
        """What was given back is lent before another is opened."""
        for _ in range(5):
            with self.pool.connection():
                pass

        self.assertEqual(len(self.opened), 1)

    def test_an_empty_pool_says_so(self) -> None:
        """A third user gets none in time, and the others are not disturbed."""
        both = self.pool.connection(), self.pool.connection()
        with both[0], both[1], self.assertRaises(Unavailable), self.pool.connection():
            pass

        self.assertFalse(any(connection.closed for connection in self.opened))

    def test_who_has_waited_longest_is_next(self) -> None:
        """However many come and go: each of ten threads has its turn before any has a second one."""
        pool, turns = Pool(self.connect, 1, wait_s=5), []
        begin = Barrier(11)

        def work(name: int) -> None:
            begin.wait()
            for _ in range(20):
                with pool.connection():
                    turns.append(name)
                    sleep(0.0005)

        threads = [Thread(target=work, args=(name,)) for name in range(10)]
        for thread in threads:
            thread.start()
        with pool.connection():
            begin.wait()
            sleep(0.2)
        for thread in threads:
            thread.join()

        # Near the end some have had all of theirs.
        for n in range(0, 150, 10):
            self.assertEqual(len(set(turns[n : n + 10])), 10)

    def test_a_connection_that_comes_too_late_is_given_to_the_next(self) -> None:
        """Whoever gave up takes none with it."""
        pool = Pool(self.connect, 1, wait_s=0.01)
        with pool.connection(), self.assertRaises(Unavailable), pool.connection():
            pass
        for _ in range(3):
            with pool.connection():
                pass

        self.assertEqual(len(self.opened), 1)

    def test_after_an_error_all_idle_connections_are_new(self) -> None:
        """A server that has restarted fails one request, not one for each connection."""
        with self.pool.connection(), self.pool.connection():
            pass
        with self.assertRaises(OSError), self.pool.connection():
            raise OSError

        self.assertTrue(all(connection.closed for connection in self.opened))
        with self.pool.connection(), self.pool.connection():
            self.assertEqual(len(self.opened), 4)

    def test_a_connection_that_was_refused_takes_no_place(self) -> None:
        """Once the server is there, as many connections as ever are opened."""
        pool = Pool(self.refuse, 1, wait_s=0.01)
        for refused in (ConnectionRefusedError, ConnectionRefusedError, Unavailable):
            with self.assertRaises(refused), pool.connection():
                pass

    def refuse(self) -> Opened:
        raise ConnectionRefusedError
