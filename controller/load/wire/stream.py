"""One of the requests that share connections of HTTP/2: the carrier that the load model holds."""

from typing import Protocol

from controller.load.wire.ask import Ask
from controller.load.wire.carrier import Lane
from controller.load.wire.reply import Reply


class Home(Protocol):
    """What streams share."""

    def prepare(self) -> None:
        """Connect ahead of the first request."""

    def take(self, stream: "Stream") -> bool:
        """Ask what the stream holds and return True, or do it later and return False."""

    def abandon(self, stream: "Stream") -> str:
        """Give up what the stream holds; returns the kind of error that this is."""

    def look(self, now_ns: int) -> None:
        """Look whether something takes too long."""

    def release(self, stream: "Stream") -> None:
        """Give up what the stream holds, if anything; hold no connection that no other stream needs."""


class Stream:
    """Carries one request after the other, each on a stream of its own number.

    ask is what is being asked, or was last; number is 0 while it is not under way; reply is its answer as far
    as it has come. The lane is named before anything is sent.
    """

    __slots__ = ("_home", "ask", "lane", "number", "reply", "reusable")

    def __init__(self, home: Home) -> None:
        self._home = home
        self.lane: Lane
        self.ask: Ask
        self.number = 0
        self.reply: Reply | None = None
        self.reusable = False

    def prepare(self) -> None:
        """Connect ahead of the first request."""
        self._home.prepare()

    def send(self, ask: Ask) -> bool:
        """Ask now and return True; or return False, and tell the lane when it was `sent`."""
        self.ask = ask
        return self._home.take(self)

    def abandon(self) -> str:
        """Give up what is being asked; returns the kind of error that this is."""
        return self._home.abandon(self)

    def look(self, now_ns: int) -> None:
        """Look whether something takes too long that all streams wait for."""
        self._home.look(now_ns)

    def close(self) -> None:
        """Give up what is being asked; the connection closes with the last of its streams."""
        self._home.release(self)

    def end(self) -> None:
        """Be under way no more."""
        self.number, self.reply = 0, None
