"""The quotes in SQLite or MySQL, read one row by one query."""

import random
import sqlite3
from typing import Any, Protocol

import pymysql
from breaker import Unavailable
from database import connect_mysql, open_sqlite
from pool import Pool
from settings import Settings

QUERY = "SELECT id, author, content FROM quotes WHERE id = "
QUOTES = 1000

Quote = dict[str, Any]


class Quotes(Protocol):
    """Random quotes; raises Unavailable while the database is away."""

    def random(self, count: int) -> list[Quote]:
        """Read so many random rows, each by a query of its own, over one connection."""


class SQLiteQuotes:
    def __init__(self, path: str, connections: int) -> None:
        self._pool = Pool(lambda: open_sqlite(path), connections)

    def random(self, count: int) -> list[Quote]:
        with self._pool.connection() as connection:
            return [self._read(connection) for _ in range(count)]

    def _read(self, connection: sqlite3.Connection) -> Quote:
        # The module keeps the statement prepared, by its text.
        return as_quote(connection.execute(f"{QUERY}?", (random_id(),)).fetchone())


class MySQLQuotes:
    def __init__(self, url: str, connections: int) -> None:
        self._pool = Pool(lambda: connect_mysql(url), connections)

    def random(self, count: int) -> list[Quote]:
        try:
            with self._pool.connection() as connection, connection.cursor() as cursor:
                return [self._read(cursor) for _ in range(count)]
        except pymysql.MySQLError as error:
            raise Unavailable("the database does not answer") from error

    def _read(self, cursor: pymysql.cursors.Cursor) -> Quote:
        cursor.execute(f"{QUERY}%s", (random_id(),))
        return as_quote(cursor.fetchone())


def quotes_of(settings: Settings, *, process: int) -> Quotes:
    """Return the quotes of one process, with its share of the connections."""
    connections = settings.pool_share(process)
    if settings.db_backend == "mysql":
        return MySQLQuotes(settings.mysql_url, connections)
    return SQLiteQuotes(settings.sqlite_path, connections)


def random_id() -> int:
    return random.randint(1, QUOTES)


def as_quote(row: tuple[int, str, str]) -> Quote:
    number, author, content = row
    return {"id": number, "author": author, "content": content}
