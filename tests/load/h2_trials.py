"""Whole exchanges over HTTP/2 made by chance, without sockets: our streams on one side, the h2 package on the other."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random

from h2.errors import ErrorCodes
from h2.settings import SettingCodes

from controller.load.wire.ask import Ask, Learned
from controller.load.wire.fields import request_block
from controller.load.wire.frames import header_parts
from controller.load.wire.http2 import Http2
from controller.load.wire.session import Session
from controller.load.wire.stream import Stream
from controller.load.wire.tally import EndpointTally
from tests.load.h2_peer import H2Peer, Request, goodbye, raw_frame

BODY_BYTES = 4
# What a server may do with a request, and how often: what it comes to for us, None where it is to be asked again.
FATES = {"right": 60, "wrong_status": 8, "wrong_length": 8, "malformed": 5, "protocol": 5, "refused": 8}
MOST_ROUNDS = 10_000


class Link:
    """A double at the seam between protocol and connection: bytes wait on both sides until they are delivered."""

    alpn = None

    def __init__(self, first_stream: int = 1) -> None:
        self.is_open = False
        self._first_stream = first_stream
        self.session: Session
        self.sent = b""
        self.pieces: list[bytes] = []
        self.peer = H2Peer()
        self.is_over = False

    def attach(self, peer: Session) -> None:
        """Take the protocol."""
        self.session = peer
        peer.streams.next = self._first_stream

    def open(self) -> None:
        """Begin to connect."""

    def send(self, data: bytes) -> None:
        """Keep what is sent."""
        self.sent += data

    def close(self) -> None:
        """Close."""
        self.is_open, self.is_over = False, True

    def widen(self, got_bytes: int) -> None:
        """Take more with each read."""

    def read_soon(self) -> None:
        """Look for more."""

    def more(self) -> bytes:
        """Return the next piece, if it has come: an empty piece stands for a pause."""
        return self.pieces.pop(0) if self.pieces else b""

    def deliver(self, data: bytes, random: Random | None) -> None:
        """Hand bytes over, in one piece or in many."""
        cuts = [] if random is None else sorted(random.choices(range(len(data) + 1), k=random.randrange(12)))
        edges = [0, *cuts, len(data)]
        self.pieces = [data[begin:end] for begin, end in pairwise(edges)]
        while self.pieces:
            if piece := self.pieces.pop(0):
                self.session.received(piece)


class Asker:
    """A double at the seam between protocol and load model: asks numbered requests, and writes down their verdicts."""

    def __init__(self, carrier: Stream, deal: Callable[[], tuple[int, Ask] | None], said: dict[int, list[str]]) -> None:
        self._carrier = carrier
        carrier.lane = self
        self._deal = deal
        self._said = said
        self._number: int | None = None

    @property
    def idle(self) -> bool:
        """Whether nothing is being asked."""
        return self._number is None

    def begin(self) -> None:
        """Ask the next request, if there is one left."""
        if (ask := self._next()) is not None:
            self._carrier.send(ask)

    def sent(self, now_ns: int) -> None:
        """Hear that a request has gone."""

    def answered(self, now_ns: int, size: int) -> Ask | None:
        """Note a right answer."""
        self._note("right")
        return self._next() if self._carrier.reusable else None

    def failed(self, now_ns: int, kind: str, text: str) -> None:
        """Note an error."""
        self._note(kind)

    def released(self) -> None:
        """Hear that the carrier can be sent on again."""

    def _note(self, what: str) -> None:
        assert self._number is not None
        self._said.setdefault(self._number, []).append(what)
        self._number = None

    def _next(self) -> Ask | None:
        if (dealt := self._deal()) is None:
            return None
        self._number, ask = dealt
        return ask


@dataclass(slots=True)
class Trial:
    """One exchange of so many requests; splitting says how the server's bytes come, all else follows from the seed."""

    seed: int
    requests: int
    splitting: Random | None = None
    first_stream: int = 1
    said: dict[int, list[str]] = field(default_factory=dict)
    expected: dict[int, str] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    _dealt: int = 0
    _tries: dict[int, int] = field(default_factory=dict)
    _learned: Learned = field(default_factory=Learned)

    def run(self) -> None:
        """Ask and answer until every request has its verdict."""
        random = Random(self.seed)
        http2 = Http2(self._connect, streams=random.randrange(1, 7))
        askers = [Asker(stream, self._deal, self.said) for stream in http2.streams]
        for number in range(MOST_ROUNDS):
            for asker in askers:
                if asker.idle:
                    asker.begin()
            if all(asker.idle for asker in askers):
                break
            for link in self.links:
                self._round(link, Random(f"{self.seed} {number}"))
            http2.look(number * 10**8)
        else:
            raise AssertionError(f"not over after {MOST_ROUNDS} rounds: {self}")

    def _connect(self) -> Link:
        link = Link(self.first_stream)
        self.links.append(link)
        return link

    def _deal(self) -> tuple[int, Ask] | None:
        if self._dealt == self.requests:
            return None
        number = self._dealt = self._dealt + 1
        random = Random(f"{self.seed} request {number}")
        body = bytes(random.randrange(1, 90_000)) if random.random() < 0.05 else b""
        fields = [(":method", "POST"), (":scheme", "http"), (":authority", "h"), (":path", f"/{number}")]
        block = request_block([*fields, ("x-pad", "p" * random.choices([0, 20_000], [30, 1])[0])])
        parts = header_parts(block, ended=not body)
        ask = Ask(
            block, EndpointTally("/"), parts=parts, body=body, status=200, body_bytes=BODY_BYTES, learned=self._learned
        )
        return number, ask

    def _round(self, link: Link, random: Random) -> None:
        if link.is_over:
            return
        if not link.is_open:
            link.is_open = True
            link.session.opened()
        sent, link.sent = link.sent, b""
        if sent:
            link.peer.receive(sent)
        said_before = b""
        if link.peer.settled and random.random() < 0.1:
            self._interfere(link, random)
        if link.peer.whole and random.random() < 0.02:
            said_before = self._leave(link, random)
        out = [link.peer.to_send(), said_before]
        out += [self._meet(link, request) for request in link.peer.whole]
        link.peer.whole.clear()
        if data := b"".join(out):
            link.deliver(data, self.splitting)

    def _interfere(self, link: Link, random: Random) -> None:
        link.peer.h2.ping(b"fastserv")
        link.peer.settled = False
        link.peer.h2.update_settings(
            {
                SettingCodes.MAX_CONCURRENT_STREAMS: random.randrange(1, 9),
                SettingCodes.INITIAL_WINDOW_SIZE: random.randrange(1000, 200_000),
            }
        )

    def _leave(self, link: Link, random: Random) -> bytes:
        """Take leave: what came after some request goes unseen, and is to be asked elsewhere."""
        last = random.choice(link.peer.whole).stream
        link.peer.whole = [request for request in link.peer.whole if request.stream <= last]
        return goodbye(last)

    def _meet(self, link: Link, request: Request) -> bytes:
        number = int(request.headers[":path"][1:])
        tries = self._tries[number] = self._tries.get(number, 0) + 1
        random = Random(f"{self.seed} answer {number} {tries}")
        fate = random.choices(list(FATES), list(FATES.values()))[0]
        peer = link.peer
        if fate == "refused":
            peer.h2.reset_stream(request.stream, ErrorCodes.REFUSED_STREAM)
            return peer.to_send()
        self.expected[number] = fate
        if fate == "protocol":
            peer.h2.reset_stream(request.stream, ErrorCodes.INTERNAL_ERROR)
        elif fate == "malformed":
            peer.h2.reset_stream(request.stream)
            peer.to_send()
            # A length that does not come true, which the h2 package would not send.
            return raw_frame(1, b"\x88\x0f\x0d\x019", flags=4, stream=request.stream) + raw_frame(
                0, b"four", flags=1, stream=request.stream
            )
        else:
            peer.answer(
                request.stream,
                b"b" * (BODY_BYTES + (random.randrange(1, 40_000) if fate == "wrong_length" else 0)),
                status=random.choice([201, 404, 500]) if fate == "wrong_status" else 200,
                fields=random.choices([(), (("x-one", "1"),), (("x-long", "~" * 200),) * 60], [60, 39, 1])[0],
                pieces=random.choice([1, 1, 1, 4]) if fate != "wrong_length" else 4,
                padding=random.choice([None, None, None, 0, 200]),
                ends_apart=random.random() < 0.2,
                interim=random.random() < 0.1,
                trailers=random.random() < 0.1,
            )
        return peer.to_send()
