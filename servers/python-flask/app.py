"""The endpoint contract in Flask, run by gunicorn with threads (gunicorn.conf.py)."""

import os
import random
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from queue import LifoQueue
from threading import Lock
from typing import Any

from cachetools import TTLCache
from flask import Flask, Response, abort, request
from flask.json.provider import DefaultJSONProvider
from settings import Settings, open_database, read_settings
from werkzeug.exceptions import HTTPException

QUOTE = "SELECT id, author, content FROM quotes WHERE id = ?"
QUOTES = 1000
# Bounds the memory of a process whatever keys are asked for; the oldest go first.
CACHE_ENTRIES = 100_000


class CompactJSON(DefaultJSONProvider):
    """JSON without spaces, sorting, escapes of plain text or the line feed that Flask adds."""

    sort_keys = False
    ensure_ascii = False

    def response(self, *args: Any, **kwargs: Any) -> Response:
        text = self.dumps(self._prepare_response_obj(args, kwargs), separators=(",", ":"))
        return self._app.response_class(text, mimetype=self.mimetype)


class Quotes:
    """A small pool of read-only connections to the quotes."""

    def __init__(self, path: str, connections: int) -> None:
        # Last in, first out: a connection used just now has its pages and its statement at hand.
        self._free: LifoQueue[sqlite3.Connection] = LifoQueue()
        for _ in range(connections):
            self._free.put(open_database(path))

    @contextmanager
    def connection(self) -> Iterator[sqlite3.Connection]:
        """Lend a connection; waits while all are lent."""
        connection = self._free.get()
        try:
            yield connection
        finally:
            self._free.put(connection)

    def one(self) -> dict[str, Any]:
        """Read one random row."""
        with self.connection() as connection:
            return random_row(connection)

    def many(self, count: int) -> list[dict[str, Any]]:
        """Read random rows, each by a query of its own."""
        with self.connection() as connection:
            return [random_row(connection) for _ in range(count)]


def random_row(connection: sqlite3.Connection) -> dict[str, Any]:
    number, author, content = connection.execute(QUOTE, (random.randint(1, QUOTES),)).fetchone()
    return {"id": number, "author": author, "content": content}


class Cache:
    """Values by key with the time they were taken; without room every look-up is a miss."""

    def __init__(self, settings: Settings) -> None:
        entries = 0 if settings.cache_backend == "none" else CACHE_ENTRIES
        self._entries: TTLCache[str, dict[str, str]] = TTLCache(maxsize=entries, ttl=settings.cache_ttl_s)
        self._lock = Lock()

    def get(self, key: str) -> dict[str, str] | None:
        with self._lock:
            return self._entries.get(key)

    def put(self, key: str, entry: dict[str, str]) -> None:
        with self._lock:
            if self._entries.maxsize:
                self._entries[key] = entry


def create_app() -> Flask:
    """Build the application from the settings in the environment."""
    settings = read_settings(os.environ)
    quotes = Quotes(settings.sqlite_path, settings.pool_share(int(os.environ.get("GUNICORN_WORKER", "1"))))
    cache = Cache(settings)
    app = Flask(__name__, static_folder=None)
    app.json = CompactJSON(app)

    @app.get("/api/health")
    def health() -> Response:
        return Response("ok", mimetype="text/plain")

    @app.get("/api/compute")
    def compute() -> dict[str, Any]:
        n = whole_parameter("n", default=40, least=0, most=45)
        started = time.perf_counter_ns()
        result = fib(n)
        elapsed_ns = time.perf_counter_ns() - started
        return {"input": n, "result": result, "elapsedMs": round(elapsed_ns / 1e6, 3)}

    @app.get("/api/cache")
    def cached() -> dict[str, str]:
        key = request.args.get("key", "default")
        if not key:
            abort(400, "key: expected a value, found none")
        if entry := cache.get(key):
            return {"source": "cache", **entry}
        # Requests that miss together each wait: nothing is shared but the cache.
        time.sleep(settings.cache_miss_ms / 1000)
        entry = {"value": origin_value(key), "cachedAt": now_text()}
        cache.put(key, entry)
        return {"source": "origin", **entry}

    @app.get("/api/db")
    def database() -> dict[str, Any] | list[dict[str, Any]]:
        if "count" not in request.args:
            return quotes.one()
        return quotes.many(whole_parameter("count", least=1, most=500))

    @app.errorhandler(HTTPException)
    def error_as_json(error: HTTPException) -> Response:
        response = error.get_response()
        response.data = app.json.dumps({"error": error.description}, separators=(",", ":"))
        response.content_type = "application/json"
        return response

    return app


def whole_parameter(name: str, *, default: int | None = None, least: int, most: int) -> int:
    """Return a parameter of the request; answers 400 unless it is ASCII digits within the range."""
    value = request.args.get(name)
    if value is None and default is not None:
        return default
    if value is None or not re.fullmatch("[0-9]{1,9}", value) or not least <= int(value) <= most:
        abort(400, f"{name}: expected a whole number from {least} to {most}")
    return int(value)


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
