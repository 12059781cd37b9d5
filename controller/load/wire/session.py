"""One connection of HTTP/2, from its preface to its end: frames read as they come, and sent together.

Almost all answers of a trial are a header block that was read before and one DATA frame of the length that went
with it: those are known at a glance. All requests that follow on the answers of one read leave in one send.
"""

import time
from typing import Final, Protocol

from controller.load.wire import frames
from controller.load.wire.ask import Ask
from controller.load.wire.connection import Connection
from controller.load.wire.control import Control
from controller.load.wire.frames import (
    END_HEADERS,
    END_STREAM,
    HEAD_BYTES,
    HEADERS,
    PROTOCOL_ERROR,
    BrokenProtocol,
    read_head,
)
from controller.load.wire.stream import Stream
from controller.load.wire.streams import FEW_STREAMS_LEFT, TOP_UP_BYTES, WINDOW_BYTES, Hears, Streams
from controller.load.wire.uploads import Uploads

_HELLO: Final = (
    frames.PREFACE
    + frames.settings({frames.HEADER_TABLE_SIZE: 0, frames.ENABLE_PUSH: 0, frames.INITIAL_WINDOW_SIZE: WINDOW_BYTES})
    + frames.window_update(0, WINDOW_BYTES - frames.FIRST_WINDOW)
)
_OF_STREAMS: Final = frozenset({frames.DATA, frames.HEADERS, frames.CONTINUATION, frames.RST_STREAM})

_clock_ns = time.monotonic_ns


class Owner(Hears, Protocol):
    """Who opens sessions, and hears what becomes of them."""

    def leaving(self, session: "Session", unseen: list[Stream]) -> None:
        """Hear that a session takes no new streams, and of which requests the server took no notice."""

    def gone(self, session: "Session", kind: str, text: str) -> None:
        """Hear that a session is over; its streams hear it afterwards."""


