"""The settings as they are read."""

import unittest

from settings import WrongSetting, read_settings

MYSQL = {"DB_BACKEND": "mysql", "MYSQL_URL": "mysql://user:a%40b@[::1]:3306/quotes"}


class TheSettings(unittest.TestCase):
    def test_what_is_not_asked_for_is_not_needed(self) -> None:
        """With MySQL, no path of an SQLite file; without Redis, no address of it."""
        settings = read_settings({"PORT": "80", **MYSQL})

        self.assertEqual((settings.sqlite_path, settings.redis_url), ("", ""))

    def test_the_pool_is_shared_out(self) -> None:
        """The first processes get what does not divide evenly."""
        settings = read_settings({"PORT": "80", "SERVER_CPUS": "3", "DB_POOL_SIZE": "10", **MYSQL})

        self.assertEqual([settings.pool_share(process) for process in (1, 2, 3)], [4, 3, 3])

    def test_a_wrong_address_is_not_shown(self) -> None:
        """It holds a password."""
        for url in ("mysql://user:secret@host/db", "mysql://user:secret@host:99999/db", "mysql://secret@host:1/db"):
            with self.assertRaisesRegex(WrongSetting, "^MYSQL_URL: expected mysql://(?!.*secret)"):
                read_settings({"PORT": "80", **MYSQL, "MYSQL_URL": url})
