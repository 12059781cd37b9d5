"""What is away is tried by one, and refused to the others at once."""

import unittest

from breaker import Breaker, Unavailable


class Breakers(unittest.TestCase):
    def setUp(self) -> None:
        self.breaker = Breaker()

    def one_fails(self) -> None:
        with self.assertRaises(OSError), self.breaker.attempt():
            raise OSError

    def test_what_is_there_is_used_by_all(self) -> None:
        """As many at once as like."""
        with self.breaker.attempt(), self.breaker.attempt():
            pass

    def test_after_a_failure_one_tries_at_once(self) -> None:
        """The others are refused meanwhile."""
        self.one_fails()
        with self.breaker.attempt(), self.assertRaises(Unavailable), self.breaker.attempt():
            pass

    def test_after_a_second_failure_nobody_tries_for_a_while(self) -> None:
        """Not until half a second is over."""
        self.one_fails()
        self.one_fails()
        with self.assertRaises(Unavailable), self.breaker.attempt():
            pass

    def test_an_answer_ends_it(self) -> None:
        """Then all may use it again."""
        self.one_fails()
        with self.breaker.attempt():
            pass
        with self.breaker.attempt(), self.breaker.attempt():
            pass
