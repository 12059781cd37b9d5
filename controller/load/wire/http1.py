"""The protocol layer for HTTP/1.1: one request at a time on one connection, each answer checked.

Almost all answers of a trial look like one that was read before, so the way through here is short:
the same bytes as an answer that was verified whole, else the frame of one of the same size, else a head that
was read before with a body of the length it announces, else the full reading in answer.py.
"""

import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from controller.load.wire.answer import CHUNKED, Answer, Malformed
from controller.load.wire.connection import Connection
from controller.load.wire.tally import EndpointTally

# Of this many answers of a request, one has its body compared.
CHECK_EVERY = 64
_MOST_REMEMBERED = 1024
# The end of a chunked body that came as one chunk.
_END = b"\r\n0\r\n\r\n"
# No answer begins with it.
_NO_FRAME = (b"\0", b"")

K = TypeVar("K")
V = TypeVar("V")

_clock_ns = time.monotonic_ns


class Ask:
    """One request, compiled to bytes, and what an answer to it must be like.

    status 0 asks for any 2xx; body_bytes None takes any length; closing says that the request asks the server
    to close the connection; check returns None for a right body,
    else what was expected and found. With check None bodies are not looked at.

    What right answers looked like is kept to know the next ones by: whole is one in full; frames has, by the size
    of an answer, the bytes before its body and after it; layouts has the length of the body by the head.
    unchecked counts how many answers are still to come before one has its body compared.
    """

    __slots__ = (
        "body_bytes",
        "check",
        "closing",
        "frames",
        "layouts",
        "request",
        "status",
        "tally",
        "unchecked",
        "whole",
    )

    def __init__(
        self,
        request: bytes,
        tally: EndpointTally,
        *,
        status: int = 0,
        body_bytes: int | None = None,
        closing: bool = False,
        check: Callable[[bytes], str | None] | None = None,
    ) -> None:
        self.request = request
        self.tally = tally
        self.status = status
        self.body_bytes = body_bytes
        self.closing = closing
        self.check = check
        self.unchecked = 0
        self.whole = b""
        self.frames: dict[int, tuple[bytes, bytes]] = {}
        self.layouts: dict[bytes, int] = {}

    def verdict(self, answer: Answer) -> tuple[str, str] | None:
        """Return the kind of error and its words, or None for an answer that is right."""
        assert answer.head is not None
        status = answer.head.status
        if status != self.status if self.status else not 200 <= status < 300:
            return "wrong_status", f"expected status {self.status or '2xx'}, found {status}"
        if self.body_bytes is not None and answer.body_bytes != self.body_bytes:
            return "wrong_length", f"expected {self.body_bytes} bytes, found {answer.body_bytes}"
        if self.check is not None and (body := answer.body) is not None and (found := self.check(body)) is not None:
            return "wrong_body", found
        return None


class Lane(Protocol):
    """What the load model hears of its requests; now_ns is when the last byte came."""

    def opened(self) -> None:
        """Hear that requests can be sent."""

    def answered(self, now_ns: int, size: int) -> None:
        """Hear of an answer that is right, of `size` bytes."""

    def failed(self, now_ns: int, kind: str, text: str) -> None:
        """Hear of an attempt that was an error."""

    def released(self) -> None:
        """Hear that a connection which was not to be used again is closed."""


