"""Scripts for servers that speak HTTP/2: how a connection is treated."""

from collections.abc import Callable

from tests.load.h2_peer import H2Peer, Request
from tests.load.servers import Caller, Script


class H2Caller:
    """One accepted connection of HTTP/2, as a script sees it; h2 is its protocol, for what is not said here."""

    def __init__(self, caller: Caller, settings: dict[int, int]) -> None:
        self.caller = caller
        self.peer = H2Peer(settings=settings)
        self.h2 = self.peer.h2
        self.flush()

    def flush(self) -> None:
        """Send what is to be sent."""
        if data := self.peer.to_send():
            self.caller.send(data)

    def request(self) -> Request:
        """Wait for the next whole request. Raises Gone at the end of the connection."""
        while not self.peer.whole:
            self.peer.receive(self.caller.some())
            self.flush()
        self.caller.server.count("requests")
        return self.peer.whole.pop(0)

    def begin_of_request(self) -> Request:
        """Wait until a request has begun, and return it as far as it has come."""
        while not self.peer.begun:
            self.peer.receive(self.caller.some())
            self.flush()
        return next(iter(self.peer.begun.values()))

    def requests(self, many: int) -> list[Request]:
        """Wait for so many requests."""
        return [self.request() for _ in range(many)]

    def answer(self, request: Request, body: bytes = b"ok", **more: object) -> None:
        """Answer a request and count it."""
        self.caller.server.count("answered")
        self.peer.answer(request.stream, body, **more)  # type: ignore[arg-type]
        self.flush()

    def answer_all(self, body: bytes = b"ok", **more: object) -> None:
        """Answer every request until the client closes."""
        while True:
            self.answer(self.request(), body, **more)

    def wait_for_the_close(self) -> None:
        """Read on, and answer nothing but what the protocol asks for, until the client closes."""
        while True:
            self.peer.receive(self.caller.some())
            self.flush()


def speaks_h2(act: Callable[[H2Caller], None], settings: dict[int, int] | None = None) -> Script:
    """Return a script that treats each connection of HTTP/2 in some way."""
    return lambda caller: act(H2Caller(caller, settings or {}))


def answers_h2(body: bytes = b"ok", **more: object) -> Script:
    """Answer every request with the same."""
    return speaks_h2(lambda caller: caller.answer_all(body, **more))
