"""Answers in gzip: counted as they came, and checked as honestly as others, however they are framed and split."""

import gzip
from pathlib import Path

import pytest

from controller.load.job import JobRequest
from controller.load.once import Http2Client
from controller.load.wire.ask import CHECK_EVERY, Ask
from controller.load.wire.engine import Engine
from controller.load.wire.http1 import Http1
from controller.load.wire.tally import EndpointTally
from controller.plan.coding import MOST_DECODED_BYTES
from controller.plan.expect import Expect
from controller.plan.scenario import Request
from controller.stack.check import check_requests
from controller.stack.exchange import Asking, Client
from tests.load.driving import ask, ask2, driven, job_for
from tests.load.h2_scripts import answers_h2
from tests.load.nginx import BIG_BYTES, run_nginx
from tests.load.scripts import answers
from tests.load.seams import Heard, Socketless
from tests.load.servers import Caller, Script, ScriptedServer
from tests.needs import require

GZIP = frozenset({"gzip"})
ACCEPTS = (("Accept-Encoding", "gzip"),)
BODY = b"a body that is worth its while " * 20
CODED = gzip.compress(BODY, mtime=0)
CODED_FIELDS = (("content-encoding", "gzip"),)


def sized(body: bytes, *, coding: str = "gzip", status: int = 200) -> bytes:
    """Return an answer in a coding that announces the length of its body."""
    return b"HTTP/1.1 %d X\r\nContent-Encoding: %s\r\nContent-Length: %d\r\n\r\n%s" % (
        status,
        coding.encode(),
        len(body),
        body,
    )


