"""Single requests over HTTP/2: each ends within its time, whatever the server does, and says what was wrong."""

from pathlib import Path

import pytest
from h2.errors import ErrorCodes
from h2.settings import SettingCodes

from controller.load.once import Http2Client
from controller.plan.target import Target
from controller.plan.trust import BY_THIS_MACHINE
from controller.stack.exchange import Answer, NoAnswerError
from controller.stack.reached import reach_target
from tests.load.certificates import TRUST, server_context
from tests.load.h2_peer import goodbye
from tests.load.h2_scripts import H2Caller, answers_h2, speaks_h2
from tests.load.scripts import answers
from tests.load.servers import Caller, Script, ScriptedServer, answer_of, closed_port


def asked(script: Script, *, method: str = "GET", body: bytes = b"", within_s: float = 10.0) -> Answer:
    """Ask a scripted server once."""
    with ScriptedServer(script) as server, Http2Client(server.url, within_s=within_s, trust=BY_THIS_MACHINE) as client:
        return client.ask("/x", method=method, headers=(("X-A", "b"),), body=body)


def reason(script: Script, *, within_s: float = 10.0) -> NoAnswerError:
    """Ask a scripted server that gives no whole answer, and return what is said of it."""
    with pytest.raises(NoAnswerError) as caught:
        asked(script, within_s=within_s)
    assert caught.value.request == "GET /x"
    return caught.value


@pytest.mark.parametrize("layout", [{}, {"pieces": 2, "padding": 3}, {"interim": True, "trailers": True}], ids=str)
def test_a_whole_answer_is_returned(layout: dict[str, object]) -> None:
    """Status, body and length are those of the server, however it frames them."""
    answer = asked(answers_h2(b"body", status=404, **layout))

    assert (answer.status, answer.body, answer.body_bytes) == (404, b"body", 4)
    assert answer.elapsed_s > 0


def test_the_fields_of_an_answer_are_kept() -> None:
    """All but its status, which is no field."""
    script = speaks_h2(lambda caller: caller.answer(caller.request(), b"ok", fields=(("x-cache", "HIT"),)))
    fields = asked(script).fields

    assert fields["x-cache"] == "HIT"
    assert [name for name in fields if name.startswith(":")] == []


def test_a_body_is_sent_within_the_servers_windows() -> None:
    """The request's body comes whole, though its windows are small, and the answer tells that it did."""

    def act(caller: H2Caller) -> None:
        request = caller.request()
        caller.answer(request, request.headers[":method"].encode() + b" " + request.body[-3:])

    script = speaks_h2(act, {SettingCodes.INITIAL_WINDOW_SIZE: 100_000})

    assert asked(script, method="POST", body=b"b" * 300_000 + b"end").body == b"POST end"


def test_an_answer_to_head_has_no_body() -> None:
    """The length it names is not waited for."""
    script = speaks_h2(lambda caller: caller.answer(caller.request(), b"", fields=(("content-length", "9"),)))

    assert asked(script, method="HEAD").body_bytes == 0


def test_over_tls_h2_must_be_chosen() -> None:
    """With h2 chosen all is as in the clear; a server that chooses nothing is said to."""
    with ScriptedServer(answers_h2(), context=server_context(alpn=("h2",))) as server:
        assert Http2Client(server.url, within_s=10, trust=TRUST).ask("/").body == b"ok"
    with (
        ScriptedServer(answers(answer_of()), context=server_context()) as server,
        pytest.raises(NoAnswerError, match="expected the server to choose h2 by ALPN, found no choice"),
    ):
        Http2Client(server.url, within_s=10, trust=TRUST).ask("/")


def test_what_is_no_answer_is_said() -> None:
    """HTTP/1.1, resets, farewells, silence, an early end and a closed port: each has its line."""

    def http1(caller: Caller) -> None:
        caller.some()
        caller.answer(answer_of(status=400))
        caller.wait_for_the_close()

    def resets(caller: H2Caller) -> None:
        caller.h2.reset_stream(caller.request().stream, ErrorCodes.INTERNAL_ERROR)
        caller.flush()
        caller.wait_for_the_close()

    def leaves(caller: H2Caller) -> None:
        caller.request()
        caller.caller.send(goodbye(0, ErrorCodes.ENHANCE_YOUR_CALM))
        caller.wait_for_the_close()

    def closes(caller: H2Caller) -> None:
        caller.request()
        caller.caller.close()

    assert "no HTTP/2: expected the SETTINGS that HTTP/2 begins with, found b'HTTP/1.1 400" in str(reason(http1))
    assert "reset the stream: INTERNAL_ERROR" in str(reason(speaks_h2(resets)))
    assert "took leave of the connection: ENHANCE_YOUR_CALM" in str(reason(speaks_h2(leaves)))
    # What the server has not read, as it closes, makes its end a reset; what is sent after that, a broken pipe.
    closed = {"the connection closed without a whole answer", "Connection reset by peer", "Broken pipe"}
    assert str(reason(speaks_h2(closes))) in closed
    silent = reason(Caller.wait_for_the_close, within_s=0.3)
    assert str(silent) == "no whole answer within 0.3 s"
    assert silent.gone
    with closed_port() as port, pytest.raises(NoAnswerError, match="refused"):
        Http2Client(f"http://127.0.0.1:{port}", within_s=1, trust=BY_THIS_MACHINE).ask("/")


def test_a_server_that_runs_already_is_reached_in_http2() -> None:
    """A target at a url that speaks nothing else is ready, and found where it listens."""
    with ScriptedServer(answers_h2()) as server:
        target = Target(
            name="there",
            folder=Path("/servers/there"),
            language="Python",
            framework="h2",
            style="async",
            process_model="one process",
            contract=False,
            ready="/",
            url=server.url,
        )
        reached = reach_target(target, trust=BY_THIS_MACHINE, client=Http2Client)

    assert reached.url == server.url
