"""The open streams of one HTTP/2 connection: requests on their way out, and answers put together and checked."""

from typing import Final, Protocol

from controller.load.wire import frames
from controller.load.wire.answer import Malformed
from controller.load.wire.ask import CHECK_EVERY, Ask
from controller.load.wire.blocks import Blocks
from controller.load.wire.fields import NO_TABLE
from controller.load.wire.frames import BrokenProtocol, pack_number
from controller.load.wire.reply import Reply
from controller.load.wire.stream import Stream
from controller.load.wire.uploads import Uploads

# Our windows, large enough that no server waits for us, and how much is taken before they are topped up.
WINDOW_BYTES: Final = 1 << 24
TOP_UP_BYTES: Final = WINDOW_BYTES // 2
LAST_STREAM: Final = frames.MOST_WINDOW
# Beyond this one it is looked at each time whether the numbers run out.
FEW_STREAMS_LEFT: Final = LAST_STREAM - 1_000_000
_MOST_REMEMBERED: Final = 1024


class Hears(Protocol):
    """Who hears of streams that cannot go on by themselves."""

    def finished(self, stream: Stream) -> None:
        """Hear that a stream was answered and is not reusable."""

    def freed(self) -> None:
        """Hear that a stream has come to its end otherwise, which makes room for another one."""

    def refused(self, stream: Stream) -> None:
        """Hear that the server took no notice of a request: it is to be asked again."""