class Http1:
    """Turns the bytes of one connection into answers to one request after the other.

    ask is what is being asked, None between requests. reusable says whether the connection may carry
    another request.
    """

    __slots__ = ("_answer", "_size", "ask", "connection", "lane", "reusable")

    def __init__(self, connection: Connection, lane: Lane) -> None:
        self.connection = connection
        self.lane = lane
        self.ask: Ask | None = None
        self.reusable = True
        self._answer: Answer | None = None
        self._size = 0
        connection.attach(self)

    def opened(self) -> None:
        """Hear from the connection that it stands."""
        self.reusable = True
        self.lane.opened()

    def received(self, data: bytes) -> None:
        """Take bytes of an answer: the hot path of the whole engine."""
        now_ns = _clock_ns()
        ask = self.ask
        if ask is not None and self._answer is None:
            size = len(data)
            if data == ask.whole:
                self.lane.answered(now_ns, size)
                return
            if ask.unchecked:
                prefix, suffix = ask.frames.get(size, _NO_FRAME)
                if (data.startswith(prefix) and (not suffix or data.endswith(suffix))) or _known(ask, data):
                    ask.unchecked -= 1
                    self.lane.answered(now_ns, size)
                    return
        self._read(now_ns, data)

    def ended(self) -> None:
        """Hear from the connection that the server closed its side."""
        now_ns = _clock_ns()
        ask, answer = self.ask, self._answer
        self.drop()
        if ask is None:
            self.lane.released()
        elif answer is None or not answer.begun:
            self.lane.failed(now_ns, "reset", "the server closed the connection without an answer")
        elif answer.close():
            self._finish(now_ns, ask, answer, b"")
        else:
            self.lane.failed(now_ns, "short_body", f"the server closed after {self._size} bytes of an answer")

    def failed(self, kind: str, text: str) -> None:
        """Hear from the connection that it broke."""
        ask = self.ask
        self.drop()
        if ask is None and kind == "reset":
            self.lane.released()
        else:
            self.lane.failed(_clock_ns(), kind, text)

    def drop(self) -> None:
        """Close the connection and forget what was asked."""
        self.connection.close()
        self.ask = None
        self._answer = None
        self.reusable = False

    def _read(self, now_ns: int, data: bytes) -> None:
        ask = self.ask
        if ask is None:
            # Nobody asked: not an answer to anything, and what follows could not be told apart from one.
            self.drop()
            self.lane.released()
            return
        answer = self._answer
        if answer is None:
            answer = self._answer = Answer(keep=ask.check is not None and not ask.unchecked)
            ask.unchecked = (ask.unchecked or CHECK_EVERY) - 1
            self._size = 0
        self._size += len(data)
        try:
            answer.feed(data)
            if answer.rest:
                raise Malformed(f"{len(answer.rest)} bytes after the end of the answer")
        except Malformed as error:
            self.drop()
            self.lane.failed(now_ns, "malformed", str(error))
            return
        if answer.done:
            self._answer = None
            self._finish(now_ns, ask, answer, data)
        else:
            self.connection.widen(len(data))
            self.connection.read_soon()

    def _finish(self, now_ns: int, ask: Ask, answer: Answer, data: bytes) -> None:
        assert answer.head is not None
        self.ask = None
        if ask.closing and answer.head.keep_alive:
            # It was asked to close and does not say that it will.
            self.drop()
        self.reusable = answer.head.keep_alive and self.connection.is_open
        wrong = ask.verdict(answer)
        if wrong is None:
            self._learn(ask, answer, data)
            self.lane.answered(now_ns, self._size)
        else:
            self.lane.failed(now_ns, *wrong)

    def _learn(self, ask: Ask, answer: Answer, data: bytes) -> None:
        """Remember an answer that was right and came in one piece, so that one like it is known at a glance."""
        head = answer.head
        assert head is not None
        if ask.closing or not head.keep_alive or head.status == 101 or len(data) != self._size:
            return
        if answer.keep or ask.check is None:
            ask.whole = data
        # An interim answer may stand before the head: such a size is not that of the answer alone.
        if head.body_bytes >= 0:
            _remember(ask.layouts, answer.raw_head, head.body_bytes)
            if len(answer.raw_head) + head.body_bytes == self._size:
                _remember(ask.frames, self._size, (answer.raw_head, b""))
        elif head.body_bytes == CHUNKED and data.startswith(answer.raw_head):
            prefix = data[: data.find(b"\r\n", len(answer.raw_head)) + 2]
            if len(prefix) + answer.body_bytes + len(_END) == self._size and data.endswith(_END):
                _remember(ask.frames, self._size, (prefix, _END))


def _remember(known: dict[K, V], key: K, value: V) -> None:
    if len(known) >= _MOST_REMEMBERED:
        known.clear()
    known[key] = value


def _known(ask: Ask, data: bytes) -> bool:
    """Whether an answer has a head that was read before and a body of the length which that announces."""
    end = data.find(b"\r\n\r\n") + 4
    body_bytes = ask.layouts.get(data[:end])
    return body_bytes is not None and len(data) == end + body_bytes
