"""The lowest layer: one non-blocking socket, watched by the loop, that moves bytes and nothing else.

This is a connection over plain TCP, secure.py has the one over TLS.
"""

import errno
import os
import socket
import ssl
import struct
from collections.abc import Callable
from typing import Any, Protocol

from controller.load.wire.address import Origin
from controller.load.wire.broken import broken, connect_error
from controller.load.wire.native import native_socket

# One read holds most answers whole; a larger buffer would be allocated for each of them in vain.
READ_BYTES = 16 * 1024
# A connection whose answers fill its reads takes more with each, up to this.
MOST_READ_BYTES = 256 * 1024
# The struct linger of socket(7): on, 0 seconds.
_AT_ONCE = struct.pack("ii", 1, 0)
# Nothing to read, or no room to write, just now: as a socket says it, and as TLS does.
NOT_NOW = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Peer(Protocol):
    """What a connection tells the layer above it."""

    def opened(self) -> None:
        """Say that the connection can be written to."""

    def received(self, data: bytes) -> None:
        """Hand over bytes as they came."""

    def ended(self) -> None:
        """Say that the server closed its side."""

    def failed(self, kind: str, text: str) -> None:
        """Say that the connection broke: a kind of error, and the system's words."""


class Connection:
    """A TCP connection to one origin; it can be opened again after it was closed.

    loop needs add_reader, remove_reader, add_writer, remove_writer and call_soon. alpn is the protocol that both
    sides chose while it was opened; None where nothing was chosen, as always without TLS.
    """

    __slots__ = (
        "_loop",
        "_origin",
        "_read_bytes",
        "_recv",
        "_send",
        "_sender",
        "_socket",
        "_unsent",
        "_writing",
        "alpn",
        "is_open",
        "peer",
        "received",
    )

    def __init__(self, loop: Any, origin: Origin) -> None:
        self._loop = loop
        self._origin = origin
        self._socket: socket.socket | None = None
        self._unsent = b""
        self._read_bytes = READ_BYTES
        self._writing = False
        self.is_open = False
        self.alpn: str | None = None
        self.peer: Peer
        self.received: Callable[[bytes], None]
        self._recv: Callable[[int], bytes]
        self._send: Callable[[bytes], int]
        # What _send is while nothing is unsent.
        self._sender: Callable[[bytes], int]

    @property
    def is_opening(self) -> bool:
        """Whether `opened` or `failed` is still to come."""
        return self._socket is not None and not self.is_open

    def attach(self, peer: Peer) -> None:
        """Name who is told what happens here."""
        self.peer = peer
        self.received = peer.received

    def open(self) -> None:
        """Begin to connect; the peer hears `opened` or `failed` later, never from within this call."""
        if self._origin.address is None:
            self._fail_soon("dns", self._origin.unresolved)
            return
        family, sockaddr = self._origin.address
        try:
            self._socket = native_socket(family, socket.SOCK_STREAM)
            self._socket.setblocking(False)
            if family != socket.AF_UNIX:
                self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            code = self._socket.connect_ex(sockaddr)
        except OSError as error:
            code = error.errno or errno.EIO
        if code in (0, errno.EINPROGRESS):
            self._watch_writes(self._connected)
        else:
            self._fail_soon(connect_error(code), os.strerror(code))

    def send(self, data: bytes) -> None:
        """Send bytes now, or as soon as the socket takes them."""
        # Read before it is called: Python 3.11 has no short way to call what a slot holds.
        send = self._send
        try:
            sent = send(data)
        except NOT_NOW:
            sent = 0
        except OSError as error:
            self._fail_soon(*broken(error))
            return
        if sent != len(data):
            self._unsent = data[sent:]
            # What is sent before the rest has gone, since the answer came early, must queue behind it.
            self._send = self._queue
            self._watch_writes(self._flush)

    def widen(self, got_bytes: int) -> None:
        """Take more with each read from now on where one that brought so many bytes was full.

        An answer that comes whole in one read is known at a glance, one in pieces is looked through.
        """
        if got_bytes >= self._read_bytes:
            self._read_bytes = min(2 * self._read_bytes, MOST_READ_BYTES)

    def more(self) -> bytes:
        """Return what else has come by now, b"" where that is nothing; an end is told later, as ever."""
        recv = self._recv
        try:
            data = recv(self._read_bytes)
        except NOT_NOW:
            return b""
        except OSError:
            data = b""
        if not data:
            self.read_soon()
        return data

    def read_soon(self) -> None:
        """Look for more bytes, or the end, without waiting for the loop to announce them.

        When bytes and a reset come together, uvloop (0.22) lets read once and then watches no more: whoever
        still waits for something after a read must ask for it.
        """
        self._loop.call_soon(self._read_if, self._socket)

    def forget(self) -> None:
        """Have the kernel forget the connection at once when it is closed: the server sees a reset.

        A kept connection that is closed as usual stays in TIME_WAIT for a minute, and the next trial waits until few
        are left. Only for one on which nothing is awaited: what is under way in either direction is lost.
        """
        if self._socket is not None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)

    def close(self) -> None:
        """Close the socket; the peer hears nothing more of it."""
        gone, self._socket, self.is_open, self._unsent = self._socket, None, False, b""
        if gone is None:
            return
        self._loop.remove_reader(gone)
        if self._writing:
            self._loop.remove_writer(gone)
            self._writing = False
        gone.close()

    def _connected(self) -> None:
        self._unwatch_writes()
        opened = self._socket
        if opened is None:
            return
        if code := opened.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._fail(connect_error(code), os.strerror(code))
        else:
            self._stand(opened)

    def _stand(self, opened: socket.socket) -> None:
        """Go on once TCP stands."""
        self._begin(opened.recv, opened.send)

    def _begin(self, recv: Callable[[int], bytes], send: Callable[[bytes], int]) -> None:
        """Move bytes from now on, in these ways."""
        self.is_open = True
        self._recv, self._send = recv, send
        self._sender = send
        self._loop.add_reader(self._socket, self._readable)
        self.peer.opened()

    def _readable(self) -> None:
        recv = self._recv
        try:
            data = recv(self._read_bytes)
        except NOT_NOW:
            return
        except OSError as error:
            self._fail(*broken(error))
            return
        if data:
            received = self.received
            received(data)
        else:
            self.peer.ended()

    def _read_if(self, which: socket.socket | None) -> None:
        if which is self._socket and self.is_open:
            self._readable()

    def _queue(self, data: bytes) -> int:
        self._unsent += data
        return len(data)

    def _flush(self) -> None:
        rest, self._unsent = self._unsent, b""
        self._unwatch_writes()
        if self._socket is not None and self.is_open:
            self._send = self._sender
            self.send(rest)

    def _fail_soon(self, kind: str, text: str) -> None:
        # Told later: the caller is in the middle of its own step. By then the socket may be another one.
        self._loop.call_soon(self._fail_if, self._socket, kind, text)

    def _fail_if(self, which: socket.socket | None, kind: str, text: str) -> None:
        if which is self._socket:
            self._fail(kind, text)

    def _fail(self, kind: str, text: str) -> None:
        self.close()
        self.peer.failed(kind, text)

    def _watch_writes(self, callback: Callable[[], None]) -> None:
        self._loop.add_writer(self._socket, callback)
        self._writing = True

    def _unwatch_writes(self) -> None:
        if self._writing and self._socket is not None:
            self._loop.remove_writer(self._socket)
        self._writing = False
