"""A small real server to stand behind Nginx: it counts its connections, and keeps what it was asked."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

LONG = b'{"long":"' + b"quote " * 100 + b'"}'
SHORT = b'{"short":1}'
# Asked for these it closes the connection without an answer, or waits before it answers.
SILENT = "/silent"
SLOW = "/slow"


@dataclass(slots=True)
class Upstream:
    """What a running server has seen."""

    port: int = 0
    connections: int = 0
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [path for _, path, _ in self.asked]


@contextmanager
def upstream() -> Iterator[Upstream]:
    """Run a server for the time of the block."""
    seen = Upstream()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Head and body are written one after the other: the second must not wait for an acknowledgement.
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            seen.connections += 1

        def do_GET(self) -> None:
            seen.asked.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
            if self.path == SILENT:
                self.close_connection = True
                return
            if self.path == SLOW:
                time.sleep(0.3)
            status = 503 if "busy" in self.path else 200
            body = SHORT if "short" in self.path else LONG
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    seen.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield seen
    finally:
        server.shutdown()
        server.server_close()
