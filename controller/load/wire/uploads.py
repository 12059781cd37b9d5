"""Bodies of HTTP/2 requests on their way: no more of them is sent than the server's windows take."""

from collections.abc import Iterator
from typing import Final

from controller.load.wire.frames import (
    DATA,
    END_STREAM,
    FIRST_WINDOW,
    FLOW_CONTROL_ERROR,
    FRAME_BYTES,
    MOST_WINDOW,
    PROTOCOL_ERROR,
    BrokenProtocol,
    frame,
)

_NOTHING: Final = b""


class _Upload:
    """A body that the windows have not let through yet; window is its stream's."""

    __slots__ = ("at", "body", "window")

    def __init__(self, body: bytes, window: int) -> None:
        self.body = body
        self.at = 0
        self.window = window


class Uploads:
    """The bodies of one connection. What may be sent is returned as frames: first come, first served."""

    def __init__(self) -> None:
        self._left: dict[int, _Upload] = {}
        self._window = FIRST_WINDOW
        self._first_window = FIRST_WINDOW

    def begin(self, stream: int, body: bytes) -> bytes:
        """Take the body of a new stream; returns what of it may be sent now."""
        self._left[stream] = _Upload(body, self._first_window)
        # Those that came before have nothing more to send, or no window for it.
        return self._frames(stream)

    def credit(self, stream: int, more_bytes: int) -> bytes:
        """Widen a window by what a WINDOW_UPDATE says; stream 0 is the connection."""
        if more_bytes == 0:
            raise BrokenProtocol(PROTOCOL_ERROR, f"WINDOW_UPDATE of 0 bytes on stream {stream}")
        if stream == 0:
            self._window = _in_bounds(self._window + more_bytes)
            return self._all_frames()
        # A stream whose body has gone does not care for its window any more.
        if (upload := self._left.get(stream)) is None:
            return _NOTHING
        upload.window = _in_bounds(upload.window + more_bytes)
        return self._frames(stream)

    def set_first_window(self, first_window: int) -> bytes:
        """Take SETTINGS_INITIAL_WINDOW_SIZE, which changes every window by as much, also to below 0."""
        change, self._first_window = _in_bounds(first_window) - self._first_window, first_window
        for upload in self._left.values():
            upload.window = _in_bounds(upload.window + change)
        return self._all_frames()

    def forget(self, stream: int) -> bool:
        """Send nothing more of a stream's body; returns whether any of it was left."""
        return self._left.pop(stream, None) is not None

    def _all_frames(self) -> bytes:
        return b"".join([self._frames(stream) for stream in list(self._left)])

    def _frames(self, stream: int) -> bytes:
        upload = self._left[stream]
        sent = b"".join(self._pieces(stream, upload))
        if upload.at == len(upload.body):
            del self._left[stream]
        return sent

    def _pieces(self, stream: int, upload: _Upload) -> Iterator[bytes]:
        while (size := min(FRAME_BYTES, len(upload.body) - upload.at, upload.window, self._window)) > 0:
            piece = upload.body[upload.at : upload.at + size]
            upload.at += size
            upload.window -= size
            self._window -= size
            yield frame(DATA, piece, flags=END_STREAM if upload.at == len(upload.body) else 0, stream=stream)


def _in_bounds(window: int) -> int:
    if window > MOST_WINDOW:
        raise BrokenProtocol(FLOW_CONTROL_ERROR, f"a window of {window} bytes")
    return window
