"""The protocol layer for HTTP/1.1: one request at a time on one connection, each answer checked.

Almost all answers of a trial look like one that was read before, so the way through here is short:
the same bytes as an answer that was verified whole, else the frame of one of the same size, else a head that
was read before with a body of the length it announces, else the full reading in answer.py.
"""

import time
from typing import TypeVar

from controller.load.wire.answer import CHUNKED, Answer, Malformed
from controller.load.wire.ask import CHECK_EVERY, Ask, Learned
from controller.load.wire.carrier import Lane
from controller.load.wire.connection import Connection
from controller.load.wire.tally import NS_PER_S

_MOST_REMEMBERED = 1024
# The end of a chunked body that came as one chunk.
_END = b"\r\n0\r\n\r\n"
# No bytes begin with one of no prefixes: what a server sends may begin with anything.
_NO_FRAME: tuple[tuple[()], bytes] = ((), b"")

K = TypeVar("K")
V = TypeVar("V")

_clock_ns = time.monotonic_ns


class Http1:
    """Turns the bytes of one connection into answers to one request after the other.

    ask is what is being asked, None between requests. reusable says whether the connection stands and may
    carry another request. The lane is named before anything is sent.
    """

    __slots__ = ("_answer", "_connection", "_releasing_ns", "_size", "ask", "lane", "reusable")

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.lane: Lane
        self.ask: Ask | None = None
        self.reusable = False
        self._answer: Answer | None = None
        self._size = 0
        # When the wait for the server's close began, after an answer that was the connection's last; else 0.
        self._releasing_ns = 0
        connection.attach(self)

    def prepare(self) -> None:
        """Connect ahead of the first request."""
        if not self._connection.is_open and not self._connection.is_opening:
            self._connection.open()

    def send(self, ask: Ask) -> bool:
        """Ask now and return True; or return False, connect as needed, and tell the lane when it was `sent`."""
        self.ask = ask
        if self.reusable:
            self._connection.send(ask.request)
            return True
        if not self._connection.is_opening:
            self._connection.close()
            self._connection.open()
        return False

    def abandon(self) -> str:
        """Give up what is being asked; returns the kind of error that this is."""
        kind = "timeout" if self._connection.is_open else "connect_timeout"
        self._drop()
        return kind

    def look(self, now_ns: int) -> None:
        """Close a connection whose last answer has come, and which the server was to close, but did not."""
        if self._releasing_ns and now_ns - self._releasing_ns > NS_PER_S:
            self._drop()
            self.lane.released()

    def close(self) -> None:
        """Close the connection, on which nothing is asked any more, without a trace."""
        self._connection.forget()
        self._drop()

    def _drop(self) -> None:
        """Close the connection and forget what was asked."""
        self._connection.close()
        self.ask = None
        self._answer = None
        self.reusable = False
        self._releasing_ns = 0

    def opened(self) -> None:
        """Hear from the connection that it stands, and send what waited for it."""
        self.reusable = True
        if self.ask is not None:
            self.lane.sent(_clock_ns())
            self._connection.send(self.ask.request)

    def received(self, data: bytes) -> None:
        """Take bytes of an answer: the hot path of the whole engine."""
        now_ns = _clock_ns()
        ask = self.ask
        if ask is not None and self._answer is None:
            size = len(data)
            if data == ask.whole:
                self.ask = ask = self.lane.answered(now_ns, size)
                if ask is not None:
                    self._connection.send(ask.request)
                return
            learned = ask.learned
            if learned.unchecked:
                prefix, suffix = learned.frames.get(size, _NO_FRAME)
                if (data.startswith(prefix) and (not suffix or data.endswith(suffix))) or _known(learned, data):
                    learned.unchecked -= 1
                    self.ask = ask = self.lane.answered(now_ns, size)
                    if ask is not None:
                        self._connection.send(ask.request)
                    return
        self._read(now_ns, data)

    def ended(self) -> None:
        """Hear from the connection that the server closed its side."""
        now_ns = _clock_ns()
        ask, answer, releasing = self.ask, self._answer, self._releasing_ns
        self._drop()
        if ask is None:
            if releasing:
                self.lane.released()
        elif answer is None or not answer.begun:
            self.lane.failed(now_ns, "reset", "the server closed the connection without an answer")
        elif answer.close():
            self._finish(now_ns, ask, answer, b"")
        else:
            self.lane.failed(now_ns, "short_body", f"the server closed after {self._size} bytes of an answer")

    def failed(self, kind: str, text: str) -> None:
        """Hear from the connection that it broke."""
        ask, releasing = self.ask, self._releasing_ns
        self._drop()
        if ask is not None:
            self.lane.failed(_clock_ns(), kind, text)
        elif releasing:
            self.lane.released()

    def _read(self, now_ns: int, data: bytes) -> None:
        ask = self.ask
        if ask is None:
            # Nobody asked: not an answer to anything, and what follows could not be told apart from one.
            releasing = self._releasing_ns
            self._drop()
            if releasing:
                self.lane.released()
            return
        answer = self._answer
        if answer is None:
            learned = ask.learned
            keep = ask.sampled and not learned.unchecked
            answer = self._answer = Answer(keep=keep, bodiless=ask.bodiless)
            learned.unchecked = (learned.unchecked or CHECK_EVERY) - 1
            self._size = 0
        self._size += len(data)
        try:
            answer.feed(data)
            if answer.rest:
                raise Malformed(f"{len(answer.rest)} bytes after the end of the answer")
        except Malformed as error:
            self._drop()
            self.lane.failed(now_ns, "malformed", str(error))
            return
        if answer.done:
            self._answer = None
            self._finish(now_ns, ask, answer, data)
        else:
            self._connection.widen(len(data))
            self._connection.read_soon()

    def _finish(self, now_ns: int, ask: Ask, answer: Answer, data: bytes) -> None:
        assert answer.head is not None
        self.ask = None
        if ask.closing and answer.head.keep_alive:
            # It was asked to close and does not say that it will.
            self._drop()
        self.reusable = answer.head.keep_alive and self._connection.is_open
        wrong = ask.verdict(answer.head.status, answer.body_bytes, answer.body, answer.head.coding)
        if wrong is None:
            self._learn(ask, answer, data)
            if (following := self.lane.answered(now_ns, self._size)) is not None:
                self.send(following)
        else:
            self.lane.failed(now_ns, *wrong)
        if not self.reusable and self.ask is None:
            self._release(now_ns)

    def _release(self, now_ns: int) -> None:
        """Let the server close first: its side keeps the address in TIME_WAIT, and ours stays free for the next."""
        if self._connection.is_open:
            self._releasing_ns = now_ns
            self._connection.read_soon()
        else:
            self.lane.released()

    def _learn(self, ask: Ask, answer: Answer, data: bytes) -> None:
        """Remember an answer that was right and came in one piece, so that one like it is known at a glance."""
        head = answer.head
        assert head is not None
        if ask.closing or not head.keep_alive or len(data) != self._size:
            return
        learned = ask.learned
        if not learned.shared and (answer.keep or not ask.sampled):
            ask.whole = data
        # An interim answer may stand before the head: such a size is not that of the answer alone.
        if head.body_bytes >= 0:
            _remember(learned.layouts, answer.raw_head, head.body_bytes)
            if len(answer.raw_head) + head.body_bytes == self._size:
                _remember(learned.frames, self._size, (answer.raw_head, b""))
        elif head.body_bytes == CHUNKED and data.startswith(answer.raw_head):
            prefix = data[: data.find(b"\r\n", len(answer.raw_head)) + 2]
            if len(prefix) + answer.body_bytes + len(_END) == self._size and data.endswith(_END):
                _remember(learned.frames, self._size, (prefix, _END))


def _remember(known: dict[K, V], key: K, value: V) -> None:
    if len(known) >= _MOST_REMEMBERED:
        known.clear()
    known[key] = value


def _known(learned: Learned, data: bytes) -> bool:
    """Whether an answer has a head that was read before and a body of the length which that announces."""
    end = data.find(b"\r\n\r\n") + 4
    body_bytes = learned.layouts.get(data[:end])
    return body_bytes is not None and len(data) == end + body_bytes
