"""A server for the tests: it keeps the endpoint contract with nothing but Python, or breaks it as MISBEHAVE says.

It is copied into a project's servers/ and run from there. Redis and MySQL it does without: it keeps and reads itself.
MISBEHAVE is one of MISBEHAVIOURS; COUNT_FOLDER, where it is set, gets a file with the number of requests that were
answered, and one with the environment, when it ends.
"""

import asyncio
import json
import os
import random
import re
import signal
import socket
import sqlite3
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs

MISBEHAVIOURS = ("", "dies", "lies", "fails", "breaks", "deaf", "elsewhere", "forks", "haunts")
# Under load means after so many requests: a check before a trial stays well below it.
UNDER_LOAD = 400
WHOLE_NUMBER = re.compile("[0-9]{1,9}")

misbehaviour = os.environ.get("MISBEHAVE", "")
cache_backend = os.environ["CACHE_BACKEND"]
# How long an answer of /api/health takes at least.
pace_s = float(os.environ.get("PACE_MS", "0")) / 1000
cache: dict[str, tuple[float, bytes]] = {}
answered = Counter[str]()


def fib(n: int) -> int:
    """Compute as the contract wants it: naively."""
    return n if n < 2 else fib(n - 1) + fib(n - 2)


def value_of(key: str) -> str:
    """Return the value of a key by the contract's formula."""
    hashed = 0xCBF29CE484222325
    for byte in key.encode():
        hashed = (hashed ^ byte) * 0x100000001B3 % 2**64
    return f"{hashed:016x}" * 5


def compact(value: object) -> bytes:
    """Return JSON as the contract wants it."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def answer(status: int, body: bytes, content_type: str = "application/json") -> bytes:
    """Return a whole answer."""
    kept = "Connection: keep-alive\r\n" if "SAYS_KEPT" in os.environ else ""
    head = f"HTTP/1.1 {status} Any\r\n{kept}Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def refused(status: int) -> bytes:
    """Return an error as the contract wants it."""
    return answer(status, b'{"error":"no"}')


HEALTH = answer(200, b"ok", "text/plain")


def whole_number(text: str, least: int, most: int) -> int | None:
    """Return a parameter's number, None where it is none or out of range."""
    return int(text) if WHOLE_NUMBER.fullmatch(text) and least <= int(text) <= most else None


def compute(query: dict[str, list[str]]) -> bytes:
    """Answer /api/compute."""
    n = whole_number(query.get("n", ["40"])[0], 0, 45)
    if n is None:
        return refused(400)
    begun_s = time.perf_counter()
    result = fib(n) + (misbehaviour == "breaks")
    elapsed_ms = (time.perf_counter() - begun_s) * 1000
    return answer(200, f'{{"input":{n},"result":{result},"elapsedMs":{elapsed_ms:.3f}}}'.encode())


def row() -> dict[str, object]:
    """Read one random row."""
    (found,) = database.execute("SELECT id, author, content FROM quotes WHERE id = ?", (random.randint(1, 1000),))
    return dict(zip(("id", "author", "content"), found, strict=True))


def rows(query: dict[str, list[str]]) -> bytes:
    """Answer /api/db."""
    if "count" not in query:
        return answer(200, compact(row()))
    count = whole_number(query["count"][0], 1, 500)
    return refused(400) if count is None else answer(200, compact([row() for _ in range(count)]))


async def cached(query: dict[str, list[str]]) -> bytes:
    """Answer /api/cache."""
    key = query.get("key", ["default"])[0]
    if not key:
        return refused(400)
    until_s, entry = cache.get(key, (0.0, b""))
    if until_s > time.monotonic():
        return answer(200, b'{"source":"cache",' + entry)
    await asyncio.sleep(int(os.environ["CACHE_MISS_MS"]) / 1000)
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    entry = compact({"value": value_of(key), "cachedAt": now})[1:]
    if cache_backend != "none":
        cache[key] = (time.monotonic() + int(os.environ["CACHE_TTL_S"]), entry)
    return answer(200, b'{"source":"origin",' + entry)


def metrics() -> bytes:
    """Return what was answered, by route, as Prometheus reads it."""
    counts = (f'requests_total{{route="{path}"}} {n}\n' for path, n in answered.items() if path.startswith("/"))
    return answer(200, f"# TYPE requests_total counter\n{''.join(counts)}".encode(), "text/plain")


async def respond(method: str, target: str) -> bytes:
    """Return the answer to one request."""
    path, _, query_text = target.partition("?")
    if path == "/metrics" and os.environ.get("METRICS") == "full":
        return metrics()
    if path not in ("/api/health", "/api/compute", "/api/cache", "/api/db", *OWN_ROUTES):
        return refused(404)
    if method != "GET":
        return refused(405)
    if misbehaviour == "fails" or path == os.environ.get("REFUSE"):
        return refused(500)
    if path == "/api/health":
        if pace_s:
            await asyncio.sleep(pace_s)
        return answer(200, b"no", "text/plain") if misbehaviour == "lies" and answered["all"] > UNDER_LOAD else HEALTH
    if path in OWN_ROUTES:
        return answer(200, os.environ["OWN_GREETING"].encode(), "text/plain")
    query = parse_qs(query_text, keep_blank_values=True)
    if path == "/api/cache":
        return await cached(query)
    return compute(query) if path == "/api/compute" else rows(query)


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer all requests of one connection."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            method, target, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
            said = await respond(method, target)
            answered.update(("all", target.partition("?")[0]))
            writer.write(said if method != "HEAD" else said.partition(b"\r\n\r\n")[0] + b"\r\n\r\n")
            await writer.drain()
            if misbehaviour == "dies" and answered["all"] == UNDER_LOAD:
                asyncio.get_running_loop().call_later(1.0, die)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


def die() -> None:
    """End as a server ends that ran out of something."""
    sys.stderr.write("ran out of luck\n")
    sys.stderr.flush()
    os._exit(7)


def leave_a_daemon() -> None:
    """Leave a process in a session of its own; one that haunts is not ended by SIGTERM."""
    if os.fork():
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    signal.signal(signal.SIGTERM, signal.SIG_IGN if misbehaviour == "haunts" else signal.SIG_DFL)
    time.sleep(600)


async def main() -> None:
    """Serve until SIGTERM."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    port = int(os.environ["TAKEN_PORT" if misbehaviour == "elsewhere" else "PORT"])
    await asyncio.start_server(serve, os.environ["BIND"], port, family=socket.AF_INET)
    await ended.wait()
    if folder := os.environ.get("COUNT_FOLDER"):
        place = Path(folder) / f"{Path(__file__).parent.name}-{time.time_ns()}"
        place.with_suffix(".count").write_text(str(answered["all"]))
        place.with_suffix(".environment").write_text(json.dumps(dict(os.environ)))


assert misbehaviour in MISBEHAVIOURS
OWN_ROUTES = ("/hello", "/up") if "OWN_GREETING" in os.environ else ()
if "SQLITE_PATH" in os.environ:
    database = sqlite3.connect(f"file:{os.environ['SQLITE_PATH']}?mode=ro", uri=True)
if misbehaviour in ("forks", "haunts"):
    leave_a_daemon()
if misbehaviour == "deaf":
    time.sleep(600)
asyncio.run(main())
