"""Doubles at the two seams of the protocol layer: a connection that moves no bytes, a load model that writes down."""

from collections.abc import Callable

from controller.load.wire.ask import Ask
from controller.load.wire.http1 import Http1


class Socketless:
    """A double at the seam between protocol and connection: it takes what a protocol says and moves no bytes."""

    is_opening = False

    def __init__(self) -> None:
        self.is_open = True
        self.sent: list[bytes] = []

    def attach(self, peer: object) -> None:
        """Take the protocol."""

    def open(self) -> None:
        """Begin to connect, without ever coming to an end of it."""

    def send(self, data: bytes) -> None:
        """Keep what would be sent."""
        self.sent.append(data)

    def close(self) -> None:
        """Close."""
        self.is_open = False

    def widen(self, got_bytes: int) -> None:
        """Take more with each read."""

    def read_soon(self) -> None:
        """Look for more."""


class Heard:
    """A double at the seam between protocol and load model: it writes down what it hears, without the moment.

    following gives what is to be asked after a right answer, where the connection can carry it.
    """

    def __init__(self, following: Callable[[], Ask | None] = lambda: None) -> None:
        self.said: list[tuple[object, ...]] = []
        self.carrier: Http1 | None = None
        self._following = following

    def sent(self, now_ns: int) -> None:
        """Hear that a request has gone."""
        self.said.append(("sent",))

    def answered(self, now_ns: int, size: int) -> Ask | None:
        """Note a right answer."""
        self.said.append(("right", size))
        return self._following() if self.carrier is not None and self.carrier.reusable else None

    def failed(self, now_ns: int, kind: str, text: str) -> None:
        """Note an error."""
        self.said.append((kind, text))

    def released(self) -> None:
        """Note that a connection is gone."""
        self.said.append(("released",))

    @property
    def kinds(self) -> list[object]:
        """What was heard, without sizes and words."""
        return [what for what, *_ in self.said]
