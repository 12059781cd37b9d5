"""What servers may do wrong over HTTP/2, each through the engine: one error of its kind, and the load goes on."""

import time
from collections.abc import Callable

import pytest
from h2.errors import ErrorCodes

from controller.load.wire.engine import Engine
from controller.load.wire.pauses import LEAST_PAUSE_S
from tests.load.driving import Driving, ask2, job_for
from tests.load.h2_peer import raw_frame
from tests.load.h2_scripts import H2Caller, speaks_h2
from tests.load.servers import Caller, Script, ScriptedServer, answer_of, closed_port

# Header blocks: indexed fields of the static table, and literals.
OK, STATUS_204 = b"\x88", b"\x89"
LENGTH_5 = b"\x0f\x0d\x015"

BROKEN = {
    "a push, though none was allowed": raw_frame(5, b"\0\0\0\x02" + OK, flags=4, stream=1),
    "a frame too large": raw_frame(0, b"x" * 16_385, stream=1),
    "a frame too large that never ends": raw_frame(0, b"x" * 16_385, stream=1)[:20],
    "an answer to what nobody asked": raw_frame(1, OK, flags=5, stream=3),
    "an answer on a stream of servers": raw_frame(1, OK, flags=5, stream=2),
    "a body of the whole connection": raw_frame(0, b"ok", flags=1),
    "a header of a table that is empty": raw_frame(1, b"\xbe", flags=5, stream=1),
    "a table that was refused": raw_frame(1, b"\x3f\xe1\x1f" + OK, flags=5, stream=1),
    "a header block that ends in the middle": raw_frame(1, b"\x88\x0f", flags=5, stream=1),
    "data within a header block": raw_frame(1, OK, stream=1) + raw_frame(0, b"ok", flags=1, stream=1),
    "a ping within a header block": raw_frame(1, OK, stream=1) + raw_frame(6, b"fastserv"),
    "another stream's continuation": raw_frame(1, OK, stream=1) + raw_frame(9, b"", flags=4, stream=3),
    "a continuation of nothing": raw_frame(9, OK, flags=4, stream=1),
    "a header block without an end": raw_frame(1, b"\0" * 16_384, stream=1)
    + 4 * raw_frame(9, b"\0" * 16_384, stream=1),
    "settings of no whole number": raw_frame(4, b"\0" * 5),
    "settings of a stream": raw_frame(4, stream=1),
    "an acknowledgement that sets something": raw_frame(4, b"\0\x04\0\0\0\x01", flags=1),
    "pushes switched on": raw_frame(4, b"\0\x02\0\0\0\x01"),
    "frames made too small": raw_frame(4, b"\0\x05\0\0\0\x01"),
    "a window beyond all bounds": raw_frame(4, b"\0\x04\xff\xff\xff\xff"),
    "a window that grows by nothing": raw_frame(8, b"\0" * 4),
    "a window that grows too large": raw_frame(8, b"\x7f\xff\xff\xff"),
    "a window update that is too short": raw_frame(8, b"\0\0\x01"),
    "a short ping": raw_frame(6, b"fastser"),
    "a ping on a stream": raw_frame(6, b"fastserv", stream=1),
    "a short goodbye": raw_frame(7, b"\0" * 4),
    "a goodbye on a stream": raw_frame(7, b"\0" * 8, stream=1),
    "a reset of what nobody asked": raw_frame(3, b"\0" * 4, stream=9),
    "a reset of the whole connection": raw_frame(3, b"\0" * 4),
    "a short reset": raw_frame(3, b"\0" * 3, stream=1),
    "padding longer than its frame": raw_frame(1, OK, flags=4, stream=1) + raw_frame(0, b"\x09k", flags=9, stream=1),
    "padding without a length": raw_frame(1, OK, flags=4, stream=1) + raw_frame(0, b"", flags=9, stream=1),
    "a priority that is cut off": raw_frame(1, b"\0\0", flags=0x25, stream=1),
}

