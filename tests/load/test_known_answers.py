"""Answers known at a glance: by their size, their head and their end; one that only resembles a known one is not."""

from collections.abc import Iterable

import pytest

from controller.load.wire.ask import CHECK_EVERY, Ask, Learned
from controller.load.wire.http1 import Http1
from controller.load.wire.tally import EndpointTally
from tests.load.seams import Heard, Socketless

INTERIM = b"HTTP/1.1 100 Continue\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def heard(*answers: bytes, check: object = None) -> list[object]:
    """Return what the load model hears of answers, each whole in one read, to the same request."""
    ask = Ask(b"", EndpointTally("/"), status=200, check=check)
    return heard_of((ask, answer) for answer in answers)


def heard_of(answered: Iterable[tuple[Ask, bytes]]) -> list[object]:
    """Return what the load model hears of requests and their answers, each whole in one read."""
    lane = Heard()
    for ask, answer in answered:
        protocol = Http1(Socketless())
        protocol.lane = lane
        protocol.ask = ask
        protocol.received(answer)
    return lane.kinds


def sized(body: bytes) -> bytes:
    """Return an answer that announces the length of its body."""
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body


def chunk(body: bytes, *, announced: int | None = None) -> bytes:
    """Return an answer of one chunk."""
    return CHUNKED + b"%x\r\n" % (len(body) if announced is None else announced) + body + b"\r\n0\r\n\r\n"


def test_answers_of_one_size_are_known_and_still_counted_for_the_check() -> None:
    """However many answers are known at a glance, the first and each 64th after it have their bodies looked at."""
    seen: list[bytes] = []
    bodies = [b"%05d" % n for n in range(3 * CHECK_EVERY + 1)]

    assert heard(*map(sized, bodies), check=seen.append) == ["right"] * len(bodies)
    assert seen == bodies[::CHECK_EVERY]


def test_requests_that_differ_in_drawn_values_know_each_others_answers() -> None:
    """What one learned the others know: one in 64 bodies of all is looked at, and none of them keeps a whole answer."""
    seen: list[bytes] = []
    learned = Learned(shared=True)
    asks = [
        Ask(b"", EndpointTally("/"), status=200, check=seen.append, learned=learned) for _ in range(3 * CHECK_EVERY + 1)
    ]
    bodies = [b"%05d" % n for n in range(len(asks))]

    assert heard_of(zip(asks, map(sized, bodies), strict=True)) == ["right"] * len(asks)
    assert seen == bodies[::CHECK_EVERY]
    assert not any(ask.whole for ask in asks)


@pytest.mark.parametrize(
    ("known", "resembling", "kind"),
    [
        (INTERIM + sized(b"ok"), sized(b"ok") + b"z" * len(INTERIM), "malformed"),
        (sized(b"ok"), b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nok", "wrong_status"),
        (chunk(b"okok"), chunk(b"okok", announced=3), "malformed"),
        (chunk(b"okok"), chunk(b"okok")[:-7] + b"XY0\r\n\r\n", "malformed"),
        (sized(b"ok"), b"\0no answer at all", "malformed"),
    ],
    ids=["an interim answer's size", "another status", "a shorter chunk", "another end", "no answer"],
)
def test_what_only_resembles_a_known_answer_is_read_in_full(known: bytes, resembling: bytes, kind: str) -> None:
    """The same size or the same head alone makes no answer right."""
    assert heard(known, known, resembling) == ["right", "right", kind]


def test_chunked_answers_are_known_by_both_ends() -> None:
    """One chunk, other bytes in it: right; several chunks and an empty body are read in full and right too."""
    several = CHUNKED + b"1\r\na\r\n1\r\nb\r\n0\r\n\r\n"

    assert heard(chunk(b"ok"), chunk(b"no"), several, CHUNKED + b"0\r\n\r\n", chunk(b"ok")) == ["right"] * 5
