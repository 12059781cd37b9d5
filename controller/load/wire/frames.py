"""HTTP/2's frames as bytes: reading their heads and payloads, writing those that a client sends. Source: RFC 9113."""

from collections.abc import Iterator
from struct import Struct, error
from typing import Final

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM = ACK = 0x1
END_HEADERS, PADDED, PRIORITISED = 0x4, 0x8, 0x20

HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE = 1, 2, 3, 4, 5

ERRORS: Final = (
    *("NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR", "SETTINGS_TIMEOUT", "STREAM_CLOSED"),
    *("FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL", "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM"),
    *("INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"),
)
NO_ERROR, PROTOCOL_ERROR, _, FLOW_CONTROL_ERROR, _, STREAM_CLOSED, FRAME_SIZE_ERROR = range(7)
REFUSED_STREAM, CANCEL, COMPRESSION_ERROR = 7, 8, 9

PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEAD_BYTES: Final = 9
# What every peer takes, and what ours may send: larger frames gain nothing.
FRAME_BYTES: Final = 16_384
MOST_WINDOW: Final = 2**31 - 1
FIRST_WINDOW: Final = 65_535

# A frame's head as three numbers: length << 8 | kind, flags, stream.
read_head: Final = Struct(">IBI").unpack_from
pack_number: Final = Struct(">I").pack
_HEAD: Final = Struct(">IBI")
_PAIR: Final = Struct(">HI")
_TWO: Final = Struct(">II")
_NUMBER: Final = Struct(">I")


class BrokenProtocol(Exception):
    """What the peer sent is no HTTP/2, or breaks its rules: the connection is of no use any more."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


def error_name(code: int) -> str:
    """Return what an error code is called, or its number where it has no name."""
    return ERRORS[code] if code < len(ERRORS) else f"error {code:#x}"


def frame(kind: int, payload: bytes = b"", *, flags: int = 0, stream: int = 0) -> bytes:
    """Return one frame."""
    return _HEAD.pack(len(payload) << 8 | kind, flags, stream) + payload


def settings(values: dict[int, int]) -> bytes:
    """Return a SETTINGS frame."""
    return frame(SETTINGS, b"".join(_PAIR.pack(*pair) for pair in values.items()))


def window_update(stream: int, more_bytes: int) -> bytes:
    """Return a WINDOW_UPDATE frame; stream 0 is the connection."""
    return frame(WINDOW_UPDATE, pack_number(more_bytes), stream=stream)


def rst_stream(stream: int, code: int) -> bytes:
    """Return a RST_STREAM frame."""
    return frame(RST_STREAM, pack_number(code), stream=stream)


def goaway(code: int) -> bytes:
    """Return a GOAWAY frame of a client that was never pushed a stream."""
    return frame(GOAWAY, _TWO.pack(0, code))


def header_parts(block: bytes, *, ended: bool) -> tuple[bytes, ...]:
    """Return the frames of a header block without their stream: its number, packed, joins the parts.

    ended says that the request has no body.
    """
    pieces = [block[at : at + FRAME_BYTES] for at in range(0, len(block), FRAME_BYTES)]
    parts = [b""]
    for index, piece in enumerate(pieces):
        flags = END_HEADERS if index == len(pieces) - 1 else 0
        if index == 0 and ended:
            flags |= END_STREAM
        head = frame(CONTINUATION if index else HEADERS, piece, flags=flags)[: HEAD_BYTES - 4]
        parts[-1] += head
        parts.append(piece)
    return tuple(parts)


def check_frame(kind: int, size: int, data: bytes, *, settled: bool) -> None:
    """Raise BrokenProtocol where the frame that data begins with is too large, or the first one and no SETTINGS."""
    if not settled and (kind != SETTINGS or size > FRAME_BYTES):
        raise BrokenProtocol(PROTOCOL_ERROR, f"expected the SETTINGS that HTTP/2 begins with, found {data[:40]!r}")
    if size > FRAME_BYTES:
        raise BrokenProtocol(FRAME_SIZE_ERROR, f"a frame of {size} bytes, more than {FRAME_BYTES}")


def setting_pairs(payload: bytes) -> Iterator[tuple[int, int]]:
    """Yield what a SETTINGS frame sets. Raises BrokenProtocol for a length that cannot be."""
    if len(payload) % _PAIR.size:
        raise BrokenProtocol(FRAME_SIZE_ERROR, f"SETTINGS of {len(payload)} bytes")
    yield from _PAIR.iter_unpack(payload)


def number_of(payload: bytes, what: str) -> int:
    """Return the only number of a RST_STREAM or WINDOW_UPDATE frame."""
    try:
        (number,) = _NUMBER.unpack(payload)
    except error:
        raise BrokenProtocol(FRAME_SIZE_ERROR, f"{what} of {len(payload)} bytes") from None
    return int(number)


def goaway_of(payload: bytes) -> tuple[int, int]:
    """Return the last stream that is still answered after a GOAWAY, and its error code."""
    if len(payload) < _TWO.size:
        raise BrokenProtocol(FRAME_SIZE_ERROR, f"GOAWAY of {len(payload)} bytes")
    last, code = _TWO.unpack_from(payload)
    return last & MOST_WINDOW, code


def content_of(kind: int, flags: int, payload: bytes) -> bytes:
    """Return the payload of a DATA or HEADERS frame without padding and priority."""
    begin = end = 0
    if flags & PADDED:
        begin, end = 1, payload[0] if payload else 0
    if kind == HEADERS and flags & PRIORITISED:
        begin += 5
    if begin + end > len(payload):
        raise BrokenProtocol(PROTOCOL_ERROR, f"padding or priority beyond a frame of {len(payload)} bytes")
    return payload[begin : len(payload) - end]
