"""What a server does wrong is an error of its kind, never a sample, and load goes on."""

import time
from collections.abc import Callable
from math import ceil

import pytest

from controller.load.wire.ask import CHECK_EVERY
from controller.load.wire.engine import Engine
from controller.load.wire.pauses import LEAST_PAUSE_S
from controller.measure.window import ANSWERED_WRONG
from controller.plan.contract import contract_to_wire, read_contract
from tests.load.driving import Driving, ask, driven, job_for, until
from tests.load.scripts import answers, breaks, sends_half_and
from tests.load.servers import Caller, ScriptedServer, answer_of, chunked_answer, closed_port
from tests.sources import ROOT

CONTRACT = contract_to_wire(read_contract(ROOT / "servers"))

ONE_KIND = {
    "status 500": (answers(answer_of(status=500)), "wrong_status"),
    "status 500 and close": (breaks(lambda caller: caller.answer(answer_of(status=500, close=True))), "wrong_status"),
    "a redirection": (answers(answer_of(status=302)), "wrong_status"),
    "an upgrade nobody asked for": (answers(b"HTTP/1.1 101 Switching\r\n\r\n"), "malformed"),
    "two answers at once": (answers(answer_of() * 2), "malformed"),
    "a byte after the end": (answers(answer_of() + b"x"), "malformed"),
    "another protocol": (answers(b"SSH-2.0-OpenSSH\r\n"), "malformed"),
    "a broken length": (answers(b"HTTP/1.1 200 OK\r\nContent-Length: two\r\n\r\nok"), "malformed"),
    "a body that is cut": (breaks(sends_half_and(Caller.close)), "short_body"),
    "a body that is reset": (breaks(sends_half_and(Caller.reset)), "reset"),
    "a head that is cut": (breaks(lambda caller: caller.send(b"HTTP/1.1 200 O")), "short_body"),
    "chunks that are cut": (
        breaks(lambda caller: caller.send(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")),
        "short_body",
    ),
    "closed instead of an answer": (breaks(Caller.close), "reset"),
    "reset instead of an answer": (breaks(Caller.reset), "reset"),
}


@pytest.mark.parametrize("name", ONE_KIND)
def test_each_fault_is_an_error_of_its_kind(engine: Engine, name: str) -> None:
    """A server that always fails in one way leads to errors of that one kind, and to no sample."""
    script, kind = ONE_KIND[name]

    outcome, server = ask(engine, script, attempts=12)

    assert set(outcome.counts.errors) == {kind}
    assert outcome.counts.samples == 0
    assert outcome.counts.latency.counts == {}
    assert outcome.counts.answered == server.answered == (outcome.begun if kind in ANSWERED_WRONG else 0)
    assert outcome.messages[kind][0].startswith("/: ")


@pytest.mark.parametrize("act", [Caller.close, Caller.reset], ids=["close", "reset"])
def test_a_server_that_breaks_off_after_some_answers_is_asked_again_at_once(
    engine: Engine, act: Callable[[Caller], None]
) -> None:
    """Every answer counts, every broken connection is one error, and load goes on as if nothing had been."""
    # With pauses that double so many attempts would take minutes, and the wait for them end.
    outcome, server = ask(engine, breaks(act, after=5), lanes=2, attempts=1200)

    assert set(outcome.counts.errors) == {"reset"}
    assert outcome.counts.samples == server.answered
    assert server.accepted >= outcome.counts.failures


def test_a_wrong_answer_keeps_its_connection(engine: Engine) -> None:
    """A 500 is whole: the connection goes on, and nobody connects anew."""
    outcome, server = ask(engine, answers(answer_of(status=500)), lanes=4, attempts=200)

    assert server.accepted == 4
    assert outcome.counts.errors == {"wrong_status": server.answered}


def test_wrong_and_right_answers_are_told_apart(engine: Engine) -> None:
    """Of a server that fails every third answer, each is counted as what it was."""

    def script(caller: Caller) -> None:
        for number in range(1 << 20):
            caller.request()
            caller.answer(answer_of(status=500 if number % 3 == 2 else 200))

    outcome, server = ask(engine, script, lanes=1, attempts=300)

    assert outcome.counts.errors == {"wrong_status": server.answered // 3}
    assert outcome.counts.samples == server.answered - server.answered // 3


CONTRACT_BREAKS = {
    "wrong length": (answer_of(b"okay"), lambda n: {"wrong_length": n}),
    "wrong status": (answer_of(b"ok", status=201), lambda n: {"wrong_status": n}),
    "wrong body": (answer_of(b"ko"), lambda n: {"wrong_body": ceil(n / CHECK_EVERY)}),
    "wrong body in chunks": (chunked_answer(b"ko"), lambda n: {"wrong_body": ceil(n / CHECK_EVERY)}),
    "nothing wrong": (answer_of(b"ok"), lambda _: {}),
}


@pytest.mark.parametrize("name", CONTRACT_BREAKS)
def test_answers_are_held_to_the_contract(engine: Engine, name: str) -> None:
    """Status and length of every answer, the body of the first and of one in 64: what is wrong is found."""
    data, errors = CONTRACT_BREAKS[name]

    with ScriptedServer(answers(data)) as server:
        outcome = driven(engine, job_for(server.url, "/api/health", contract=CONTRACT), attempts=300)

    assert outcome.counts.errors == errors(server.answered)
    assert outcome.counts.answered == server.answered


def test_a_body_that_turns_wrong_is_found(engine: Engine) -> None:
    """Verified bytes are known at a glance, and other bytes of the same length are looked at again, one in 64."""

    def script(caller: Caller) -> None:
        for number in range(1 << 20):
            caller.request()
            caller.answer(answer_of(b"ok" if number < 100 else b"ko"))

    with ScriptedServer(script) as server:
        outcome = driven(engine, job_for(server.url, "/api/health", contract=CONTRACT), lanes=1, attempts=1000)

    wrong = server.answered - 100
    assert wrong // CHECK_EVERY <= outcome.counts.errors["wrong_body"] <= ceil(wrong / CHECK_EVERY)
    assert outcome.counts.answered == server.answered


def test_a_server_that_never_answers_times_out(engine: Engine) -> None:
    """Each attempt is given up after its time, as a time-out, and the lane goes on with a new connection."""
    outcome, server = ask(engine, Caller.wait_for_the_close, lanes=3, attempts=9, timeout_s=0.2)

    assert outcome.counts.errors == {"timeout": outcome.begun}
    assert server.accepted >= outcome.begun


def test_an_answer_that_stops_in_the_middle_times_out(engine: Engine) -> None:
    """Some bytes are no answer: the time-out counts from the send to the last byte."""
    outcome, _ = ask(engine, breaks(sends_half_and(Caller.wait_for_the_close)), attempts=6, timeout_s=0.2)

    assert outcome.counts.errors == {"timeout": outcome.begun}


def test_a_slow_answer_within_its_time_is_a_sample(engine: Engine) -> None:
    """The time-out is of one attempt, not of the connection: many slow answers make no error."""

    def script(caller: Caller) -> None:
        while caller.request():
            caller.wait(0.15)
            caller.answer(answer_of())

    outcome, server = ask(engine, script, lanes=2, attempts=10, timeout_s=5)

    assert outcome.counts.errors == {}
    assert outcome.counts.samples == server.answered
    assert (outcome.counts.latency.min_us or 0) >= 150_000


def test_a_closed_port_is_asked_ever_more_rarely(engine: Engine) -> None:
    """Refused connections are errors, and pauses double: attempts grow with the logarithm of the time."""
    with closed_port() as port:
        driving = Driving(engine, job_for(f"http://127.0.0.1:{port}"), lanes=4)
        time.sleep(1.0)
        outcome = driving.end()

    elapsed_s = outcome.windows[-1].end_s
    most = 4 * (2 + ceil(elapsed_s / LEAST_PAUSE_S).bit_length())
    assert outcome.counts.errors == {"connect_refused": outcome.begun}
    assert 8 <= outcome.begun <= most


def test_an_address_that_cannot_be_reached_is_not_the_servers_refusal(engine: Engine) -> None:
    """No route, no port or no file left is an error of this side, told apart from a server that says no."""
    outcome = driven(engine, job_for("http://255.255.255.255:9"), lanes=2, attempts=4)

    assert outcome.counts.errors == {"connect_failed": outcome.begun}


def test_load_goes_on_when_a_server_comes_back(engine: Engine) -> None:
    """While a server is gone its attempts are errors; when it is back, lanes find it by themselves."""
    with ScriptedServer(answers(answer_of())) as first:
        driving = Driving(engine, job_for(first.url), lanes=3)
        until(lambda: first.answered >= 50)
    gone = driving.attempts()
    until(lambda: driving.attempts() >= gone + 3)
    with ScriptedServer(answers(answer_of()), port=first.port) as second:
        until(lambda: second.answered >= 50)
        outcome = driving.end()

    # The first server's last answers may have met connections that its end had broken already.
    lost = first.answered + second.answered - outcome.counts.samples
    assert 0 <= lost <= 3
    assert set(outcome.counts.errors) <= {"reset", "short_body", "connect_refused"}
    assert outcome.counts.errors["connect_refused"] > 0
