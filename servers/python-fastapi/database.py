"""Connections to the databases, opened as the contract says, each with the query for one row."""

import asyncio
from pathlib import Path
from typing import Protocol, Self
from urllib.parse import unquote, urlsplit

import aiosqlite
import asyncmy
from asyncmy.connection import Connection, PreparedStatement
from asyncmy.errors import MySQLError
from pool import BACKING_WAIT_S, Unavailable

QUERY = "SELECT id, author, content FROM quotes WHERE id = ?"

Row = tuple[int, str, str]


class Database(Protocol):
    """A connection; raises Unavailable when the database does not answer."""

    async def row(self, number: int) -> Row: ...

    async def close(self) -> None: ...


class SQLite:
    """A read-only connection and the thread that aiosqlite gives it.

    A query for one row of a warm file takes less time than handing it to that thread. It is handed over all the
    same, as services do: the loop must go on when the file is not warm.
    """

    def __init__(self, connection: aiosqlite.Connection) -> None:
        self._connection = connection

    @classmethod
    async def connect(cls, path: str) -> Self:
        connection = await aiosqlite.connect(read_only_uri(path), uri=True, isolation_level=None)
        # The shared lock is kept from the first query on, as the contract says.
        await connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        return cls(connection)

    async def row(self, number: int) -> Row:
        # The module below keeps the statement prepared, by its text.
        [row] = await self._connection.execute_fetchall(QUERY, (number,))
        return row

    async def close(self) -> None:
        await self._connection.close()


class MySQL:
    """A connection on which the query is prepared."""

    def __init__(self, connection: Connection, statement: PreparedStatement) -> None:
        self._connection = connection
        self._statement = statement

    @classmethod
    async def connect(cls, url: str) -> Self:
        parts = urlsplit(url)
        try:
            # All steps of it together; a connection that is given up half-way is closed by the driver.
            async with asyncio.timeout(BACKING_WAIT_S):
                connection = await asyncmy.connect(
                    host=parts.hostname,
                    port=parts.port,
                    user=unquote(parts.username),
                    password=unquote(parts.password),
                    database=unquote(parts.path[1:]),
                    charset="utf8mb4",
                    # Reads alone, each for itself: a transaction would be a round trip and an old snapshot.
                    autocommit=True,
                )
        except (MySQLError, OSError) as error:
            raise Unavailable("the database does not answer") from error
        return cls(connection, await prepared(connection))

    async def row(self, number: int) -> Row:
        try:
            async with asyncio.timeout(BACKING_WAIT_S):
                result = await self._statement.execute((number,))
        except (MySQLError, OSError) as error:
            raise Unavailable("the database does not answer") from error
        return result.rows[0]

    async def close(self) -> None:
        # Without a farewell, which could wait for the server.
        self._connection.close()


async def prepared(connection: Connection) -> PreparedStatement:
    """Prepare the query on a connection, which is closed when that fails."""
    try:
        async with asyncio.timeout(BACKING_WAIT_S):
            return await connection.prepare(QUERY)
    except (MySQLError, OSError) as error:
        connection.close()
        raise Unavailable("the database does not answer") from error


def read_only_uri(path: str) -> str:
    """Return a path as the URI of a database that is only read."""
    return f"{Path(path).absolute().as_uri()}?mode=ro"
