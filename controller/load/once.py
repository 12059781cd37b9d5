"""Single requests over HTTP/2, as stack/exchange.py asks over HTTP/1.1: each on a connection of its own."""

import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Self
from urllib.parse import urlsplit

from controller.load.job import Job, JobRequest
from controller.load.wire import frames
from controller.load.wire.answer import Malformed
from controller.load.wire.blocks import Blocks
from controller.load.wire.control import Control
from controller.load.wire.fields import fields_of
from controller.load.wire.frames import BrokenProtocol
from controller.load.wire.http2_request import http2_writer
from controller.load.wire.reply import Reply
from controller.load.wire.uploads import Uploads
from controller.plan.trust import Trust
from controller.stack.exchange import KEPT_BYTES, Answer, NoAnswerError

_STREAM: Final = 1
_READ_BYTES: Final = 64 * 1024
# A window that no answer to a single request fills.
_WINDOW: Final = frames.MOST_WINDOW
_HELLO: Final = (
    frames.PREFACE
    + frames.settings({frames.HEADER_TABLE_SIZE: 0, frames.ENABLE_PUSH: 0, frames.INITIAL_WINDOW_SIZE: _WINDOW})
    + frames.window_update(0, _WINDOW - frames.FIRST_WINDOW)
)


class Http2Client:
    """Asks one request after the other, and takes for each whatever comes back within a time. Use as a context."""

    def __init__(self, url: str, *, within_s: float, trust: Trust) -> None:
        self._url = url
        self._within_s = within_s
        self._trust = trust
        self.ends: tuple[str, str, int] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is left open between requests."""

    def ask(
        self, path: str, *, method: str = "GET", headers: Sequence[tuple[str, str]] = (), body: bytes = b""
    ) -> Answer:
        """Send a request and return its whole answer. Raises NoAnswerError without one."""
        text = body.decode()
        asked = JobRequest(method=method, path=path, weight=1.0, endpoint=path, body=text or None)
        job = Job(order=0, url=self._url, requests=(asked,), headers=tuple(headers), http="2")
        written = http2_writer(job, asked)(path, text)
        started_s = time.monotonic()
        try:
            with self._connected() as server:
                exchange = _Exchange(bodiless=method == "HEAD")
                server.sendall(_HELLO + frames.pack_number(_STREAM).join(written.parts) + exchange.begin(written.body))
                while not exchange.reply.done:
                    left_s = started_s + self._within_s - time.monotonic()
                    if left_s <= 0:
                        raise TimeoutError
                    server.settimeout(left_s)
                    server.sendall(exchange.take(server.recv(_READ_BYTES)))
        except TimeoutError as error:
            raise self._no_answer(f"no whole answer within {self._within_s:g} s", asked, gone=True) from error
        except (BrokenProtocol, Malformed) as error:
            raise self._no_answer(f"no HTTP/2: {error}", asked, gone=False) from error
        except OSError as error:
            raise self._no_answer(error.strerror or str(error), asked, gone=True) from error
        reply = exchange.reply
        return Answer(
            status=reply.status,
            content_type="",
            body=reply.kept[:KEPT_BYTES],
            body_bytes=reply.body_bytes,
            elapsed_s=time.monotonic() - started_s,
            kept_open=False,
            fields=fields_of(reply.block),
        )

    @contextmanager
    def _connected(self) -> Iterator[socket.socket]:
        parts = urlsplit(self._url)
        secure, host = parts.scheme == "https", parts.hostname or ""
        with socket.create_connection((host, parts.port or (443 if secure else 80)), self._within_s) as plain:
            ours, theirs = plain.getsockname(), plain.getpeername()
            self.ends = ours[0], theirs[0], theirs[1]
            if not secure:
                yield plain
                return
            context = self._trust.context()
            context.set_alpn_protocols(["h2"])
            with context.wrap_socket(plain, server_hostname=host) as wrapped:
                if (found := wrapped.selected_alpn_protocol()) != "h2":
                    raise OSError(f"expected the server to choose h2 by ALPN, found {found or 'no choice'}")
                yield wrapped

    def _no_answer(self, reason: str, asked: JobRequest, *, gone: bool) -> NoAnswerError:
        return NoAnswerError(reason, request=f"{asked.method} {asked.path}", gone=gone)


class _Exchange:
    """One request and its answer, as frames."""

    def __init__(self, *, bodiless: bool) -> None:
        self.reply = Reply(keep=True, bodiless=bodiless)
        self._uploads = Uploads()
        self._control = Control(self._uploads)
        self._blocks = Blocks()
        self._unread = b""

    def begin(self, body: bytes) -> bytes:
        """Return what may be sent of the request's body before the server has said anything."""
        return self._uploads.begin(_STREAM, body) if body else b""

    def take(self, data: bytes) -> bytes:
        """Take bytes from the server and return what is to be sent in return. Raises for what cannot be an answer."""
        if not data:
            raise ConnectionResetError("the connection closed without a whole answer")
        unread, out = self._unread + data, []
        while len(unread) >= frames.HEAD_BYTES and not self.reply.done:
            word, flags, stream = frames.read_head(unread)
            kind, end = word & 0xFF, frames.HEAD_BYTES + (word >> 8)
            frames.check_frame(kind, word >> 8, unread, settled=self._control.settled)
            if len(unread) < end:
                break
            out.append(self._take_frame(kind, flags, stream, unread[frames.HEAD_BYTES : end]))
            unread = unread[end:]
        self._unread = unread
        return b"".join(out)

    def _take_frame(self, kind: int, flags: int, stream: int, payload: bytes) -> bytes:
        if self._blocks.take(kind, flags, stream, payload):
            self.reply.take_block(self._blocks.block, ended=self._blocks.ended)
        elif kind == frames.DATA:
            self.reply.take_data(frames.content_of(kind, flags, payload), ended=bool(flags & frames.END_STREAM))
        elif kind == frames.RST_STREAM:
            code = frames.number_of(payload, "RST_STREAM")
            raise BrokenProtocol(code, f"the server reset the stream: {frames.error_name(code)}")
        elif kind == frames.GOAWAY and frames.goaway_of(payload)[0] < _STREAM:
            code = frames.goaway_of(payload)[1]
            raise BrokenProtocol(code, f"the server took leave of the connection: {frames.error_name(code)}")
        else:
            return self._control.take(kind, flags, stream, payload)
        return b""
