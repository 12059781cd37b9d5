"""Requests as data, on the wire: what a server is asked is what the plan says, and its answers are held to it."""

import json
from collections.abc import Callable

import pytest

from controller.load.job import job_from_wire, job_request, job_to_wire
from controller.load.wire.ask import CHECK_EVERY
from controller.load.wire.engine import Engine
from controller.plan.contract import Contract, contract_to_wire, fib, read_contract
from controller.plan.expect import Expect
from controller.plan.scenario import Request
from tests.load.driving import Outcome, driven, job_for
from tests.load.servers import Asked, Caller, ScriptedServer, answer_of
from tests.sources import ROOT


def asked_for(
    engine: Engine,
    *requests: Request,
    answer: Callable[[Asked], bytes] = lambda _: answer_of(),
    interim: bytes = b"",
    lanes: int = 3,
    attempts: int = 200,
    **job: object,
) -> tuple[Outcome, list[Asked]]:
    """Drive these requests against a server; return what was counted, and what it read, in the order of reading."""
    read: list[Asked] = []

    def script(caller: Caller) -> None:
        while True:
            asked = caller.asked(before_the_body=interim)
            read.append(asked)
            caller.answer(answer(asked))

    with ScriptedServer(script) as server:
        made = job_for(server.url, requests=tuple(map(job_request, requests)), **job)
        assert job_from_wire(json.loads(json.dumps(job_to_wire(made)))) == made
        outcome = driven(engine, made, lanes=lanes, attempts=attempts)
    return outcome, read


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_body_is_sent_with_its_length_and_type(engine: Engine, method: str) -> None:
    """The server reads the JSON of the plan to its last byte, in UTF-8, on connections that carry many of them."""
    outcome, read = asked_for(engine, Request(method=method, path="/a", body='{"name":"Zoë","n":[1.0,true]}'))

    assert outcome.counts.errors == {}
    assert outcome.counts.samples == len(read)
    assert {(one.method, one.path, one.body.decode()) for one in read} == {
        (method, "/a", '{"name":"Zoë","n":[1.0,true]}')
    }
    assert {(one.fields["content-length"], one.fields["content-type"]) for one in read} == {("30", "application/json")}


@pytest.mark.parametrize(
    ("method", "length"),
    [("GET", None), ("HEAD", None), ("DELETE", None), ("POST", "0"), ("PUT", "0"), ("PATCH", "0")],
)
def test_without_a_body_methods_that_may_have_one_say_so(engine: Engine, method: str, length: str | None) -> None:
    """POST, PUT and PATCH announce a length of 0, the others announce nothing."""
    head_only = answer_of().partition(b"ok")[0]
    _, read = asked_for(
        engine, Request(method=method, path="/"), answer=lambda _: head_only if method == "HEAD" else answer_of()
    )

    assert {one.fields.get("content-length") for one in read} == {length}
    assert not any("content-type" in one.fields for one in read)


def test_headers_of_the_plan_say_what_a_body_is(engine: Engine) -> None:
    """A content type that the plan gives is sent once, and ours is not."""
    request = Request(method="POST", path="/", body="1")
    _, read = asked_for(engine, request, headers=(("Content-Type", "application/x-own"),))

    assert {one.fields["content-type"] for one in read} == {"application/x-own"}


