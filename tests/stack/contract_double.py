"""A double of a target: a small server that keeps the whole contract, and can be told to break one rule of it."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from random import choice, choices
from typing import Any
from urllib.parse import parse_qs

from controller.plan.contract import Contract, cache_value, fib
from controller.stack.settings import Settings

ROUTES = ("/api/health", "/api/compute", "/api/cache", "/api/db")


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What the double is about to send."""

    status: int = 200
    content_type: str = "application/json"
    body: bytes
    close: bool = False


# Called with the method, the path with its query, and the right reply; returns the one to send.
Break = Callable[[str, str, Reply], Reply]


def as_it_should(_method: str, _path: str, reply: Reply) -> Reply:
    """Break nothing."""
    return reply


class Double:
    """The contract kept by hand; a break may change each reply, and the attributes change the cache."""

    def __init__(self, contract: Contract, settings: Settings, broken: Break) -> None:
        self.contract = contract
        self.settings = settings
        self.broken = broken
        self.cache: dict[str, tuple[float, bytes]] = {}
        self.waits = True
        self.shares_misses = False
        self.missed: dict[str, threading.Event] = {}
        self.health_answered_at_s: list[float] = []
        self.counts_after_s = 0.0
        self.head_with_body = False

    def reply(self, method: str, path: str) -> Reply:
        """Return what to answer to a request."""
        return self.broken(method, path, self.right(method, path))

    def right(self, method: str, path: str) -> Reply:
        """Return what the contract says."""
        route, _, query = path.partition("?")
        if route == "/metrics" and self.settings.metrics == "full":
            return Reply(content_type="text/plain; version=0.0.4", body=self.metrics())
        if route not in ROUTES:
            return error(404)
        if method != "GET":
            return error(405)
        given = {name: values[0] for name, values in parse_qs(query, keep_blank_values=True).items()}
        if route == "/api/health":
            self.health_answered_at_s.append(time.monotonic())
            return Reply(content_type="text/plain; charset=utf-8", body=b"ok")
        if route == "/api/compute":
            return self.compute(given.get("n", "40"))
        return self.cached(given.get("key", "default")) if route == "/api/cache" else self.rows(given.get("count"))

    def metrics(self) -> bytes:
        """Return what an exporter says."""
        counted = sum(at_s + self.counts_after_s <= time.monotonic() for at_s in self.health_answered_at_s)
        return (
            "# HELP requests_total Requests answered, by route.\n# TYPE requests_total counter\n"
            f'requests_total{{route="/api/health",status="200"}} {counted}.0\n'
            '# a comment\n\nodd{text="a \\"quoted\\" \\\\ line\\n"} 1.5E-3 1395066363000\nnothing NaN\nmuch{} +Inf\n'
        ).encode()

    def compute(self, n: str) -> Reply:
        """Answer /api/compute; the result is not found by recursion, which nobody sees from outside."""
        if not is_whole(n, 0, 45):
            return error(400)
        return Reply(body=b'{"input":%d,"result":%d,"elapsedMs":0.25}' % (int(n), fib(int(n))))

    def rows(self, count: str | None) -> Reply:
        """Answer /api/db."""
        rows = list(self.contract.rows.values())
        if count is None:
            return Reply(body=choice(rows))
        return (
            Reply(body=b"[" + b",".join(choices(rows, k=int(count))) + b"]") if is_whole(count, 1, 500) else error(400)
        )

    def cached(self, key: str) -> Reply:
        """Answer /api/cache."""
        if not key:
            return error(400)
        until_s, entry = self.cache.get(key, (0.0, b""))
        if until_s > time.monotonic():
            return Reply(body=b'{"source":"cache",' + entry)
        if self.shares_misses and (other := self.missed.get(key)):
            other.wait(5)
            return Reply(body=b'{"source":"cache",' + self.cache[key][1])
        done = self.missed.setdefault(key, threading.Event())
        time.sleep(self.settings.cache_miss_ms / 1000 if self.waits else 0)
        entry = f'"value":"{cache_value(key)}","cachedAt":"{now()}"}}'.encode()
        if self.settings.cache_backend != "none":
            self.cache[key] = (time.monotonic() + self.settings.cache_ttl_s, entry)
        done.set()
        return Reply(body=b'{"source":"origin",' + entry)


def now() -> str:
    """Return the time as the contract writes it."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def is_whole(text: str, least: int, most: int) -> bool:
    """Whether a parameter is a whole number within its range."""
    return re.fullmatch("[0-9]{1,9}", text) is not None and least <= int(text) <= most


def error(status: int) -> Reply:
    """Return an error as the contract has it."""
    return Reply(status=status, body=b'{"error":"wrong"}')


@contextmanager
def serving(double: Double) -> Iterator[str]:
    """Serve a double on a free port for the time of the block, and yield its URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body leave together: the other side would wait for a delayed acknowledgement between them.
        wbufsize = 65536

        def log_message(self, *args: Any) -> None:
            pass

        def answer(self) -> None:
            reply = double.reply(self.command, self.path)
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.content_type)
            self.send_header("Content-Length", str(len(reply.body)))
            if reply.close:
                self.send_header("Connection", "close")
            self.end_headers()
            if self.command != "HEAD" or double.head_with_body:
                self.wfile.write(reply.body)

        do_HEAD = do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def on(pattern: str, *, method: str = "GET", **changes: Any) -> Break:
    """Return a break that changes the reply to some requests; a callable change gets the right body."""

    def broken(asked: str, path: str, reply: Reply) -> Reply:
        if asked != method or not re.search(pattern, path):
            return reply
        made = {name: change(reply.body) if callable(change) else change for name, change in changes.items()}
        return replace(reply, **made)

    return broken
