"""Fuzzes what a server may send over HTTP/2, against the h2 package: `make fuzz`, or `python -m tests.fuzz.http2`."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from random import Random

import atheris

# Seen by the search are our layers of HTTP/2.
with atheris.instrument_imports(include=["controller.load.wire"]):
    from controller.load.wire.ask import Ask, Learned
    from controller.load.wire.fields import request_block
    from controller.load.wire.frames import header_parts
    from controller.load.wire.http2 import Http2
    from controller.load.wire.tally import EndpointTally

from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import DataReceived, ResponseReceived, StreamEnded
from h2.exceptions import ProtocolError

from tests.fuzz.campaign import search
from tests.load.h2_peer import H2Peer, goodbye, raw_frame
from tests.load.h2_trials import Asker, Link

# Enough for answers that are known from others, and for what follows on a mistake in one of them.
REQUESTS = 5
BODY_BYTES = 4
CODING = b"content-encoding"
FIELDS = [(":method", "GET"), (":scheme", "http"), (":authority", "h"), (":path", "/")]


class Exchange:
    """Requests on one connection, bytes that come instead of a server's, in pieces, and the end of the connection."""

    def __init__(self, *pieces: bytes) -> None:
        self.said: dict[int, list[str]] = {}
        self.link = Link()
        self._dealt = 0
        self._learned = Learned()
        self._links: Iterator[Link] = iter([self.link])
        http2 = Http2(self._connect, streams=REQUESTS)
        askers = [Asker(stream, self._deal, self.said) for stream in http2.streams]
        for asker in askers:
            asker.begin()
        self.link.is_open = True
        self.link.session.opened()
        self.link.pieces = list(pieces)
        while self.link.pieces:
            self.link.session.received(self.link.pieces.pop(0))
        self.opened_all = self.link.session.streams.next == 1 + 2 * REQUESTS
        if self.link.is_open:
            self.link.session.ended()
        # What is not over waits for another connection, which never comes to stand.
        self.waiting = sum(not asker.idle for asker in askers)

    def _connect(self) -> Link:
        return next(self._links, Link())

    def _deal(self) -> tuple[int, Ask] | None:
        if self._dealt == REQUESTS:
            return None
        self._dealt += 1
        block = request_block(FIELDS)
        ask = Ask(
            block,
            EndpointTally("/"),
            parts=header_parts(block, ended=True),
            status=200,
            body_bytes=BODY_BYTES,
            learned=self._learned,
        )
        return self._dealt, ask


def right_for_h2(data: bytes) -> int | None:
    """Return how many right answers the h2 package finds, None where it finds that the protocol is broken."""
    client = H2Connection(H2Configuration(client_side=True, header_encoding=None))
    client.initiate_connection()
    for number in range(REQUESTS):
        client.send_headers(1 + 2 * number, FIELDS, end_stream=True)
    statuses: dict[int, bytes | None] = {}
    sizes: dict[int, int] = {}
    right = 0
    try:
        for event in client.receive_data(data):
            if isinstance(event, ResponseReceived):
                statuses[event.stream_id] = _uncoded_status(event.headers)
            elif isinstance(event, DataReceived):
                sizes[event.stream_id] = sizes.get(event.stream_id, 0) + len(event.data)
            elif isinstance(event, StreamEnded):
                number = event.stream_id
                right += statuses.get(number) == b"200" and sizes.get(number) == BODY_BYTES
    except ProtocolError:
        return None
    return right


def _uncoded_status(fields: Sequence[tuple[bytes, bytes]]) -> bytes | None:
    """Return the status of an answer; None where its body is coded, as nobody asked for."""
    codings = {part.strip(b" \t").lower() for name, value in fields if name == CODING for part in value.split(b",")}
    return None if codings - {b"", b"identity"} else dict(fields)[b":status"]


def law(data: bytes) -> None:
    """Raise where bytes lead to other verdicts in pieces than in one, to lost requests, or not to h2's answers."""
    whole = Exchange(data)
    for pieces in ([bytes([byte]) for byte in data], _cut(data)):
        split = Exchange(*pieces)
        assert whole.said == split.said, f"{whole.said} in one piece, {split.said} in {pieces}"
        assert whole.waiting == split.waiting
    verdicts = [verdict for verdicts in whole.said.values() for verdict in verdicts]
    assert len(verdicts) + whole.waiting == REQUESTS, f"{whole.said}, and {whole.waiting} wait"
    right = right_for_h2(data) if whole.opened_all else None
    # Where the h2 package forgives (a cookie before :status, a frame after the end), ours has fewer, and none that is
    # not right.
    stricter = bool({"protocol", "malformed"} & {*verdicts})
    assert right is None or right == verdicts.count("right") or (stricter and right > verdicts.count("right")), (
        f"{right} right answers for h2, ours {whole.said}"
    )


def _cut(data: bytes) -> list[bytes]:
    random = Random(data)
    edges = [0, *sorted(random.choices(range(len(data) + 1), k=random.randint(1, 8))), len(data)]
    return [data[begin:end] for begin, end in pairwise(edges) if begin < end]


def _answered(**layout: object) -> bytes:
    """Return what a server sends from its greeting on, each request answered in the same layout."""
    peer = H2Peer()
    exchange = Link()
    http2 = Http2(lambda: exchange, streams=REQUESTS)
    block = request_block(FIELDS)
    for stream in http2.streams:
        Asker(stream, lambda: (1, Ask(block, EndpointTally("/"), parts=header_parts(block, ended=True))), {}).begin()
    exchange.is_open = True
    exchange.session.opened()
    peer.receive(exchange.sent)
    sent, exchange.sent = peer.to_send(), b""
    exchange.session.received(sent)
    peer.receive(exchange.sent)
    for request in peer.whole:
        peer.answer(request.stream, b"body", **layout)  # type: ignore[arg-type]
    return sent + peer.to_send()


if __name__ == "__main__":
    greeting = H2Peer().to_send()
    answers = [
        _answered(),
        *(_answered(pieces=pieces) for pieces in (2, 4)),
        *(_answered(**{name: True}) for name in ("ends_apart", "interim", "trailers")),
        _answered(padding=3),
        _answered(status=404),
        _answered(fields=(("x-a", "b"), ("content-type", "text/plain"))),
        *(_answered(fields=(("content-encoding", coding),)) for coding in ("gzip", "identity")),
    ]
    farewells = [goodbye(last, code) for last in (0, 1, 3, 2**31 - 1) for code in (0, 2)]
    resets = [raw_frame(3, code.to_bytes(4, "big"), stream=1) for code in (0, int(ErrorCodes.REFUSED_STREAM), 8)]
    others = [raw_frame(6, bytes(8)), raw_frame(6, bytes(8), flags=1), raw_frame(2, bytes(5), stream=1), raw_frame(99)]
    settings = [raw_frame(4, bytes([0, key, 0, 0, 0, value])) for key in (1, 3, 4, 5) for value in (0, 1, 2, 100)]
    frames = [*farewells, *resets, *others, *settings, raw_frame(4, flags=1), raw_frame(0, b"body", flags=1, stream=1)]
    search(
        "http2",
        law,
        seeds=[*answers, *(greeting + frame for frame in frames)],
        words=frames,
    )
