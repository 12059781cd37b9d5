"""A relay as a process before a server of the test's own, and what one looks at of it."""

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from controller.stack.ports import free_port
from controller.stack.relay_counts import NOTHING_YET, asking_now
from tests.stack.programs import until

WITHIN_S = 20.0


@dataclass(frozen=True, slots=True)
class Relayed:
    """A relay that listens on port and counts in a file."""

    port: int
    counts: Path
    process: "subprocess.Popen[bytes]"

    def connect(self) -> socket.socket:
        """Return a connection through it."""
        line = socket.create_connection(("127.0.0.1", self.port), timeout=WITHIN_S)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return line

    @property
    def asking(self) -> int | None:
        """How many connections wait for an answer."""
        return asking_now(self.counts)

    def cpu_s(self) -> float:
        """Return the CPU time it has used."""
        return int(Path(f"/proc/{self.process.pid}/schedstat").read_text().split()[0]) / 1e9


@contextmanager
def relaying(server_port: int, *, delay_ms: int, folder: Path) -> Iterator[Relayed]:
    """Run a relay for the time of the block."""
    counts, port = folder / "counts", free_port()
    counts.write_bytes(NOTHING_YET)
    argv = [sys.executable, "-m", "controller.stack.relay_process", str(port), str(server_port), str(delay_ms)]
    with subprocess.Popen([*argv, str(counts)]) as process:
        try:
            until(lambda: listens(port))
            yield Relayed(port, counts, process)
            assert process.poll() is None
        finally:
            process.kill()


def listens(port: int) -> bool:
    """Whether somebody takes connections."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=WITHIN_S).close()
    except ConnectionRefusedError:
        return False
    return True


@contextmanager
def served(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """Have a server that does so with each connection, in a thread of its own; yields its port."""

    def take() -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=attend, args=(line,), daemon=True).start()

    def attend(line: socket.socket) -> None:
        with line:
            try:
                serve(line)
            except OSError:
                return

    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        threading.Thread(target=take, daemon=True).start()
        try:
            yield listener.getsockname()[1]
        finally:
            listener.shutdown(socket.SHUT_RDWR)


def echo(line: socket.socket) -> None:
    """Send everything back."""
    while part := line.recv(1 << 16):
        line.sendall(part)


def received(line: socket.socket) -> bytes:
    """Return everything up to the end."""
    parts = []
    while part := line.recv(1 << 16):
        parts.append(part)
    return b"".join(parts)


def exactly(line: socket.socket, count: int) -> bytes:
    """Return so many bytes."""
    found = b""
    while len(found) < count and (part := line.recv(count - len(found))):
        found += part
    return found


def took_s(do: Callable[[], object]) -> float:
    """Return how long something takes."""
    began_s = time.monotonic()
    do()
    return time.monotonic() - began_s
