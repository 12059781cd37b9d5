"""A small shop that wants a login: a token from POST /login, a list at /items, and the things that it links to.

It runs by itself with PORT and BIND, as a target does, over TLS where CERTIFICATE names the file of one. It counts
its answers by endpoint; GET /counts says them and is not counted itself. Other paths: / needs no token, /held answers
late, /broken fails.
"""

import asyncio
import json
import os
import secrets
import signal
import ssl
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

HELD_S = 0.3
ITEMS = [f"/items/{number}" for number in range(1, 21)]

answered = Counter[str]()
tokens: set[str] = set()


class Shop:
    """A running shop, seen from a test."""

    def __init__(self, url: str) -> None:
        self.url = url

    def counts(self) -> dict[str, int]:
        """Return how many requests it has answered, by endpoint."""
        anybody = ssl._create_unverified_context()
        with urllib.request.urlopen(f"{self.url}/counts", timeout=30, context=anybody) as answer:
            found: dict[str, int] = json.load(answer)
        return found


@contextmanager
def shop(certificate: Path | None = None) -> Iterator[Shop]:
    """Run a shop for the time of the block; over TLS with the file of a certificate."""
    env = {**os.environ, "PORT": "0", "BIND": "127.0.0.1"}
    if certificate is not None:
        env["CERTIFICATE"] = str(certificate)
    scheme = "http" if certificate is None else "https"
    command = [sys.executable, "-I", __file__]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield Shop(f"{scheme}://127.0.0.1:{process.stdout.readline().strip()}")
        finally:
            process.kill()


def answer_to(method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[str, int, object]:
    """Return the endpoint, the status and the body of the answer to a request."""
    if (method, path) == ("POST", "/login"):
        if json.loads(body) != {"name": "ann", "password": "correct horse"}:
            return path, 403, {"error": "no such user"}
        tokens.add(token := secrets.token_hex(8))
        return path, 200, {"token": token}
    if path == "/counts":
        return path, 200, dict(answered)
    if path in ("/", "/held"):
        return path, 200, {"ok": True}
    if path != "/items" and path not in ITEMS:
        return path, 500 if path == "/broken" else 404, {"error": "no"}
    endpoint = "/items" if path == "/items" else "/items/{id}"
    if headers.get("authorization", "").removeprefix("Bearer ") not in tokens:
        return endpoint, 401, {"error": "who are you?"}
    return endpoint, 200, {"items": ITEMS} if path == "/items" else {"id": path}


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer all requests of one connection."""
    try:
        while True:
            first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            method, target, _ = first.split(" ")
            path = target.partition("?")[0]
            if path == "/held":
                await asyncio.sleep(HELD_S)
            endpoint, status, value = answer_to(method, path, headers, body)
            text = json.dumps(value).encode()
            if endpoint != "/counts":
                # Counted first: whoever has the answer must find it counted.
                answered[endpoint] += 1
            writer.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n" % (status, len(text)) + text)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main() -> None:
    """Serve until SIGTERM; then write the counts to COUNT_FOLDER, where there is one."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    context = None
    if certificate := os.environ.get("CERTIFICATE"):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    server = await asyncio.start_server(serve, os.environ["BIND"], int(os.environ["PORT"]), ssl=context)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await ended.wait()
    if folder := os.environ.get("COUNT_FOLDER"):
        Path(folder, f"shop-{time.time_ns()}.json").write_text(json.dumps(answered))


if __name__ == "__main__":
    asyncio.run(main())
