"""What an HTTP/2 connection is told about itself: settings, pings, windows. It knows nothing of answers."""

from collections.abc import Callable, Mapping
from typing import Final

from controller.load.wire import frames
from controller.load.wire.frames import (
    ACK,
    FLOW_CONTROL_ERROR,
    FRAME_BYTES,
    FRAME_SIZE_ERROR,
    MOST_WINDOW,
    PROTOCOL_ERROR,
    BrokenProtocol,
)
from controller.load.wire.uploads import Uploads

# No limit of the protocol, but of numbers: what a server takes that names none.
_NO_LIMIT: Final = MOST_WINDOW
_PING_BYTES: Final = 8


class Control:
    """The server's settings as they stand, and what is sent in return to frames that change them.

    settled says whether its first SETTINGS have come; most_streams is what it takes at a time.
    """

    def __init__(self, uploads: Uploads) -> None:
        self.settled = False
        self.most_streams = _NO_LIMIT
        self._uploads = uploads
        self._takes: Mapping[int, Callable[[int, int, bytes], bytes]] = {
            frames.SETTINGS: self._take_settings,
            frames.PING: _take_ping,
            frames.WINDOW_UPDATE: self._take_window,
            frames.PUSH_PROMISE: _refuse_push,
        }

    def take(self, kind: int, flags: int, stream: int, payload: bytes) -> bytes:
        """Take a frame and return what is to be sent in return; frames of unknown kinds are none of our business."""
        take = self._takes.get(kind)
        return b"" if take is None else take(flags, stream, payload)

    def _take_settings(self, flags: int, stream: int, payload: bytes) -> bytes:
        if stream:
            raise BrokenProtocol(PROTOCOL_ERROR, f"SETTINGS on stream {stream}")
        if flags & ACK:
            if payload:
                raise BrokenProtocol(FRAME_SIZE_ERROR, "an acknowledgement of SETTINGS that sets something")
            return b""
        sent = b"".join([self._set(key, value) for key, value in frames.setting_pairs(payload)])
        self.settled = True
        return frames.frame(frames.SETTINGS, flags=ACK) + sent

    def _set(self, key: int, value: int) -> bytes:
        if key == frames.MAX_CONCURRENT_STREAMS:
            self.most_streams = value
        elif key == frames.INITIAL_WINDOW_SIZE:
            if value > MOST_WINDOW:
                raise BrokenProtocol(FLOW_CONTROL_ERROR, f"SETTINGS_INITIAL_WINDOW_SIZE {value}")
            return self._uploads.set_first_window(value)
        elif (key == frames.ENABLE_PUSH and value) or (
            key == frames.MAX_FRAME_SIZE and not FRAME_BYTES <= value < 1 << 24
        ):
            raise BrokenProtocol(PROTOCOL_ERROR, f"SETTINGS {key} = {value}")
        return b""

    def _take_window(self, _: int, stream: int, payload: bytes) -> bytes:
        more_bytes = frames.number_of(payload, "WINDOW_UPDATE") & MOST_WINDOW
        return self._uploads.credit(stream, more_bytes)


def _take_ping(flags: int, stream: int, payload: bytes) -> bytes:
    if stream:
        raise BrokenProtocol(PROTOCOL_ERROR, f"PING on stream {stream}")
    if len(payload) != _PING_BYTES:
        raise BrokenProtocol(FRAME_SIZE_ERROR, f"PING of {len(payload)} bytes")
    return b"" if flags & ACK else frames.frame(frames.PING, payload, flags=ACK)


def _refuse_push(_: int, stream: int, __: bytes) -> bytes:
    raise BrokenProtocol(PROTOCOL_ERROR, f"PUSH_PROMISE on stream {stream}, though pushes were refused")
