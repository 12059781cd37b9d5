"""The link between the controller and Locust's master: JSON lines over one local socket.

Down go commands ({"do": ...}), up come events ({"event": ...}); a stream keeps their order, and a
window counts as handed over once the controller has written it to the journal.
"""

import json
import socket
from collections.abc import Mapping
from typing import Any

# The path of the controller's socket, in the environment of the master that it starts.
CONTROL_VARIABLE = "FASTSERVE_CONTROL"
_READ_BYTES = 1 << 16
# A line longer than this is a fault, not a message: a window of a thousand endpoints is far smaller.
MOST_LINE_BYTES = 64 * 1024 * 1024


class Link:
    """One end of the link. It blocks the calling thread, or greenlet where sockets are patched."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._buffer = bytearray()

    def send(self, message: Mapping[str, Any]) -> None:
        """Send one message. Raises OSError when the other side is gone."""
        self._socket.settimeout(None)
        self._socket.sendall(json.dumps(message, separators=(",", ":")).encode() + b"\n")

    def receive(self, timeout_s: float | None = None) -> dict[str, Any]:
        """Return the next message; raises TimeoutError when none comes in time, EOFError at the end of the link."""
        while (end := self._buffer.find(b"\n")) < 0:
            if len(self._buffer) > MOST_LINE_BYTES:
                raise EOFError("a line without an end")
            self._socket.settimeout(timeout_s)
            data = self._socket.recv(_READ_BYTES)
            if not data:
                raise EOFError("the link was closed")
            self._buffer += data
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        message: dict[str, Any] = json.loads(line)
        return message

    def close(self) -> None:
        """Close this end; the other side reads its end."""
        self._socket.close()
