"""The work of the routes."""

import re
import unittest

from work import fib, now_text, origin_value


class Work(unittest.TestCase):
    def test_fibonacci_starts_as_it_should(self) -> None:
        """Each number is the sum of the two before it."""
        self.assertEqual([fib(n) for n in range(11)], [0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55])

    def test_the_value_of_a_key_is_its_hash(self) -> None:
        """The examples of the contract, one of them beyond ASCII."""
        for key, value in {
            "default": "ebada5168620c5fe",
            "a": "af63dc4c8601ec8c",
            "größe": "b7450e1ef58140da",
        }.items():
            self.assertEqual(origin_value(key), value * 5)

    def test_times_are_in_utc_with_milliseconds(self) -> None:
        """Three digits, also where they are zeros."""
        self.assertTrue(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", now_text()))