def chunked(body: bytes, *, chunks: int = 1) -> bytes:
    """Return an answer in gzip, in so many chunks."""
    size = -(-len(body) // chunks)
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    framed = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    return b"HTTP/1.1 200 X\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n" + framed + b"0\r\n\r\n"


def requested(expect: Expect, *, method: str = "GET", path: str = "/") -> tuple[JobRequest, ...]:
    """Return a request with what is expected of its answers."""
    return (JobRequest(method=method, path=path, weight=1.0, endpoint=path, expect=expect),)


def heard(*answers_: bytes, accepted: frozenset[str] = GZIP, cut: int | None = None, **more: object) -> Heard:
    """Return what the load model hears of answers to the same request, each in one read or cut in two."""
    asked = Ask(b"", EndpointTally("/"), status=200, accepted=accepted, **more)  # type: ignore[arg-type]
    lane = Heard()
    for answer in answers_:
        protocol = Http1(Socketless())  # type: ignore[arg-type]
        protocol.lane = lane
        protocol.opened()
        protocol.ask = asked
        for piece in (answer,) if cut is None else (answer[:cut], answer[cut:]):
            protocol.received(piece)
    return lane


def test_the_first_answer_and_each_64th_after_it_are_decoded() -> None:
    """Answers of other bytes are known by their frames, sized or in chunks, and the check sees what was coded."""
    bodies = [b"%05d" % n for n in range(3 * CHECK_EVERY + 1)]
    for framed in (sized, chunked):
        seen: list[bytes] = []
        lane = heard(*(framed(gzip.compress(body, mtime=0)) for body in bodies), check=seen.append)

        assert lane.kinds == ["right"] * len(bodies)
        assert seen == bodies[::CHECK_EVERY]


def test_bytes_are_counted_as_they_came() -> None:
    """Whether an answer was decoded, or known at a glance: its size is the one on the wire."""
    answer = sized(CODED)

    assert heard(*[answer] * 3, check=lambda _: None, body_bytes=len(BODY)).said == [("right", len(answer))] * 3


@pytest.mark.parametrize(
    ("body", "kind", "text"),
    [
        (gzip.compress(BODY + b"x"), "wrong_length", f"expected {len(BODY)} bytes, found {len(BODY) + 1}"),
        (gzip.compress(BODY[:-1] + b"x"), "wrong_body", "a body that was changed"),
        (CODED[:-1], "wrong_body", "end before it does"),
        (CODED + b"x", "wrong_body", "1 bytes after its end"),
        (CODED[:-8] + b"wrong" + CODED[-3:], "wrong_body", "incorrect data check"),
        (BODY, "wrong_body", "that are none"),
        (gzip.compress(bytes(MOST_DECODED_BYTES + 1), 1), "wrong_body", "expected at most 64 MiB in gzip, found more"),
    ],
    ids=["longer inside", "other inside", "truncated", "more after it", "a wrong sum", "no gzip", "a bomb"],
)
def test_what_is_wrong_with_a_coded_body_is_said(body: bytes, kind: str, text: str) -> None:
    """Each has its kind and its words, sized or in chunks, and the connection goes on: the frame was right."""

    def check(plain: bytes) -> str | None:
        return None if plain == BODY else "a body that was changed"

    for framed in (sized, chunked):
        lane = heard(framed(body), sized(CODED), check=check, body_bytes=len(BODY))

        assert lane.kinds == [kind, "right"]
        assert text in str(lane.said[0][1])


@pytest.mark.parametrize(
    "expects", [{}, {"check": lambda _: None}, {"body_bytes": len(BODY)}], ids=["-", "body", "length"]
)
def test_a_coding_that_was_not_asked_for_is_no_right_one(expects: dict[str, object]) -> None:
    """It is found in each answer, kept or not; without a word about codings, and nothing expected, any 2xx is right."""
    plain = heard(*[sized(CODED)] * 3, accepted=frozenset(), **expects)
    other = heard(*[sized(CODED, coding="br")] * 3, **expects)

    assert plain.kinds == (["wrong_body"] if expects else ["right"]) * 3
    assert other.kinds == ["wrong_body"] * 3
    assert "Content-Encoding: br, which the request does not accept" in str(other.said[0][1])


def test_identity_is_no_coding() -> None:
    """An answer that names it is as it is: its length is held to in each answer."""
    lane = heard(sized(b"ok", coding="identity"), sized(b"ok!", coding="Identity"), body_bytes=2)

    assert lane.kinds == ["right", "wrong_length"]


def test_an_answer_is_the_same_however_it_is_split() -> None:
    """Cut at any byte: right ones are right, wrong ones wrong, each with the size of the whole."""
    for answer, kind in ((chunked(CODED, chunks=3), "right"), (sized(CODED[:-1]), "wrong_body")):
        for cut in range(1, len(answer)):
            lane = heard(answer, cut=cut, check=lambda plain: None if plain == BODY else "changed")
            assert lane.kinds == [kind]


def test_what_has_no_body_needs_no_coding() -> None:
    """HEAD, 204 and 304 name the coding of a body that does not come."""
    head = b"HTTP/1.1 %d X\r\nContent-Encoding: gzip\r\nContent-Length: 9\r\n\r\n"
    for status, bodiless in ((200, True), (204, False), (304, False)):
        asked = Ask(b"", EndpointTally("/"), status=status, body_bytes=0, bodiless=bodiless, accepted=GZIP)
        assert asked.verdict(status, 0, b"", "gzip") is None
        lane = Heard()
        protocol = Http1(Socketless())  # type: ignore[arg-type]
        protocol.lane = lane
        protocol.ask = asked
        protocol.received(head % status)
        assert lane.kinds == ["right"]


def plain(body: bytes, *, announced: int | None = None) -> bytes:
    """Return an answer that is not coded, of a length that may be announced without its coming."""
    return b"HTTP/1.1 200 X\r\nContent-Length: %d\r\n\r\n%s" % (len(body) if announced is None else announced, body)


def zips(caller: Caller) -> None:
    """Answer in gzip where the request accepts it, else as it is, as servers do."""
    while True:
        asked = caller.asked()
        coded = "gzip" in asked.fields.get("accept-encoding", "")
        answer = sized(CODED) if coded else plain(BODY)
        body_bytes = len(CODED if coded else BODY)
        caller.answer(answer[:-body_bytes] if asked.method == "HEAD" else answer)


@pytest.mark.parametrize(
    ("method", "headers", "size"),
    [
        ("GET", (), len(plain(BODY))),
        ("GET", ACCEPTS, len(sized(CODED))),
        ("HEAD", ACCEPTS, len(sized(CODED)) - len(CODED)),
    ],
    ids=["not coded", "in gzip", "head"],
)
def test_the_engine_counts_the_bytes_on_the_wire(
    engine: Engine, method: str, headers: tuple[tuple[str, str], ...], size: int
) -> None:
    """Every attempt is a sample of so many bytes, though what is expected holds for the body before it was coded."""
    expect = Expect(length=len(BODY), contains="worth its while") if method == "GET" else Expect(length=0)
    outcome, server = ask(engine, zips, requests=requested(expect, method=method), headers=headers)

    assert outcome.counts.errors == {}
    assert outcome.counts.samples == outcome.begun == server.answered >= 60
    assert outcome.counts.bytes == outcome.counts.samples * size


def test_over_http2_the_same_holds(engine: Engine) -> None:
    """In one frame or many, padded or with trailers: right answers are right, wrong ones wrong as often as sampled."""
    right = requested(Expect(length=len(BODY), contains="worth its while"))
    for layout in ({}, {"pieces": 3, "padding": 7}, {"interim": True, "trailers": True}):
        outcome, server = ask2(
            engine, answers_h2(CODED, fields=CODED_FIELDS, **layout), requests=right, headers=ACCEPTS
        )
        assert outcome.counts.errors == {}
        assert outcome.counts.samples == server.answered

    head = answers_h2(b"", fields=(*CODED_FIELDS, ("content-length", "9")))
    outcome, _ = ask2(engine, head, requests=requested(Expect(length=0), method="HEAD"), headers=ACCEPTS)
    assert outcome.counts.errors == {}

    for body, kind in ((CODED[:-1], "wrong_body"), (gzip.compress(BODY[:-1]), "wrong_length")):
        outcome, server = ask2(engine, answers_h2(body, fields=CODED_FIELDS), requests=right, headers=ACCEPTS)
        assert outcome.counts.errors.keys() == {kind}
        assert outcome.counts.answered == outcome.begun == server.answered


def test_single_requests_are_looked_into_in_both_protocols() -> None:
    """What is asked once before the load is decoded as the load's own answers are, or said to be wrong."""
    asked = Request(path="/", expect=Expect(length=len(BODY), contains="worth its while"))
    scripts: tuple[tuple[Asking, Script, Script], ...] = (
        (Client, answers(chunked(CODED)), answers(sized(CODED[:-1]))),
        (Http2Client, answers_h2(CODED, fields=CODED_FIELDS), answers_h2(CODED[:-1], fields=CODED_FIELDS)),
    )
    for client, right, wrong in scripts:
        with ScriptedServer(right) as server:
            assert check_requests(server.url, [asked], headers=ACCEPTS, contract=None, client=client) == ([], 1)
            ((finding,), _) = check_requests(server.url, [asked], contract=None, client=client)
            assert str(finding).endswith("found Content-Encoding: gzip, which the request does not accept")
        with ScriptedServer(wrong) as server:
            ((finding,), _) = check_requests(server.url, [asked], headers=ACCEPTS, contract=None, client=client)
            assert "expected a whole body in gzip" in str(finding)


@pytest.mark.parametrize("http", ["1.1", "2"])
def test_nginx_zips_and_its_answers_are_checked(engine: Engine, http: str, tmp_path: Path) -> None:
    """A megabyte in gzip is held to its length and content, and takes a hundredth of it; wrong ones are sampled."""
    require("nginx")
    with run_nginx(tmp_path) as nginx:
        url = nginx.url if http == "1.1" else nginx.h2_url
        for length, errors in ((BIG_BYTES, set()), (BIG_BYTES - 1, {"wrong_length"})):
            requests = requested(Expect(length=length, contains="9012"), path="/big")
            before = nginx.counted()
            outcome = driven(engine, job_for(url, requests=requests, headers=ACCEPTS, http=http), attempts=80)
            taken = nginx.counted(questions=2).requests - before.requests

            assert outcome.counts.errors.keys() == errors
            assert outcome.counts.answered == outcome.begun == taken
            assert 0 < outcome.counts.bytes < outcome.counts.samples * BIG_BYTES / 100
