"""Random quotes, each read by a query of its own over a pooled connection."""

import random
from typing import Any

from database import Database, MySQL, Row, SQLite
from pool import Pool
from settings import Settings

QUOTES = 1000

Quote = dict[str, Any]


class Quotes:
    def __init__(self, pool: Pool[Database]) -> None:
        self._pool = pool

    async def random(self, count: int) -> list[Quote]:
        """Read so many rows over one connection."""
        async with self._pool.connection() as connection:
            return [as_quote(await connection.row(random.randint(1, QUOTES))) for _ in range(count)]

    async def close(self) -> None:
        await self._pool.close()


def quotes_of(settings: Settings, *, process: int) -> Quotes:
    """Return the quotes of one process, with its share of the connections."""
    connections = settings.pool_share(process)
    if settings.db_backend == "mysql":
        return Quotes(Pool(lambda: MySQL.connect(settings.mysql_url), connections))
    return Quotes(Pool(lambda: SQLite.connect(settings.sqlite_path), connections))


def as_quote(row: Row) -> Quote:
    number, author, content = row
    return {"id": number, "author": author, "content": content}
