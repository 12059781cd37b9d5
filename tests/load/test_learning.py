"""Answers known by what was learned from others mean the same as read in full: learning changes speed alone."""

import gzip
from collections.abc import Callable
from itertools import pairwise
from random import Random

import pytest

from controller.load.wire.ask import Ask
from controller.load.wire.http1 import Http1
from controller.load.wire.tally import EndpointTally
from tests.load.answer_maker import changed, cuts_of, right
from tests.load.seams import Heard, Socketless

SEQUENCES = 2_500
# Answers of one sequence: few kinds, each often, so that most were learned before.
LENGTH = 14
KEPT = "HTTP/1.1 200 OK\r\nServer: x\r\n"


def kinds_of(random: Random) -> list[Callable[[], bytes]]:
    """Return what makes the answers of one sequence: near relatives of each other, in length, head, chunks or end."""
    sizes = [random.choice((0, 1, 2, 9, 10, 200)) for _ in range(2)]

    def body() -> bytes:
        return bytes(random.choices(b"ab\r\n0", k=random.choice(sizes)))

    def sized() -> bytes:
        content = body()
        return f"{KEPT}Content-Length: {len(content)}\r\n\r\n".encode() + content

    def chunked() -> bytes:
        parts = [part for part in (body() for _ in range(random.choice((1, 1, 2)))) if part]
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
        return f"{KEPT}Transfer-Encoding: chunked\r\n\r\n".encode() + chunks + b"0\r\n\r\n"

    def interim() -> bytes:
        return b"HTTP/1.1 100 Continue\r\n\r\n" + random.choice((sized, chunked))()

    def damaged() -> bytes:
        data = bytearray(random.choice((sized, chunked))())
        data[random.randrange(len(data))] = random.choice(b"ab\r\n0123:")
        return bytes(data)

    def zipped() -> bytes:
        content = gzip.compress(body(), mtime=0)
        content += random.choice((b"", b"", b"x"))
        return f"{KEPT}Content-Encoding: gzip\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content

    known = [right(random).data for _ in range(2)]
    same = sized()
    return [
        sized,
        chunked,
        lambda: same,
        zipped,
        interim,
        damaged,
        lambda: sized() + random.choice((b"", b"x")),
        lambda: random.choice(known),
        lambda: changed(random).data,
    ]


def sequence_of(random: Random) -> list[list[bytes]]:
    """Return answers to one request after the other, each in the pieces that it comes in."""
    kinds = random.sample(kinds_of(random), 4)
    answers = [random.choice(kinds)() for _ in range(LENGTH)]
    return [_pieces(data, cuts_of(random, data) if random.random() < 0.3 else ()) for data in answers]


def _pieces(data: bytes, cuts: tuple[int, ...]) -> list[bytes]:
    return [data[begin:end] for begin, end in pairwise([0, *sorted(cuts), len(data)]) if begin < end]


def heard_of(sequence: list[list[bytes]], next_ask: Callable[[], Ask]) -> list[tuple[object, ...]]:
    """Return all that the load model hears: on one connection as long as it can be used, the close ending an answer."""
    lane = Heard(next_ask)
    http = None
    for pieces in sequence:
        if http is None or not http.reusable:
            http = lane.carrier = _connected(lane)
        if http.ask is None:
            assert http.send(next_ask())
        heard_before = len(lane.said)
        for piece in pieces:
            if http.reusable:
                http.received(piece)
        if len(lane.said) == heard_before:
            http.ended()
        lane.said.append(("kept", http.reusable))
    return lane.said


def _connected(lane: Heard) -> Http1:
    http = Http1(Socketless())
    http.lane = lane
    http.opened()
    return http


@pytest.mark.parametrize(
    "expects", [{"status": 200}, {}, {"status": 200, "body_bytes": 9}], ids=["200", "2xx", "9 bytes"]
)
def test_what_was_learned_changes_no_verdict(expects: dict[str, int]) -> None:
    """The same answers in the same pieces: the load model hears the same, whether any was known before or none."""
    done = 0
    for number in range(SEQUENCES):
        sequence = sequence_of(Random(f"{expects} {number}"))
        one = Ask(b"ask", EndpointTally("/"), **expects)

        learned = heard_of(sequence, lambda one=one: one)
        plain = heard_of(sequence, lambda: Ask(b"ask", EndpointTally("/"), **expects))

        assert learned == plain, sequence
        done += len(sequence)

    assert done == SEQUENCES * LENGTH


@pytest.mark.parametrize("accepted", [frozenset(), frozenset({"gzip"})], ids=["not coded", "in gzip"])
def test_with_bodies_compared_by_samples_learning_changes_only_which_are(accepted: frozenset[str]) -> None:
    """A wrong body may pass where its turn to be compared has not come; nothing else differs, nor the other way."""
    for number in range(SEQUENCES):
        # In one piece each: what comes after the end of a wrong answer answers nothing, after a right one the next.
        sequence = [[b"".join(pieces)] for pieces in sequence_of(Random(f"checked {number}"))]

        def check(body: bytes) -> str | None:
            return "an a in it" if b"a" in body else None

        def ask(check: Callable[[bytes], str | None] = check) -> Ask:
            return Ask(b"ask", EndpointTally("/"), check=check, accepted=accepted)

        one = ask()
        learned = heard_of(sequence, lambda one=one: one)
        plain = heard_of(sequence, ask)

        assert len(learned) == len(plain)
        for found, in_full in zip(learned, plain, strict=True):
            assert found == in_full or (found[0], in_full[0]) == ("right", "wrong_body")
