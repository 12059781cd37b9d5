"""The lowest layer over TLS: a connection that shakes hands before it stands, and then moves bytes as any other.

Each handshake is a whole one. Sessions are not resumed: with keep-alive it makes no difference, and without it every
request pays for what a client that the server has not seen before pays.
"""

import errno
import os
import socket
import ssl
from contextlib import suppress
from typing import Any

from controller.errors import LoadError, PlanError
from controller.load.wire.address import Origin
from controller.load.wire.connection import NOT_NOW, Connection
from controller.plan.trust import Trust, tls_words

# The most that one TLS record holds, and so the most that one call reads.
RECORD_BYTES = 16 * 1024


def secure_context(trust: Trust, *, alpn: str) -> ssl.SSLContext:
    """Return what all connections of a trial share; alpn is the protocol that servers are offered.

    Raises LoadError for authorities that hold no certificate.
    """
    try:
        context = trust.context()
    except PlanError as error:
        raise LoadError(str(error)) from error
    context.set_alpn_protocols([alpn])
    return context


class SecureConnection(Connection):
    """A TLS connection to one origin: `opened` comes after the handshake, and what goes wrong in it is of kind tls."""

    __slots__ = ("_context", "_late", "_tls")

    def __init__(self, loop: Any, origin: Origin, context: ssl.SSLContext) -> None:
        super().__init__(loop, origin)
        # Of no type that is public: the object beneath ssl.SSLSocket, since that one costs a tenth of the speed.
        self._context: Any = context
        self._tls: Any = None
        self._late: OSError

    def close(self) -> None:
        """Say farewell as TLS wants it, without waiting for the server's, and close the socket."""
        leaving, self._tls = self._tls, None
        if leaving is not None and self.is_open:
            # It says SSLWantReadError in any case that is good.
            with suppress(OSError):
                leaving.shutdown()
        super().close()

    def _stand(self, opened: socket.socket) -> None:
        self._tls = self._context._wrap_socket(opened, False, self._origin.host)
        self._loop.add_reader(opened, self._shake_hands)
        self._shake_hands()

    def _shake_hands(self) -> None:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            self._unwatch_writes()
        except ssl.SSLWantWriteError:
            self._watch_writes(self._shake_hands)
        except OSError as error:
            self._fail("tls", f"in the handshake: {tls_words(error)}")
        else:
            self._unwatch_writes()
            self.alpn = self._tls.selected_alpn_protocol()
            self._begin(self._read, self._tls.write)

    def _read(self, most_bytes: int) -> bytes:
        """Return the next record, and what follows a full one as far as it is there.

        No call takes less than a whole record, so that nothing stays in OpenSSL which the loop would not announce.
        """
        try:
            data: bytes = self._tls.read(RECORD_BYTES)
        except ssl.SSLEOFError as error:
            return self._end(error)
        if len(data) < RECORD_BYTES or most_bytes == RECORD_BYTES:
            return data
        parts, left_bytes = [data], most_bytes - RECORD_BYTES
        while len(data) == RECORD_BYTES <= left_bytes:
            try:
                data = self._tls.read(RECORD_BYTES)
            except NOT_NOW:
                break
            except OSError as error:
                # First what has come; the error is told once, and so kept for the next read.
                self._late, self._recv = error, self._read_late
                break
            parts.append(data)
            left_bytes -= RECORD_BYTES
        return b"".join(parts)

    def _read_late(self, _: int) -> bytes:
        if isinstance(self._late, ssl.SSLEOFError):
            return self._end(self._late)
        raise self._late

    def _end(self, error: ssl.SSLEOFError) -> bytes:
        """Return the end of the stream, where it came without the farewell that TLS has for it: many servers do so.

        Before 3.12.3 Python says the same of a connection that was reset, which is an OSError as on TCP.
        """
        # OpenSSL 1.1 has no reason for an end either, but there the peer can still be named.
        if not error.reason and not self._has_peer():
            raise ConnectionResetError(errno.ECONNRESET, os.strerror(errno.ECONNRESET)) from error
        return b""

    def _has_peer(self) -> bool:
        try:
            return self._socket is not None and bool(self._socket.getpeername())
        except OSError:
            return False
