"""Header blocks that come in several frames: HEADERS, and CONTINUATION until one says that it is the last."""

from typing import Final

from controller.load.wire.frames import (
    COMPRESSION_ERROR,
    CONTINUATION,
    END_HEADERS,
    END_STREAM,
    HEAD_BYTES,
    HEADERS,
    PROTOCOL_ERROR,
    BrokenProtocol,
    content_of,
)

# A block longer than this is no answer of a sane server.
MOST_BLOCK_BYTES: Final = 64 * 1024


class Blocks:
    """Puts header blocks together, one after the other.

    stream is that of the block which is not whole yet, 0 between blocks. Of the last whole one, block is its bytes,
    ended whether the answer ends with it, and size the bytes of its frames.
    """

    __slots__ = ("block", "ended", "size", "stream")

    def __init__(self) -> None:
        self.stream = 0
        self.block = b""
        self.ended = False
        self.size = 0

    def take(self, kind: int, flags: int, stream: int, payload: bytes) -> bool:
        """Take any frame; returns whether it makes a block whole. Nothing else may come until a block is whole."""
        if kind == CONTINUATION and stream == self.stream != 0:
            self.block += payload
            self.size += HEAD_BYTES + len(payload)
        elif self.stream or kind == CONTINUATION:
            raise BrokenProtocol(PROTOCOL_ERROR, f"a frame on stream {stream} where a header block is not at its place")
        elif kind != HEADERS:
            return False
        else:
            self.block = content_of(kind, flags, payload)
            self.ended = bool(flags & END_STREAM)
            self.size = HEAD_BYTES + len(payload)
        if len(self.block) > MOST_BLOCK_BYTES:
            raise BrokenProtocol(COMPRESSION_ERROR, f"a header block of more than {MOST_BLOCK_BYTES} bytes")
        self.stream = 0 if flags & END_HEADERS else stream
        return self.stream == 0