MALFORMED = {
    "a body without a head": raw_frame(0, b"ok", flags=1, stream=1),
    "no body, though one was announced": raw_frame(1, OK + LENGTH_5, flags=5, stream=1),
    "less than was announced": raw_frame(1, OK + LENGTH_5, flags=4, stream=1) + raw_frame(0, b"ok", flags=1, stream=1),
    "more than was announced": raw_frame(1, OK + LENGTH_5, flags=4, stream=1)
    + raw_frame(0, b"okokok", flags=1, stream=1),
    "two lengths": raw_frame(1, OK + LENGTH_5 + b"\x0f\x0d\x014", flags=5, stream=1),
    "a length that is no number": raw_frame(1, OK + b"\x0f\x0d\x01x", flags=5, stream=1),
    "a body of a 204": raw_frame(1, STATUS_204, flags=4, stream=1) + raw_frame(0, b"ok", flags=1, stream=1),
    "no status": raw_frame(1, LENGTH_5, flags=5, stream=1),
    "two statuses": raw_frame(1, OK + OK, flags=5, stream=1),
    "a status after a field": raw_frame(1, b"\x0f\x0d\x010" + OK, flags=5, stream=1),
    "a status that is none": raw_frame(1, b"\x08\x0220", flags=5, stream=1),
    "a request instead of an answer": raw_frame(1, b"\x82", flags=5, stream=1),
    "an end with an interim head": raw_frame(1, b"\x08\x03103", flags=5, stream=1),
    "a second head": 2 * raw_frame(1, OK, flags=4, stream=1),
    "a status in trailers": raw_frame(1, OK, flags=4, stream=1) + raw_frame(1, OK, flags=5, stream=1),
    "a name in upper case": raw_frame(1, OK + b"\0\x01A\x01b", flags=5, stream=1),
    "a line end in a value": raw_frame(1, OK + b"\0\x01a\x01\n", flags=5, stream=1),
    "a field of HTTP/1.1's connections": raw_frame(1, OK + b"\0\x0aconnection\x05close", flags=5, stream=1),
}


def sends(data: bytes) -> Script:
    """Send some bytes instead of an answer to the first request of each connection."""

    def act(caller: H2Caller) -> None:
        caller.request()
        caller.caller.send(data)
        caller.caller.wait_for_the_close()

    return speaks_h2(act)


def sends_once(data: bytes) -> Script:
    """Send some bytes instead of the first answer, and answer all that follows."""

    def act(caller: H2Caller) -> None:
        caller.request()
        caller.caller.send(data)
        caller.answer_all()

    return speaks_h2(act)


@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN.keys())
def test_what_breaks_the_protocol_is_an_error_and_ends_the_connection(engine: Engine, data: bytes) -> None:
    """Each such connection is one error `protocol` for what was under way, and the next one is tried."""
    outcome, server = ask2(engine, sends(data), lanes=1, streams=1, attempts=3)

    assert outcome.counts.errors == {"protocol": outcome.begun}
    assert server.accepted >= outcome.begun - 1


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
def test_answers_that_cannot_be_are_malformed(engine: Engine, data: bytes) -> None:
    """Each is one error `malformed`, of its stream alone: the connection carries the next request."""
    outcome, server = ask2(engine, sends_once(data), lanes=1, streams=1, attempts=20)

    assert outcome.counts.errors == {"malformed": 1}
    assert server.accepted == 1
    assert outcome.counts.answered == server.answered + 1


def test_our_time_out_ends_its_stream_alone(engine: Engine) -> None:
    """A stream that is not answered in time is cancelled; the others go on, and late frames are nobody's answer."""
    resets: list[list[tuple[int, int]]] = []

    def act(caller: H2Caller) -> None:
        resets.append(caller.peer.resets)
        late = caller.request()
        while not caller.peer.resets:
            caller.answer(caller.request())
        caller.caller.send(raw_frame(1, OK, flags=4, stream=late.stream) + raw_frame(0, b"no", stream=late.stream))
        caller.caller.send(raw_frame(0, b"no", flags=1, stream=late.stream))
        caller.answer_all()

    with ScriptedServer(speaks_h2(act)) as server:
        driving = Driving(engine, job_for(server.url, http="2", streams=3, timeout_s=0.4), lanes=1)
        time.sleep(1.2)
        outcome = driving.end()

    assert outcome.counts.errors == {"timeout": 1}
    assert outcome.counts.samples == server.answered == outcome.begun - 1
    assert resets == [[(1, ErrorCodes.CANCEL)]]
    assert server.accepted == 1


