"""What is asked over HTTP/2: methods, bodies within windows, and servers that have to choose h2 over TLS."""

import pytest
from h2.errors import ErrorCodes
from h2.settings import SettingCodes

from controller.load.job import job_request
from controller.load.wire.engine import Engine
from controller.plan.scenario import Request
from tests.load.certificates import TRUST, server_context
from tests.load.driving import Outcome, ask, ask2
from tests.load.h2_peer import Request as Asked
from tests.load.h2_scripts import H2Caller, answers_h2, speaks_h2
from tests.load.scripts import answers
from tests.load.servers import Script, ScriptedServer, answer_of


def drive(engine: Engine, script: Script, request: Request, **more: object) -> tuple[Outcome, ScriptedServer]:
    """Drive a script with one kind of request."""
    return ask2(engine, script, requests=(job_request(request),), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize(("size", "window"), [(1, 1), (16_382, None), (16_383, None), (100_000, None), (100_000, 1000)])
def test_bodies_arrive_whole_within_the_windows(engine: Engine, method: str, size: int, window: int | None) -> None:
    """Whatever windows the server opens, it reads each body to its end, with its length and type."""
    read: list[Asked] = []

    def act(caller: H2Caller) -> None:
        while True:
            request = caller.request()
            read.append(request)
            caller.answer(request)

    body = '"' + "b" * size + '"'
    settings = {} if window is None else {SettingCodes.INITIAL_WINDOW_SIZE: window}
    outcome, server = drive(engine, speaks_h2(act, settings), Request(method=method, path="/", body=body), attempts=40)

    assert outcome.counts.errors == {}
    assert outcome.counts.samples == server.answered == outcome.begun
    assert {one.body.decode() for one in read} == {body}
    assert {one.headers["content-length"] for one in read} == {str(len(body))}
    assert {(one.headers[":method"], one.headers["content-type"]) for one in read} == {(method, "application/json")}


def test_windows_that_change_under_way_are_kept(engine: Engine) -> None:
    """The first window shrinks below what was used and grows again: the h2 package would refuse a byte too many."""

    def act(caller: H2Caller) -> None:
        caller.peer.asks_for_windows = False
        while True:
            begun = caller.begin_of_request()
            for size in (10, 50_000, 300_000):
                caller.h2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: size})
                caller.h2.increment_flow_control_window(100_000)
                caller.flush()
            while begun.stream in caller.peer.begun:
                caller.peer.receive(caller.caller.some())
            caller.answer(caller.peer.whole.pop(0))
            caller.h2.increment_flow_control_window(1_000_000)
            caller.flush()

    body = '"' + "b" * 200_000 + '"'
    request = Request(method="POST", path="/", body=body)
    outcome, server = drive(engine, speaks_h2(act), request, lanes=1, streams=1, attempts=10)

    assert outcome.counts.errors == {}
    assert outcome.counts.samples == server.answered == outcome.begun


@pytest.mark.parametrize("resets", [True, False])
def test_an_answer_before_the_end_of_its_request_counts(engine: Engine, resets: bool) -> None:
    """A server may answer without reading the body: that is a sample, and nothing more of the body is sent."""
    cancelled: list[list[tuple[int, int]]] = []

    def act(caller: H2Caller) -> None:
        cancelled.append(caller.peer.resets)
        caller.peer.asks_for_windows = False
        while True:
            begun = caller.begin_of_request()
            del caller.peer.begun[begun.stream]
            caller.answer(begun)
            if resets:
                caller.h2.reset_stream(begun.stream, ErrorCodes.NO_ERROR)
            else:
                while begun.stream not in [stream for stream, _ in caller.peer.resets]:
                    caller.peer.receive(caller.caller.some())
            caller.h2.increment_flow_control_window(1000)
            caller.flush()

    settings = {SettingCodes.INITIAL_WINDOW_SIZE: 1000}
    request = Request(method="POST", path="/", body='"' + "b" * 5000 + '"')
    outcome, server = drive(engine, speaks_h2(act, settings), request, lanes=1, streams=1, attempts=30)

    assert outcome.counts.errors == {}
    assert outcome.counts.samples == server.answered == outcome.begun
    assert server.accepted == 1
    assert resets or {code for _, code in cancelled[0]} == {ErrorCodes.CANCEL}


def test_an_answer_to_head_ends_with_its_head(engine: Engine) -> None:
    """The length it names is that of a body which does not come."""

    def act(caller: H2Caller) -> None:
        while True:
            request = caller.request()
            assert request.headers[":method"] == "HEAD"
            caller.answer(request, b"", fields=(("content-length", "1234"),))

    outcome, server = drive(engine, speaks_h2(act), Request(method="HEAD", path="/"))

    assert outcome.counts.errors == {}
    assert outcome.counts.samples == server.answered == outcome.begun


def test_over_tls_the_server_chooses_h2(engine: Engine) -> None:
    """ALPN offers h2 alone; where the server takes it, everything goes as in the clear."""
    context = server_context(alpn=("http/1.1", "h2"))
    outcome, server = ask(
        engine, answers_h2(), context=context, lanes=2, attempts=300, http="2", streams=4, trust=TRUST
    )

    assert outcome.counts.errors == {}
    assert outcome.counts.samples == server.answered == outcome.begun
    assert server.accepted == 2


def test_a_server_that_does_not_choose_h2_is_an_error(engine: Engine) -> None:
    """Without a choice by ALPN nothing is asked: the error says what was expected."""
    outcome, server = ask(
        engine, answers(answer_of()), context=server_context(), attempts=6, http="2", streams=2, trust=TRUST
    )

    assert outcome.counts.errors == {"protocol": outcome.begun}
    assert "expected the server to choose h2 by ALPN, found no choice" in outcome.messages["protocol"][0]
    assert server.requests == 0