def test_head_is_answered_by_a_head_alone(engine: Engine) -> None:
    """A length that the head announces is not waited for, and the same connection goes on."""
    heads = [b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"]
    turns = iter(range(1_000_000))
    outcome, read = asked_for(engine, Request(method="HEAD", path="/"), answer=lambda _: heads[next(turns) % 2])

    assert outcome.counts.errors == {}
    assert outcome.counts.samples == len(read) >= 200


def test_an_interim_answer_before_the_body_was_read_is_none(engine: Engine) -> None:
    """A server that says 100 once it has the head is sent the whole body all the same, and answers once."""
    request = Request(method="POST", path="/", body=json.dumps("x" * 200_000))
    outcome, read = asked_for(engine, request, interim=b"HTTP/1.1 100 Continue\r\n\r\n", attempts=50)

    assert outcome.counts.errors == {}
    assert outcome.counts.samples == len(read)
    assert {len(one.body) for one in read} == {200_002}


def test_drawn_values_reach_the_server_in_path_and_body(engine: Engine) -> None:
    """Every request of a sequence is asked once, and its two places agree."""
    request = Request(
        method="PUT",
        path="/orders/{n}?of={who}",
        body='{"id":"{n}","who":"{who}"}',
        draws=(("n", "sequence"), ("who", "choice(a b, c&d)")),
    )
    outcome, read = asked_for(engine, request, lanes=4)
    bodies = [json.loads(one.body) for one in read]
    escaped = {"a b": "a%20b", "c&d": "c%26d"}

    assert outcome.counts.errors == {}
    assert sorted(int(body["id"]) for body in bodies) == list(range(len(read)))
    assert [one.path for one in read] == [f"/orders/{body['id']}?of={escaped[body['who']]}" for body in bodies]
    assert {one.fields["content-length"] for one in read} == {str(len(one.body)) for one in read}
    assert list(outcome.endpoints) == ["/orders/{n}"]


RIGHT = {
    "a status that is no success": (Expect(status=404), answer_of(status=404)),
    "a length": (Expect(length=2), answer_of()),
    "text": (Expect(contains="ok"), answer_of(b"it is ok")),
    "fields": (
        Expect(fields=(("a.b.1", "c"), ("d", 1.0), ("e", True))),
        answer_of(b'{"a": {"b": [0, "c"]}, "d": 1, "e": true}'),
    ),
}
WRONG = {
    "another status": (Expect(status=201), answer_of(), "wrong_status", 1),
    "no success": (Expect(contains="ok"), answer_of(status=404), "wrong_status", 1),
    "another length": (Expect(length=3), answer_of(), "wrong_length", 1),
    "other text": (Expect(contains="OK"), answer_of(), "wrong_body", CHECK_EVERY),
    "another value": (Expect(fields=(("a", 1),)), answer_of(b'{"a":2}'), "wrong_body", CHECK_EVERY),
    "true for 1": (Expect(fields=(("a", 1),)), answer_of(b'{"a":true}'), "wrong_body", CHECK_EVERY),
    "no such field": (Expect(fields=(("a.7", 1),)), answer_of(b'{"a":[]}'), "wrong_body", CHECK_EVERY),
    "no JSON": (Expect(fields=(("a", 1),)), answer_of(b"{"), "wrong_body", CHECK_EVERY),
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_was_expected_is_right(engine: Engine, name: str) -> None:
    """An answer as the plan expects it is a sample, whatever its status is."""
    expect, answer = RIGHT[name]
    outcome, read = asked_for(engine, Request(path="/", expect=expect), answer=lambda _: answer)

    assert outcome.counts.errors == {}
    assert outcome.counts.samples == len(read)


@pytest.mark.parametrize("drawn", [False, True], ids=["fixed", "drawn"])
@pytest.mark.parametrize("name", WRONG)
def test_what_was_not_expected_is_an_error(engine: Engine, name: str, drawn: bool) -> None:
    """Status and length are held against every answer, what a body holds against the first and each 64th after it.

    Requests that differ in a drawn value count together: none of them is asked often enough alone.
    """
    expect, answer, kind, every = WRONG[name]
    request = (
        Request(path="/{n}", draws=(("n", "sequence"),), expect=expect) if drawn else Request(path="/", expect=expect)
    )
    outcome, read = asked_for(engine, request, answer=lambda _: answer)

    assert outcome.counts.errors == {kind: -(-len(read) // every)}
    assert outcome.counts.samples == len(read) - outcome.counts.failures
    assert outcome.messages[kind][0].startswith(f"{request.endpoint}: expected ")


@pytest.fixture(scope="module")
def contract() -> Contract:
    """The contract's data."""
    return read_contract(ROOT / "servers")


@pytest.mark.parametrize("draw", ["uniform(40, 50)", "uniform(0, 100000)"], ids=["kept", "not kept"])
def test_the_contract_holds_for_drawn_paths(engine: Engine, contract: Contract, draw: str) -> None:
    """Each drawn value has the status that the contract gives it, though all are asked on one connection."""

    def answer(asked: Asked) -> bytes:
        n = int(asked.path.partition("n=")[2])
        if n > 45:
            return answer_of(b'{"error":"n"}', status=400)
        return answer_of(b'{"input":%d,"result":%d,"elapsedMs":1}' % (n, fib(n)))

    request = Request(path="/api/compute?n={n}", draws=(("n", draw),))
    outcome, read = asked_for(
        engine, request, answer=answer, lanes=1, attempts=600, contract=contract_to_wire(contract)
    )
    assert outcome.counts.errors == {}
    assert outcome.counts.samples == len(read)

    # The same answers to the wrong ones of them: 200 where 400 is right, and the other way round.
    swapped, read = asked_for(
        engine,
        request,
        answer=lambda asked: answer_of(b'{"error":"n"}', status=400) if "n=4" in asked.path else answer_of(),
        contract=contract_to_wire(contract),
    )
    wrong = sum((int(one.path.partition("n=")[2]) > 45) != ("n=4" in one.path) for one in read)
    assert swapped.counts.errors["wrong_status"] == wrong


def test_wrong_bodies_of_drawn_paths_are_found(engine: Engine, contract: Contract) -> None:
    """The answer to one value is wrong for another."""
    outcome, read = asked_for(
        engine,
        Request(path="/api/cache?key={k}", draws=(("k", "uuid"),)),
        answer=lambda _: answer_of(b'{"source":"cache","value":"0","cachedAt":"2026-01-01T00:00:00.000Z"}'),
        contract=contract_to_wire(contract),
    )

    assert outcome.counts.errors == {"wrong_body": -(-len(read) // CHECK_EVERY)}