def test_a_server_that_never_answers_times_out(engine: Engine) -> None:
    """Each attempt is given up after its time, on one connection, as a time-out."""
    outcome, server = ask2(engine, speaks_h2(H2Caller.wait_for_the_close), streams=3, attempts=12, timeout_s=0.2)

    assert outcome.counts.errors == {"timeout": outcome.begun}
    assert server.accepted == 2


def test_a_server_that_never_greets_times_out_as_connecting(engine: Engine) -> None:
    """Without the server's SETTINGS nothing can be asked: the time-out is one of connecting, and it is tried anew."""
    outcome, server = ask2(engine, Caller.wait_for_the_close, streams=2, attempts=8, timeout_s=0.2)

    assert outcome.counts.errors == {"connect_timeout": outcome.begun}
    assert server.accepted >= outcome.begun // 2


def test_a_server_of_http1_is_named_as_such(engine: Engine) -> None:
    """Who answers HTTP/1.1 to HTTP/2's preface is an error `protocol` that shows what came."""

    def script(caller: Caller) -> None:
        caller.some()
        caller.answer(answer_of(status=400))
        caller.wait_for_the_close()

    outcome, _ = ask2(engine, script, streams=2, attempts=6)

    assert outcome.counts.errors == {"protocol": outcome.begun}
    assert "expected the SETTINGS that HTTP/2 begins with, found b'HTTP/1.1 400" in outcome.messages["protocol"][0]


def test_a_closed_port_is_refused_and_asked_ever_more_rarely(engine: Engine) -> None:
    """Every stream that waits for the connection is an error, and pauses double."""
    with closed_port() as port:
        driving = Driving(engine, job_for(f"http://127.0.0.1:{port}", http="2", streams=4), lanes=1)
        time.sleep(1.0)
        outcome = driving.end()

    most = 4 * (2 + int(outcome.windows[-1].end_s / LEAST_PAUSE_S).bit_length())
    assert outcome.counts.errors == {"connect_refused": outcome.begun}
    assert 8 <= outcome.begun <= most


@pytest.mark.parametrize("ends", [Caller.close, Caller.reset])
def test_a_connection_that_ends_fails_what_was_under_way(engine: Engine, ends: Callable[[Caller], None]) -> None:
    """Each stream in flight is one error; the next connection goes on."""

    def act(caller: H2Caller) -> None:
        for _ in range(10):
            caller.answer(caller.request())
        ends(caller.caller)

    outcome, server = ask2(engine, speaks_h2(act), lanes=1, streams=3, attempts=100)

    assert set(outcome.counts.errors) == {"reset"}
    assert 2 <= outcome.counts.errors["reset"] <= 3 * server.accepted
    # Answers on their way when the connection was reset may not have come.
    assert server.answered - 3 * server.accepted <= outcome.counts.samples <= server.answered


@pytest.mark.parametrize("known", [False, True])
@pytest.mark.parametrize("begin", ["a head", "a head and half a body"])
def test_an_answer_that_had_begun_is_short(engine: Engine, begin: str, known: bool) -> None:
    """The end of the connection after a head, also one that is known at a glance, is a body cut short."""

    def act(caller: H2Caller) -> None:
        for _ in range(10 if known else 0):
            caller.answer(caller.request(), b"0123456789")
        request = caller.request()
        caller.h2.send_headers(request.stream, [(":status", "200"), ("content-length", "10")])
        caller.flush()
        if begin != "a head":
            caller.caller.wait(0.01)
            caller.caller.send(raw_frame(0, b"0123456789", flags=1, stream=request.stream)[:14])
        caller.caller.close()

    outcome, server = ask2(engine, speaks_h2(act), lanes=1, streams=1, attempts=34 if known else 3)

    assert set(outcome.counts.errors) == {"short_body"}
    assert outcome.counts.samples == server.answered
