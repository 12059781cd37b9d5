"""The endpoint contract in FastAPI, run by uvicorn in processes of gunicorn (gunicorn.conf.py)."""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import aiosqlite
from cachetools import TTLCache
from fastapi import FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from settings import Whole, read_settings
from starlette.exceptions import HTTPException

QUOTE = "SELECT id, author, content FROM quotes WHERE id = ?"
QUOTES = 1000
# Bounds the memory of a process whatever keys are asked for; the oldest go first.
CACHE_ENTRIES = 100_000


class Quotes:
    """A small pool of read-only connections to the quotes, each with the thread that aiosqlite gives it.

    A query for one row of a warm file takes less time than handing it to that thread. It is handed over all the
    same, as services do: the loop must go on when the file is not warm, or when the database is another one.
    """

    def __init__(self, uri: str, connections: int) -> None:
        self._uri = uri
        self._connections = connections
        self._open: list[aiosqlite.Connection] = []
        # Last in, first out: a connection used just now has its pages and its statement at hand.
        self._free: asyncio.LifoQueue[aiosqlite.Connection] = asyncio.LifoQueue()

    async def open(self) -> None:
        """Open the connections; needs the running loop."""
        for _ in range(self._connections):
            connection = await aiosqlite.connect(self._uri, uri=True, isolation_level=None)
            self._open.append(connection)
            # The shared lock is kept from the first query on, as the contract says.
            await connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._free.put_nowait(connection)

    async def close(self) -> None:
        for connection in self._open:
            await connection.close()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[aiosqlite.Connection]:
        """Lend a connection; waits while all are lent."""
        connection = await self._free.get()
        try:
            yield connection
        finally:
            self._free.put_nowait(connection)

    async def one(self) -> dict[str, Any]:
        """Read one random row."""
        async with self.connection() as connection:
            return await random_row(connection)

    async def many(self, count: int) -> list[dict[str, Any]]:
        """Read random rows, each by a query of its own."""
        async with self.connection() as connection:
            return [await random_row(connection) for _ in range(count)]


async def random_row(connection: aiosqlite.Connection) -> dict[str, Any]:
    [(number, author, content)] = await connection.execute_fetchall(QUOTE, (random.randint(1, QUOTES),))
    return {"id": number, "author": author, "content": content}


def create_app() -> FastAPI:
    """Build the application from the settings in the environment."""
    settings = read_settings()
    quotes = Quotes(settings.database_uri, settings.pool_share(int(os.environ.get("GUNICORN_WORKER", "1"))))
    # Without room every look-up is a miss.
    entries = 0 if settings.cache_backend == "none" else CACHE_ENTRIES
    cache: TTLCache[str, dict[str, str]] = TTLCache(maxsize=entries, ttl=settings.cache_ttl_s)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        try:
            await quotes.open()
            yield
        finally:
            await quotes.close()

    # The contract knows no other path: no pages about the interface, no redirects.
    app = FastAPI(lifespan=lifespan, openapi_url=None, redirect_slashes=False)

    @app.get("/api/health")
    async def health() -> Response:
        return PlainTextResponse("ok")

    # Not async: it computes for up to minutes, and so runs in the thread pool, where it shares the processor with
    # the loop in slices of some milliseconds. On the loop, nobody else would be answered until it is done.
    @app.get("/api/compute")
    def compute(n: Annotated[Whole, Query(ge=0, le=45)] = 40) -> Response:
        started = time.perf_counter_ns()
        result = fib(n)
        elapsed_ns = time.perf_counter_ns() - started
        return JSONResponse({"input": n, "result": result, "elapsedMs": round(elapsed_ns / 1e6, 3)})

    @app.get("/api/cache")
    async def cached(key: Annotated[str, Query(min_length=1)] = "default") -> Response:
        if entry := cache.get(key):
            return JSONResponse({"source": "cache", **entry})
        # Requests that miss together each wait: nothing is shared but the cache.
        await asyncio.sleep(settings.cache_miss_ms / 1000)
        entry = {"value": origin_value(key), "cachedAt": now_text()}
        if cache.maxsize:
            cache[key] = entry
        return JSONResponse({"source": "origin", **entry})

    @app.get("/api/db")
    async def database(count: Annotated[Whole | None, Query(ge=1, le=500)] = None) -> Response:
        return JSONResponse(await quotes.one() if count is None else await quotes.many(count))

    @app.exception_handler(HTTPException)
    async def error_as_json(_request: Request, error: HTTPException) -> Response:
        return JSONResponse({"error": error.detail}, status_code=error.status_code, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def malformed(_request: Request, error: RequestValidationError) -> Response:
        wrong = error.errors()[0]
        return JSONResponse({"error": f"{wrong['loc'][-1]}: {wrong['msg']}"}, status_code=400)

    return app


def fib(n: int) -> int:
    """Work for the processor: the Fibonacci number of n by naive recursion."""
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def origin_value(key: str) -> str:
    """Return what the slow origin holds for a key: its FNV-1a hash in hexadecimal, five times."""
    value = 0xCBF29CE484222325
    for byte in key.encode():
        value = (value ^ byte) * 0x00000100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}" * 5


def now_text() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
