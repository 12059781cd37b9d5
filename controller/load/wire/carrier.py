"""The seam between protocol and load model: a carrier takes one request at a time, a lane says which and when.

HTTP/1.1 gives one carrier for each connection, HTTP/2 one for each stream of a connection.
"""

from typing import Protocol

from controller.load.wire.ask import Ask


class Lane(Protocol):
    """What the load model hears of its requests; now_ns is time.monotonic_ns of what happened."""

    def sent(self, now_ns: int) -> None:
        """Hear that a request which had to wait for its connection has gone."""

    def answered(self, now_ns: int, size: int) -> Ask | None:
        """Hear of an answer that is right, of `size` bytes; return what the carrier is to ask next, at once.

        None where nothing is to be asked now; it must be None where the carrier is not reusable.
        """

    def failed(self, now_ns: int, kind: str, text: str) -> None:
        """Hear of an attempt that was an error. Where the carrier is reusable it may be sent on at once."""

    def released(self) -> None:
        """Hear that a carrier which was not reusable after a whole answer can be sent on again."""


class Carrier(Protocol):
    """Carries one request at a time. reusable says whether a request would go out at once."""

    lane: Lane
    reusable: bool

    def prepare(self) -> None:
        """Connect ahead of the first request; a failure is not told, since the first request will meet it too."""

    def send(self, ask: Ask) -> bool:
        """Ask now and return True; or return False, connect as needed, and tell the lane when it was `sent`."""

    def abandon(self) -> str:
        """Give up what is being asked; returns the kind of error that this is: timeout or connect_timeout."""

    def look(self, now_ns: int) -> None:
        """Look whether something that was waited for has taken too long; called several times a second."""

    def close(self) -> None:
        """Hold no connection; nothing is being asked. It may be sent on again later."""
