"""A server of one's own for the tests: it takes orders as JSON, each number once, and writes them down when it ends.

It is copied into a project's servers/ and run from there.
"""

import json
import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

orders: list[dict[str, object]] = []
taken: set[object] = set()


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    # Head and body leave together: the other side would wait for a delayed acknowledgement between them.
    wbufsize = 65536

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """Say that the server is ready, or that there is no such order."""
        self._answer(200 if self.path.startswith("/up") else 404, {"error": "no"})

    do_HEAD = do_GET  # noqa: N815

    def do_POST(self) -> None:
        """Take an order whose number is new."""
        order = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        known = order["id"] in taken
        taken.add(order["id"])
        orders.append(order)
        self._answer(409 if known else 201, {"order": {**order, "state": "new"}})

    def _answer(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def end(*_: object) -> None:
    """Write down what was ordered, and end."""
    place = Path(os.environ["COUNT_FOLDER"]) / f"{Path(__file__).parent.name}.orders"
    place.write_text(json.dumps(orders))
    sys.stdout.flush()
    os._exit(0)


signal.signal(signal.SIGTERM, end)
ThreadingHTTPServer((os.environ["BIND"], int(os.environ["PORT"])), Handler).serve_forever()
