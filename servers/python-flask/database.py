"""Connections to the databases, opened as the contract says."""

import sqlite3
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pymysql
from breaker import BACKING_WAIT_S


def open_sqlite(path: str) -> sqlite3.Connection:
    """Open the quotes read-only, with the shared lock kept from the first query on."""
    uri = f"{Path(path).absolute().as_uri()}?mode=ro"
    # Lent to one thread at a time, but not always to the same.
    connection = sqlite3.connect(uri, uri=True, check_same_thread=False, isolation_level=None)
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    return connection


def connect_mysql(url: str) -> pymysql.Connection:
    """Connect to the database of a checked url; each step of it and each answer has its time."""
    parts = urlsplit(url)
    return pymysql.connect(
        host=parts.hostname,
        port=parts.port,
        user=unquote(parts.username),
        password=unquote(parts.password),
        database=unquote(parts.path[1:]),
        charset="utf8mb4",
        # Reads alone, each for itself: a transaction around them would be a round trip and an old snapshot.
        autocommit=True,
        connect_timeout=BACKING_WAIT_S,
        read_timeout=BACKING_WAIT_S,
        write_timeout=BACKING_WAIT_S,
    )
