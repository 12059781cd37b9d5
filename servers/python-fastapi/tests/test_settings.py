"""The settings as they are read."""

import os
import unittest
from unittest.mock import patch

from settings import Settings, read_settings

MYSQL = {"PORT": "80", "DB_BACKEND": "mysql", "MYSQL_URL": "mysql://user:a%40b@[::1]:3306/quotes"}


def settings_of(**environ: str) -> Settings:
    """Read the settings from these variables alone."""
    with patch.dict(os.environ, {**MYSQL, **environ}, clear=True):
        return read_settings()


class TheSettings(unittest.TestCase):
    def test_what_is_not_asked_for_is_not_needed(self) -> None:
        """With MySQL, no path of an SQLite file; without Redis, no address of it."""
        settings = settings_of()

        self.assertEqual((settings.sqlite_path, settings.redis_url), ("", ""))

    def test_the_pool_is_shared_out(self) -> None:
        """The first processes get what does not divide evenly."""
        settings = settings_of(SERVER_CPUS="3", DB_POOL_SIZE="10")

        self.assertEqual([settings.pool_share(process) for process in (1, 2, 3)], [4, 3, 3])

    def test_a_wrong_address_is_not_shown(self) -> None:
        """It holds a password."""
        for url in ("mysql://user:secret@host/db", "mysql://user:secret@host:99999/db", "mysql://secret@host:1/db"):
            with self.assertRaisesRegex(ValueError, "^MYSQL_URL: expected mysql://(?!.*secret)"):
                settings_of(MYSQL_URL=url)
