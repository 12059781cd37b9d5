"""Single requests to a server that may do anything: each ends within a time, whatever comes back."""

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from typing import Final, Protocol, Self
from urllib.parse import urlsplit

from controller.errors import FastServeError
from controller.plan.coding import coding_of
from controller.plan.contract import shown
from controller.plan.trust import BY_THIS_MACHINE, Trust, tls_words

KEPT_BYTES: Final = 1024 * 1024
_READ_BYTES: Final = 64 * 1024
# What a server does to one connection, http.client.RemoteDisconnected included.
_BROKEN: Final = (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError)


class NoAnswerError(FastServeError):
    """A request without a whole answer; gone says that asking for something else is of no use."""

    exit_code = 3

    def __init__(self, reason: str, *, request: str, gone: bool) -> None:
        super().__init__(reason)
        self.request = request
        self.gone = gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer. body holds the first KEPT_BYTES of body_bytes; elapsed_s is from the send to the last byte.

    Both are as they came, in the coding that the head names. fields are those of its head, names in small letters.
    """

    status: int
    content_type: str
    body: bytes
    body_bytes: int
    elapsed_s: float
    kept_open: bool
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def coding(self) -> str:
        """The coding of its body, as coding_of names it; empty for none."""
        return coding_of(self.fields.get("content-encoding", ""))


def connection_to(url: str, *, within_s: float, trust: Trust = BY_THIS_MACHINE) -> http.client.HTTPConnection:
    """Return a connection to the server of an http or https URL, not yet opened; within_s limits each of its steps."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme == "https":
        return http.client.HTTPSConnection(host, parts.port, timeout=within_s, context=trust.context())
    return http.client.HTTPConnection(host, parts.port, timeout=within_s)


class Asks(Protocol):
    """Asks single requests, in whichever protocol; see Client for ends."""

    @property
    def ends(self) -> tuple[str, str, int] | None:
        """Where the last connection stood, on both sides."""

    def ask(
        self, path: str, *, method: str = "GET", headers: Sequence[tuple[str, str]] = (), body: bytes = b""
    ) -> Answer:
        """Send a request and return its whole answer. Raises NoAnswerError without one."""


class Client:
    """One kept connection to a server, opened when it is needed and again when the server closed it.

    opened counts connections; ends are the address of this side, and address and port of the server, of the last one;
    over https certificates are verified as trust says. Use as a context; not for use by
    several threads.
    """

    def __init__(self, url: str, *, within_s: float, trust: Trust = BY_THIS_MACHINE) -> None:
        self._connection = connection_to(url, within_s=within_s, trust=trust)
        self._within_s = within_s
        self._cut = threading.Event()
        self.opened = 0
        self.ends: tuple[str, str, int] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def ask(
        self, path: str, *, method: str = "GET", headers: Sequence[tuple[str, str]] = (), body: bytes = b""
    ) -> Answer:
        """Send a request and return its whole answer. Raises NoAnswerError without one."""
        reused = self._connection.sock is not None
        try:
            return self._ask(path, method=method, headers=headers, body=body)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            # A kept connection may be closed by the server at any time: that is no answer refused.
            if reused and isinstance(error, (ConnectionError, ssl.SSLEOFError)) and not self._cut.is_set():
                return self.ask(path, method=method, headers=headers, body=body)
            gone = self._cut.is_set() or (isinstance(error, OSError) and not isinstance(error, _BROKEN))
            raise NoAnswerError(self._reason(error), request=f"{method} {path}", gone=gone) from error

    def _ask(self, path: str, *, method: str, headers: Sequence[tuple[str, str]], body: bytes) -> Answer:
        self._cut.clear()
        if self._connection.sock is None:
            self._connect()
        # A time limit on the socket begins anew with each byte; this one does not.
        watch = threading.Timer(self._within_s, self._end, args=(self._connection.sock,))
        watch.daemon = True
        watch.start()
        try:
            started_s = time.monotonic()
            self._send(path, method=method, headers=headers, body=body)
            return self._receive(started_s)
        finally:
            watch.cancel()

    def _connect(self) -> None:
        self._connection.connect()
        self.opened += 1
        ours, theirs = self._connection.sock.getsockname(), self._connection.sock.getpeername()
        self.ends = ours[0], theirs[0], theirs[1]

    def _send(self, path: str, *, method: str, headers: Sequence[tuple[str, str]], body: bytes) -> None:
        named = {name.lower() for name, _ in headers}
        self._connection.putrequest(method, path, skip_host="host" in named, skip_accept_encoding=True)
        if "connection" not in named:
            self._connection.putheader("Connection", "keep-alive")
        if (body or method in ("POST", "PUT", "PATCH")) and "content-length" not in named:
            self._connection.putheader("Content-Length", str(len(body)))
        for name, value in headers:
            self._connection.putheader(name, value)
        self._connection.endheaders(body)

    def _receive(self, started_s: float) -> Answer:
        response = self._connection.getresponse()
        body, body_bytes = bytearray(), 0
        while part := response.read(_READ_BYTES):
            body_bytes += len(part)
            body += part[: KEPT_BYTES - len(body)]
        if response.length or self._cut.is_set():
            raise http.client.IncompleteRead(bytes(body), response.length)
        return Answer(
            status=response.status,
            content_type=response.getheader("Content-Type", ""),
            body=bytes(body),
            body_bytes=body_bytes,
            elapsed_s=time.monotonic() - started_s,
            kept_open=not response.will_close,
            fields={name.lower(): value for name, value in response.getheaders()},
        )

    def _end(self, connected: socket.socket) -> None:
        self._cut.set()
        with suppress(OSError):
            connected.shutdown(socket.SHUT_RDWR)

    def _reason(self, error: OSError | http.client.HTTPException) -> str:
        if self._cut.is_set() or isinstance(error, TimeoutError):
            return f"no whole answer within {self._within_s:g} s"
        if isinstance(error, http.client.RemoteDisconnected):
            return "the connection closed without an answer"
        if isinstance(error, http.client.IncompleteRead):
            return f"a body that ends after {len(error.partial)} bytes"
        if isinstance(error, ssl.SSLError):
            return f"TLS failed: {tls_words(error)}"
        if isinstance(error, OSError):
            return error.strerror or str(error)
        return f"no HTTP ({type(error).__name__}: {shown(str(error).encode())})"


# What makes a client from url, within_s and trust.
Asking = Callable[..., AbstractContextManager[Asks]]
