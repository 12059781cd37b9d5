"""One request compiled for the wire, and what an answer to it must be like: what models hand to protocols."""

from collections.abc import Callable
from typing import NamedTuple

from controller.load.wire.tally import EndpointTally
from controller.plan.coding import plain_body
from controller.plan.contract import Difference

# Of this many answers of a request, one has its body compared.
CHECK_EVERY = 64


class Written(NamedTuple):
    """A request as its protocol sends it: see Ask."""

    request: bytes
    parts: tuple[bytes, ...] = ()
    body: bytes = b""


class Learned:
    """What right answers to one kind of request looked like, to know the next ones by, as the protocol sees fit.

    frames has, by the size of an answer, the bytes before its body and after it; layouts has the length of the body
    by the head. unchecked counts how many answers are still to come before one has its body compared. Where it is
    shared by several requests, none of them keeps a whole answer: ten thousand of them would fill the memory.
    """

    __slots__ = ("frames", "layouts", "shared", "unchecked")

    def __init__(self, *, shared: bool = False) -> None:
        self.shared = shared
        self.frames: dict[int, tuple[bytes, bytes]] = {}
        self.layouts: dict[bytes, int] = {}
        self.unchecked = 0


class Ask:
    """One request, compiled to the bytes of its protocol, and what an answer to it must be like.

    status 0 asks for any 2xx; body_bytes None takes any length; closing says that the request asks the server
    to close the connection; bodiless that no answer to it has a body (HEAD); check returns None for a right
    body, else what says what was expected and found. With check None bodies are not looked at.

    accepted are the codings that it accepts. Of a body that comes coded, length and check are those of what it was
    before, so that both hold for sampled answers only; and those are decoded in any case, to see that they can be.
    sampled says whether any are.

    In HTTP/2 request is the header block, parts are its frames (frames.header_parts), and body follows them.
    whole is a right answer in full, empty before the first one. learned is shared by all requests that differ in
    nothing but drawn values and are to be answered with the same status and length.
    """

    __slots__ = (
        "accepted",
        "bodiless",
        "body",
        "body_bytes",
        "check",
        "closing",
        "learned",
        "parts",
        "request",
        "sampled",
        "status",
        "tally",
        "whole",
    )

    def __init__(
        self,
        request: bytes,
        tally: EndpointTally,
        *,
        status: int = 0,
        body_bytes: int | None = None,
        closing: bool = False,
        parts: tuple[bytes, ...] = (),
        body: bytes = b"",
        bodiless: bool = False,
        accepted: frozenset[str] = frozenset(),
        check: Callable[[bytes], object | None] | None = None,
        learned: Learned | None = None,
    ) -> None:
        self.request = request
        self.parts = parts
        self.body = body
        self.tally = tally
        self.status = status
        self.body_bytes = body_bytes
        self.closing = closing
        self.bodiless = bodiless
        self.accepted = accepted
        self.check = check
        self.sampled = check is not None or bool(accepted)
        self.whole = b""
        self.learned = learned or Learned()

    def verdict(self, status: int, body_bytes: int, body: bytes | None, coding: str = "") -> tuple[str, str] | None:
        """Return the kind of error and its words, or None for an answer that is right.

        body_bytes is the length of the whole body; body is None where it was not kept, and then not compared. coding
        is what its head says, see coding_of: to HEAD a server may say it of a body that does not come.
        """
        if status != self.status if self.status else not 200 <= status < 300:
            return "wrong_status", f"expected status {self.status or '2xx'}, found {status}"
        if coding and body_bytes:
            expects = self.check is not None or self.body_bytes is not None
            plain = plain_body(body, coding, accepted=self.accepted, looked_into=expects)
            if isinstance(plain, Difference):
                return "wrong_body", str(plain)
            if plain is None:
                return None
            body_bytes, body = len(plain), plain
        if self.body_bytes is not None and body_bytes != self.body_bytes:
            return "wrong_length", f"expected {self.body_bytes} bytes, found {body_bytes}"
        if self.check is not None and body is not None and (found := self.check(body)) is not None:
            return "wrong_body", str(found)
        return None