class Session:
    """One connection. Its streams begin once the server's SETTINGS have come, so that they are never too many.

    is_leaving says that no new stream may be opened. alpn is the protocol that both sides must have chosen.
    """

    def __init__(self, connection: Connection, owner: Owner, *, alpn: str | None = None) -> None:
        uploads = Uploads()
        self.control = Control(uploads)
        self.streams = Streams(owner, uploads)
        self.is_leaving = False
        self._connection = connection
        self._alpn = alpn
        self._owner = owner
        self._unread = b""
        self._is_reading = False
        # What the server said as it took leave because of an error.
        self._last_words = ""
        connection.attach(self)
        connection.open()

    @property
    def has_room(self) -> bool:
        """Whether another stream may be opened now."""
        control = self.control
        return control.settled and not self.is_leaving and len(self.streams.open) < control.most_streams

    def ask(self, stream: Stream, ask: Ask) -> None:
        """Open a stream for a request; it leaves now, or with the others that follow on what is being read."""
        self.streams.ask(stream, ask)
        if not self._is_reading:
            self._send()
            self._look_at_numbers()

    def cancel(self, stream: Stream) -> None:
        """Give up a request that is under way."""
        self.streams.drop(stream, frames.CANCEL)
        if not self._is_reading:
            self._send()

    def forget(self) -> None:
        """Leave no trace of the connection when it is closed, on which nothing is asked any more."""
        self._connection.forget()

    def close(self) -> None:
        """Close the connection; nobody hears of it."""
        for stream in self.streams.open.values():
            stream.end()
        self.streams.open.clear()
        self._connection.close()

    def opened(self) -> None:
        """Hear from the connection that it stands."""
        found = self._connection.alpn
        if found == self._alpn:
            self._connection.send(_HELLO)
        else:
            self._end("protocol", f"expected the server to choose {self._alpn} by ALPN, found {found or 'no choice'}")

    def ended(self) -> None:
        """Hear from the connection that the server closed its side."""
        self._read_begun()
        if self._last_words:
            self._end("protocol", self._last_words)
        else:
            self._end("reset", "the server closed the connection before the answer was whole")

    def failed(self, kind: str, text: str) -> None:
        """Hear from the connection that it broke."""
        self._end(kind, text)

    def received(self, data: bytes) -> None:
        """Take bytes as they came: whole frames are read, the rest waits for what follows."""
        streams = self.streams
        oldest = streams.next
        self._is_reading = True
        try:
            while True:
                got_bytes = len(data)
                self._read(self._unread + data if self._unread else data, _clock_ns())
                # While older requests are under way, other answers may have come: what follows on all is sent at once.
                if 2 * len(streams.open) <= streams.next - oldest or not (data := self._connection.more()):
                    break
        except BrokenProtocol as error:
            streams.out.append(frames.goaway(error.code))
            self._send()
            self._end("protocol", str(error))
            return
        finally:
            self._is_reading = False
        if streams.taken >= TOP_UP_BYTES:
            streams.out.append(frames.window_update(0, streams.taken))
            streams.taken = 0
        if streams.out:
            self._send()
        else:
            self._connection.read_soon()
        if self._unread:
            self._connection.widen(got_bytes)
        if streams.next > FEW_STREAMS_LEFT:
            self._look_at_numbers()

    def _read(self, data: bytes, now_ns: int) -> None:
        """Read all whole frames and keep the rest: the hot path of the protocol."""
        at, end, streams = 0, len(data), self.streams
        opened = streams.open
        while (begin := at + HEAD_BYTES) <= end:
            word, flags, number = read_head(data, at)
            after = begin + (word >> 8)
            if after > end:
                frames.check_frame(word & 0xFF, word >> 8, data[at:], settled=self.control.settled)
                break
            stream = opened.get(number)
            if flags == END_HEADERS and stream is not None and word & 0xFF == HEADERS and stream.reply is None:
                learned = stream.ask.learned
                body_bytes = learned.layouts.get(data[begin:after])
                if body_bytes is not None and learned.unchecked and not streams.blocks.stream:
                    last = after + HEAD_BYTES + body_bytes
                    if end < after + HEAD_BYTES:
                        break
                    # The word of a DATA frame is its length alone.
                    if read_head(data, after) == (body_bytes << 8, END_STREAM, number):
                        if end < last:
                            break
                        learned.unchecked -= 1
                        streams.taken += body_bytes
                        streams.answered(stream, now_ns, last - at)
                        at = last
                        continue
            self._take(word & 0xFF, flags, number & frames.MOST_WINDOW, data[begin:after], now_ns)
            at = after
        self._unread = data[at:]

    def _take(self, kind: int, flags: int, number: int, payload: bytes, now_ns: int) -> None:
        if not self._connection.is_open:
            # The last stream was let go in the middle of a read.
            return
        whole = frames.frame(kind, payload, flags=flags, stream=number)
        frames.check_frame(kind, len(payload), whole, settled=self.control.settled)
        if kind in _OF_STREAMS:
            self.streams.take(kind, flags, number, payload, now_ns)
            return
        self.streams.blocks.take(kind, flags, number, payload)
        if kind == frames.GOAWAY:
            self._take_leave(number, payload, now_ns)
            return
        room = self.control.most_streams if self.control.settled else -1
        if sent := self.control.take(kind, flags, number, payload):
            self.streams.out.append(sent)
        if room != self.control.most_streams:
            self._owner.freed()

    def _read_begun(self) -> None:
        """Take the whole frames of an answer of which the rest was waited for, so that it is known to have begun."""
        data, at = self._unread, 0
        while len(data) - at >= HEAD_BYTES and len(data) - at >= HEAD_BYTES + (read_head(data, at)[0] >> 8):
            word, flags, number = read_head(data, at)
            after = at + HEAD_BYTES + (word >> 8)
            self._take(word & 0xFF, flags, number, data[at + HEAD_BYTES : after], _clock_ns())
            at = after

    def _take_leave(self, number: int, payload: bytes, now_ns: int) -> None:
        if number:
            raise BrokenProtocol(PROTOCOL_ERROR, f"GOAWAY on stream {number}")
        last, code = frames.goaway_of(payload)
        unseen = self.streams.take_unseen(last)
        if code == frames.NO_ERROR:
            self._leave(unseen)
            return
        self._last_words = f"the server took leave of the connection: {frames.error_name(code)}"
        self._leave([])
        for stream in unseen:
            stream.lane.failed(now_ns, "protocol", self._last_words)

    def _look_at_numbers(self) -> None:
        if self.streams.used_up and not self.is_leaving:
            self._leave([])

    def _leave(self, unseen: list[Stream]) -> None:
        self.is_leaving = True
        self._owner.leaving(self, unseen)

    def _end(self, kind: str, text: str) -> None:
        self._connection.close()
        self._owner.gone(self, kind, text)
        self.streams.fail(_clock_ns(), kind, text)

    def _send(self) -> None:
        out, self.streams.out = self.streams.out, []
        if self._connection.is_open:
            self._connection.send(out[0] if len(out) == 1 else b"".join(out))