class Streams:
    """The open streams of one connection, by number.

    next is the number of the stream that is opened next; out is what is to be sent; taken counts the bytes of bodies
    since the connection's window was topped up; fruitful says whether anything was answered.
    """

    def __init__(self, hears: Hears, uploads: Uploads) -> None:
        self.open: dict[int, Stream] = {}
        self.out: list[bytes] = []
        self.blocks = Blocks()
        self.taken = 0
        self.fruitful = False
        self._hears = hears
        self._uploads = uploads
        self.next = 1
        # Streams of which frames may still come, though nobody waits for them any more.
        self._given_up: set[int] = set()

    @property
    def used_up(self) -> bool:
        """Whether numbers run out: those that are left are for what follows on the open streams."""
        return self.next + 2 * len(self.open) > LAST_STREAM

    def ask(self, stream: Stream, ask: Ask) -> None:
        """Open a stream for a request."""
        stream.ask = ask
        stream.number = number = self.next
        parts = ask.parts
        if number == 1:
            parts = frames.header_parts(NO_TABLE + ask.request, ended=not ask.body)
        self.next = number + 2
        self.open[number] = stream
        self.out.append(pack_number(number).join(parts))
        if ask.body:
            self.out.append(self._uploads.begin(number, ask.body))

    def answered(self, stream: Stream, now_ns: int, size: int) -> None:
        """Take a stream whose answer is right and whole, and ask what follows: on the hot path of the protocol."""
        number, stream.number = stream.number, 0
        del self.open[number]
        if stream.ask.body:
            self._end_upload(number)
        self.fruitful = True
        following = stream.lane.answered(now_ns, size)
        if following is not None:
            self.ask(stream, following)
        elif not stream.reusable:
            self._hears.finished(stream)

    def drop(self, stream: Stream, code: int) -> None:
        """Give up a stream, whatever of it may still come."""
        self.out.append(frames.rst_stream(stream.number, code))
        self._uploads.forget(stream.number)
        self._given_up.add(stream.number)
        self._close(stream)

    def take_unseen(self, last: int) -> list[Stream]:
        """Take out the streams after the last one that the server answers; they keep what they ask."""
        unseen = [stream for number, stream in self.open.items() if number > last]
        for stream in unseen:
            self._uploads.forget(stream.number)
            self._given_up.add(stream.number)
            self._close(stream)
        return unseen

    def fail(self, now_ns: int, kind: str, text: str) -> None:
        """Say of all streams that they broke with their connection."""
        for stream in list(self.open.values()):
            begun = kind == "reset" and stream.reply is not None
            self._close(stream)
            stream.lane.failed(now_ns, "short_body" if begun else kind, text)

    def take(self, kind: int, flags: int, number: int, payload: bytes, now_ns: int) -> None:
        """Take a frame of a stream, whatever its answer looks like. Raises BrokenProtocol."""
        stream = self.open.get(number)
        is_block = self.blocks.take(kind, flags, number, payload)
        if kind == frames.DATA:
            self.taken += len(payload)
        if kind == frames.RST_STREAM:
            self._reset(number, frames.number_of(payload, "RST_STREAM"), now_ns)
        elif stream is None:
            if kind in (frames.DATA, frames.HEADERS):
                self._check_closed(number)
        elif is_block or kind == frames.DATA:
            self._take_part(stream, flags, payload, is_block=is_block, now_ns=now_ns)

    def _take_part(self, stream: Stream, flags: int, payload: bytes, *, is_block: bool, now_ns: int) -> None:
        ask, reply = stream.ask, stream.reply
        if reply is None:
            learned = ask.learned
            keep = ask.sampled and not learned.unchecked
            reply = stream.reply = Reply(keep=keep, bodiless=ask.bodiless)
            learned.unchecked = (learned.unchecked or CHECK_EVERY) - 1
        try:
            if is_block:
                reply.size += self.blocks.size
                reply.take_block(self.blocks.block, ended=self.blocks.ended)
            else:
                reply.size += frames.HEAD_BYTES + len(payload)
                data = frames.content_of(frames.DATA, flags, payload)
                reply.take_data(data, ended=bool(flags & frames.END_STREAM))
        except Malformed as error:
            self.drop(stream, frames.PROTOCOL_ERROR)
            stream.lane.failed(now_ns, "malformed", str(error))
            self._hears.freed()
            return
        if reply.done:
            self._finish(stream, reply, now_ns)
        elif not is_block:
            self._top_up(stream.number, reply, len(payload))

    def _finish(self, stream: Stream, reply: Reply, now_ns: int) -> None:
        stream.reply, ask = None, stream.ask
        wrong = ask.verdict(reply.status, reply.body_bytes, reply.body, reply.coding)
        if wrong is None:
            # Nothing but one frame of the head and one of the body, the layout that is known at a glance.
            if reply.size == 2 * frames.HEAD_BYTES + len(reply.block) + reply.body_bytes:
                layouts = ask.learned.layouts
                if len(layouts) >= _MOST_REMEMBERED:
                    layouts.clear()
                layouts[reply.block] = reply.body_bytes
            self.answered(stream, now_ns, reply.size)
            return
        del self.open[stream.number]
        self._end_upload(stream.number)
        self.fruitful, stream.number = True, 0
        reusable = stream.reusable
        stream.lane.failed(now_ns, *wrong)
        if not reusable:
            self._hears.finished(stream)

    def _reset(self, number: int, code: int, now_ns: int) -> None:
        stream = self.open.get(number)
        if stream is None:
            if not 0 < number < self.next:
                raise BrokenProtocol(frames.PROTOCOL_ERROR, f"RST_STREAM on stream {number}, which nobody opened")
            return
        self._uploads.forget(number)
        self._close(stream)
        if code == frames.REFUSED_STREAM:
            self._hears.refused(stream)
            return
        stream.lane.failed(now_ns, "protocol", f"the server reset the stream: {frames.error_name(code)}")
        self._hears.freed()

    def _check_closed(self, number: int) -> None:
        """Frames on a stream that was given up are late; on any other one they are against the rules."""
        if number not in self._given_up:
            raise BrokenProtocol(frames.STREAM_CLOSED, f"a frame of an answer on stream {number}, which is not open")

    def _top_up(self, number: int, reply: Reply, taken: int) -> None:
        reply.untopped += taken
        if reply.untopped >= TOP_UP_BYTES:
            self.out.append(frames.window_update(number, reply.untopped))
            reply.untopped = 0

    def _end_upload(self, number: int) -> None:
        """Send nothing more of a body whose answer has come already."""
        if self._uploads.forget(number):
            self.out.append(frames.rst_stream(number, frames.CANCEL))
            self._given_up.add(number)

    def _close(self, stream: Stream) -> None:
        del self.open[stream.number]
        stream.end()
