"""Servers that behave as they are told, on loopback: each connection follows a script, and answers are counted."""

import os
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from types import TracebackType
from typing import Self

_BACKLOG = 512


class Gone(Exception):
    """The client has closed its side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as a server read it; the names of fields are in small letters."""

    method: str
    path: str
    fields: dict[str, str]
    body: bytes


class Caller:
    """One accepted connection, as a script sees it; number counts from 0 in the order of their coming."""

    def __init__(self, server: "ScriptedServer", connection: socket.socket, number: int) -> None:
        self.number = number
        self.server = server
        self._connection = connection
        self._unread = bytearray()
        # How long the heads of requests were, each length once.
        self.heads: set[int] = set()

    def begin_of_request(self) -> None:
        """Wait for the first bytes of a request. Raises Gone at the end of the connection."""
        if not self._unread:
            self._receive()

    def request(self) -> str:
        """Read the head of a request and return its path. Raises Gone at the end of the connection."""
        return self._head().split(b" ", 2)[1].decode()

    def asked(self, *, before_the_body: bytes = b"") -> Asked:
        """Read one whole request with its body; what is to come before the body is sent once the head is there."""
        line, *lines = self._head().decode("latin-1").split("\r\n")
        fields = {name.lower(): value for name, _, value in (one.partition(": ") for one in lines)}
        if before_the_body:
            self.send(before_the_body)
        size = int(fields.get("content-length", "0"))
        while len(self._unread) < size:
            self._receive()
        body = bytes(self._unread[:size])
        del self._unread[:size]
        method, path, _ = line.split(" ")
        return Asked(method=method, path=path, fields=fields, body=body)

    def _head(self) -> bytes:
        looked_at = 0
        while (end := self._unread.find(b"\r\n\r\n", max(0, looked_at - 3))) < 0:
            looked_at = len(self._unread)
            self._receive()
        head = bytes(self._unread[:end])
        del self._unread[: end + 4]
        self.heads.add(len(head))
        self.server.count("requests")
        return head

    def _receive(self) -> None:
        if not (data := self._connection.recv(1 << 16)):
            raise Gone
        self._unread += data

    def some(self) -> bytes:
        """Read whatever comes next. Raises Gone at the end of the connection."""
        if not (data := self._connection.recv(1 << 16)):
            raise Gone
        return data

    def answer(self, data: bytes, *, pieces: int = 1) -> None:
        """Send one whole answer, in so many pieces, and count it."""
        # Counted first: whoever has read it must find it counted.
        self.server.count("answered")
        size = -(-len(data) // pieces)
        for begin in range(0, len(data), size):
            self.send(data[begin : begin + size])
            if pieces > 1:
                self.server.stopped.wait(0.0005)

    def send(self, data: bytes) -> None:
        """Send bytes that are no whole answer."""
        self._connection.sendall(data)

    def wait(self, seconds: float) -> None:
        """Do nothing for a while, or until the server ends."""
        self.server.stopped.wait(seconds)

    def wait_for_the_close(self) -> None:
        """Read on until the client closes."""
        while self._connection.recv(1 << 16):
            pass
        raise Gone

    def reset(self) -> None:
        """Break the connection with a RST."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._connection.close()
        raise Gone

    def bid_farewell(self) -> None:
        """Say over TLS that nothing more comes, wait for the client to say so too, and close."""
        assert isinstance(self._connection, ssl.SSLSocket)
        self._connection.unwrap().close()
        raise Gone

    def send_beneath(self, data: bytes) -> None:
        """Send bytes on the socket beneath TLS."""
        with socket.socket(fileno=os.dup(self._connection.fileno())) as beneath:
            beneath.sendall(data)

    def close(self) -> None:
        """Close the connection in order; over TLS without the word that it has for it."""
        self._connection.close()
        raise Gone


Script = Callable[[Caller], None]


class ScriptedServer:
    """Runs a script for each connection, in a thread of its own; the script is over when it returns or raises Gone.

    answered counts whole answers, requests those that came whole, accepted the connections. With a context it speaks
    TLS, and the script begins after the handshake.
    """

    def __init__(self, script: Script, *, port: int = 0, context: ssl.SSLContext | None = None) -> None:
        self._script = script
        self._lock = threading.Lock()
        self._numbers = count()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", port), backlog=_BACKLOG)
        self.port: int = self._listener.getsockname()[1]
        self._context = context
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self.port}"
        self.stopped = threading.Event()
        self.answered = self.requests = self.accepted = 0

    def __enter__(self) -> Self:
        """Begin to accept."""
        self._run(self._accept)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Break all connections and end all threads."""
        self.stopped.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            left = list(self._open)
        for connection in left:
            # shutdown wakes the thread that reads; close alone would not.
            _shut(connection)
        for thread in self._threads:
            thread.join(10)
            assert not thread.is_alive()

    def count(self, what: str) -> None:
        """Add one to a counter."""
        with self._lock:
            setattr(self, what, getattr(self, what) + 1)

    def _run(self, function: Callable[[], None]) -> None:
        thread = threading.Thread(target=function, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self._lock:
                self._open.add(connection)
                self.accepted += 1
            self._run(lambda connection=connection: self._serve(connection))  # type: ignore[misc]

    def _serve(self, connection: socket.socket) -> None:
        served = connection
        try:
            if self._context is not None:
                served = self._secured(connection, self._context)
            self._script(Caller(self, served, next(self._numbers)))
        except (Gone, OSError):
            pass
        finally:
            with self._lock:
                self._open.discard(served)
            served.close()

    def _secured(self, connection: socket.socket, context: ssl.SSLContext) -> socket.socket:
        with self._lock:
            self._open.discard(connection)
            secured = context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
            self._open.add(secured)
        secured.do_handshake()
        return secured


def _shut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        return


@contextmanager
def closed_port() -> Iterator[int]:
    """Yield a port at which nobody listens, kept from others for as long as the block runs."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


def answer_of(body: bytes = b"ok", *, status: int = 200, close: bool = False) -> bytes:
    """Return a plain answer with its length."""
    connection = "close" if close else "keep-alive"
    return b"HTTP/1.1 %d X\r\nContent-Length: %d\r\nConnection: %s\r\n\r\n%s" % (
        status,
        len(body),
        connection.encode(),
        body,
    )


def chunked_answer(body: bytes = b"ok") -> bytes:
    """Return an answer in chunks of one byte."""
    chunks = b"".join(b"1\r\n%c\r\n" % byte for byte in body)
    return b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
