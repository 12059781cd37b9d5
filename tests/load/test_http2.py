"""HTTP/2 through the engine, against servers of the h2 package on loopback: what both sides counted is the same."""

import pytest
from h2.errors import ErrorCodes
from h2.settings import SettingCodes

from controller.load.job import Offered
from controller.load.wire.ask import CHECK_EVERY
from controller.load.wire.engine import Engine
from controller.load.wire.streams import WINDOW_BYTES
from controller.plan.contract import contract_to_wire, read_contract
from controller.plan.scenario import Stage
from tests.load.driving import ask2, driven, job_for
from tests.load.h2_peer import goodbye, raw_frame
from tests.load.h2_scripts import H2Caller, answers_h2, speaks_h2
from tests.load.servers import ScriptedServer
from tests.sources import ROOT

CONTRACT = contract_to_wire(read_contract(ROOT / "servers"))


LAYOUTS: dict[str, dict[str, object]] = {
    "one frame": {},
    "two frames": {"pieces": 2},
    "an empty frame to end with": {"ends_apart": True},
    "padding": {"padding": 7},
    "padding of nothing": {"padding": 0, "pieces": 2},
    "an interim head": {"interim": True},
    "trailers": {"trailers": True},
    "an interim head and trailers": {"interim": True, "trailers": True},
    "no body": {"body": b""},
    "no body, and trailers": {"body": b"", "trailers": True},
    "the largest frame": {"body": b"x" * 16_384},
    "many frames": {"body": b"x" * 16_000, "pieces": 9},
    "a long head": {"fields": tuple((f"x-{number}", "~" * 1000) for number in range(20))},
    "204": {"status": 204, "body": b""},
}


@pytest.mark.parametrize("layout", LAYOUTS.values(), ids=LAYOUTS.keys())
def test_every_layout_of_an_answer_is_counted(engine: Engine, layout: dict[str, object]) -> None:
    """However frames are cut, padded, and ended: each answer is one sample, no connection is lost, sizes are right."""
    outcome, server = ask2(engine, answers_h2(**layout))  # type: ignore[arg-type]

    assert outcome.counts.errors == {}
    assert outcome.counts.samples == server.answered == outcome.begun
    assert server.accepted == 2
    assert outcome.counts.bytes >= outcome.begun * (9 + len(layout.get("body", b"ok")))  # type: ignore[arg-type]


def test_requests_say_what_a_server_needs(engine: Engine) -> None:
    """The pseudo fields come, names are lower case, and nothing speaks of a connection."""
    seen: list[dict[str, str]] = []

    def act(caller: H2Caller) -> None:
        while True:
            request = caller.request()
            seen.append(request.headers)
            caller.answer(request)

    outcome, server = ask2(engine, speaks_h2(act), headers=(("Accept", "text/plain"), ("X-Long", "z" * 40_000)))

    assert outcome.counts.errors == {}
    wanted = {":method": "GET", ":scheme": "http", ":path": "/", ":authority": server.url.removeprefix("http://")}
    assert all(headers == {**wanted, "accept": "text/plain", "x-long": "z" * 40_000} for headers in seen)
    assert len(seen) == outcome.begun


@pytest.mark.parametrize(
    ("wrong", "kind"),
    [
        ({"status": 500}, "wrong_status"),
        ({"body": b"okay"}, "wrong_length"),
        ({"body": b"ko"}, "wrong_body"),
    ],
    ids=str,
)
def test_wrong_answers_are_errors_of_their_kind(engine: Engine, wrong: dict[str, object], kind: str) -> None:
    """Status, length and body are checked as over HTTP/1.1: no wrong answer is a sample, and none is lost."""
    with ScriptedServer(answers_h2(**wrong)) as server:  # type: ignore[arg-type]
        job = job_for(server.url, "/api/health", http="2", streams=4, contract=CONTRACT)
        outcome = driven(engine, job, lanes=2, attempts=2 * CHECK_EVERY)

    assert set(outcome.counts.errors) == {kind}
    assert outcome.counts.answered == server.answered == outcome.begun
    if kind != "wrong_body":
        assert outcome.counts.samples == 0


@pytest.mark.parametrize("streams", [1, 4, 16])
@pytest.mark.parametrize("many", [1, 7, 40])
def test_nothing_is_lost_when_servers_take_leave(engine: Engine, many: int, streams: int) -> None:
    """GOAWAY after so many answers: what it allows is finished, the rest is asked again elsewhere, none is an error."""

    def act(caller: H2Caller) -> None:
        for _ in range(many):
            caller.answer(caller.request())
        last = caller.request()
        caller.caller.send(goodbye(last.stream))
        caller.caller.wait(0.01)
        caller.answer(last)
        caller.caller.wait(0.01)

    outcome, server = ask2(engine, speaks_h2(act), streams=streams, attempts=400)

    assert outcome.counts.errors == {}
    assert outcome.counts.samples == server.answered == outcome.begun
    assert server.accepted >= outcome.begun // (many + 1)


def test_a_graceful_goodbye_allows_all_that_is_under_way(engine: Engine) -> None:
    """A first GOAWAY with the largest number stops new requests only; a second one says where it ends."""

    def act(caller: H2Caller) -> None:
        caller.answer(caller.request())
        under_way = [caller.request(), *caller.peer.whole]
        caller.caller.send(goodbye(2**31 - 1))
        for request in under_way:
            caller.answer(request)
        caller.caller.send(goodbye(under_way[-1].stream))
        caller.caller.wait(0.02)

    outcome, server = ask2(engine, speaks_h2(act), streams=4, attempts=60)

    assert outcome.counts.errors == {}
    assert outcome.counts.samples == server.answered == outcome.begun


def test_a_goodbye_because_of_an_error_is_an_error(engine: Engine) -> None:
    """GOAWAY with an error's code: the streams that it shuts out are errors that name it."""

    def act(caller: H2Caller) -> None:
        caller.answer(caller.request())
        caller.request()
        caller.caller.send(goodbye(1, ErrorCodes.ENHANCE_YOUR_CALM))
        caller.caller.wait_for_the_close()

    outcome, server = ask2(engine, speaks_h2(act), lanes=1, streams=2, attempts=20)

    assert set(outcome.counts.errors) == {"protocol"}
    assert "ENHANCE_YOUR_CALM" in outcome.messages["protocol"][0]
    assert outcome.counts.samples == server.answered


def test_a_server_that_only_takes_leave_is_not_asked_in_a_tight_loop(engine: Engine) -> None:
    """GOAWAY before any answer, on every connection: some connections a second, and time-outs in the end."""

    def act(caller: H2Caller) -> None:
        caller.request()
        caller.caller.send(goodbye(0))
        caller.caller.wait_for_the_close()

    outcome, server = ask2(engine, speaks_h2(act), lanes=1, streams=4, attempts=8, timeout_s=0.5)

    assert set(outcome.counts.errors) <= {"timeout", "connect_timeout"}
    assert outcome.counts.samples == 0
    assert server.accepted <= 20 * (1 + outcome.windows[-1].end_s)


def test_refused_streams_are_asked_again_and_no_errors(engine: Engine) -> None:
    """REFUSED_STREAM says that nothing was done: the request is asked again, and counted once."""

    def act(caller: H2Caller) -> None:
        for number in range(1 << 20):
            request = caller.request()
            if number % 3 == 1:
                caller.h2.reset_stream(request.stream, ErrorCodes.REFUSED_STREAM)
                caller.flush()
            else:
                caller.answer(request)

    outcome, server = ask2(engine, speaks_h2(act), attempts=200)

    assert outcome.counts.errors == {}
    assert outcome.counts.samples == server.answered == outcome.begun
    assert server.requests > server.answered
    assert server.accepted == 2


def test_a_stream_that_is_reset_is_an_error_and_the_others_go_on(engine: Engine) -> None:
    """RST_STREAM: one error that names its code; the connection and its other streams stay."""

    def act(caller: H2Caller) -> None:
        for number in range(1 << 20):
            request = caller.request()
            if number % 5 == 4:
                caller.h2.reset_stream(request.stream, ErrorCodes.INTERNAL_ERROR)
                caller.flush()
            else:
                caller.answer(request)

    outcome, server = ask2(engine, speaks_h2(act), attempts=200)

    assert outcome.counts.errors == {"protocol": server.requests - server.answered}
    assert "INTERNAL_ERROR" in outcome.messages["protocol"][0]
    assert outcome.counts.samples == server.answered
    assert server.accepted == 2


@pytest.mark.parametrize("most", [1, 3])
def test_no_more_streams_are_open_than_the_server_takes(engine: Engine, most: int) -> None:
    """MAX_CONCURRENT_STREAMS below the job's streams: the others wait their turn, and all of them get it."""
    open_at_once: list[int] = []

    def act(caller: H2Caller) -> None:
        while True:
            # The h2 package refuses a stream too many with an error of the connection.
            request = caller.request()
            open_at_once.append(1 + len(caller.peer.whole))
            caller.caller.wait(0.001)
            caller.answer(request)

    script = speaks_h2(act, {SettingCodes.MAX_CONCURRENT_STREAMS: most})
    outcome, server = ask2(engine, script, streams=8, attempts=160)

    assert outcome.counts.errors == {}
    assert outcome.counts.samples == server.answered == outcome.begun
    assert max(open_at_once) <= most
    assert server.accepted == 2


def test_a_limit_that_is_lowered_later_is_kept(engine: Engine) -> None:
    """New SETTINGS in the middle: once acknowledged, never more streams than they say are open."""
    late: list[int] = []

    def act(caller: H2Caller) -> None:
        for _ in range(10):
            caller.answer(caller.request())
        caller.h2.update_settings({SettingCodes.MAX_CONCURRENT_STREAMS: 2})
        caller.flush()
        for number in range(1 << 20):
            request = caller.request()
            if number > 20:
                late.append(caller.h2.open_inbound_streams)
            caller.answer(request)

    outcome, server = ask2(engine, speaks_h2(act), lanes=1, streams=8, attempts=200)

    assert outcome.counts.errors == {}
    assert outcome.counts.samples == server.answered == outcome.begun
    assert max(late) <= 2


def test_pings_are_answered_and_unknown_frames_ignored(engine: Engine) -> None:
    """PING comes back with its bytes; PRIORITY and kinds that nobody knows change nothing."""
    peers = []

    def act(caller: H2Caller) -> None:
        peers.append(caller.peer)
        while True:
            request = caller.request()
            caller.h2.ping(b"fastserv")
            caller.flush()
            caller.caller.send(raw_frame(0xFA, b"abc", flags=0x55, stream=request.stream))
            caller.caller.send(raw_frame(2, b"\0\0\0\0\x10", stream=request.stream))
            caller.answer(request)

    outcome, server = ask2(engine, speaks_h2(act), attempts=60)

    assert outcome.counts.errors == {}
    assert outcome.counts.samples == server.answered == outcome.begun
    assert sum(peer.pongs for peer in peers) >= outcome.begun - len(peers) * 4


def test_large_answers_are_counted_and_windows_topped_up(engine: Engine) -> None:
    """More than both windows hold, on one stream: the server is never left waiting, and nothing of it is kept."""
    body = b"0123456789abcdef" * (WINDOW_BYTES // 8)

    def act(caller: H2Caller) -> None:
        while True:
            request = caller.request()
            caller.h2.send_headers(request.stream, [(":status", "200")])
            at = 0
            while at < len(body):
                size = min(16_384, len(body) - at, caller.h2.local_flow_control_window(request.stream))
                if size == 0:
                    caller.peer.receive(caller.caller.some())
                    continue
                caller.h2.send_data(request.stream, body[at : at + size])
                at += size
                caller.flush()
            caller.h2.end_stream(request.stream)
            caller.caller.server.count("answered")
            caller.flush()

    outcome, server = ask2(engine, speaks_h2(act), lanes=1, streams=1, attempts=2)

    assert outcome.counts.errors == {}
    assert outcome.counts.samples == server.answered == outcome.begun
    frames = -(-len(body) // 16_384)
    assert outcome.counts.bytes >= outcome.begun * (len(body) + 9 * (frames + 2))


@pytest.mark.parametrize("most", [None, 2])
def test_a_schedule_is_kept_over_shared_connections(engine: Engine, most: int | None) -> None:
    """The open model on streams: every arrival is asked once and answered once, also where streams wait."""

    def act(caller: H2Caller) -> None:
        for number in range(1 << 20):
            caller.answer(caller.request())
            if number == 20:
                caller.caller.send(goodbye(caller.h2.highest_inbound_stream_id))
                while caller.peer.whole:
                    caller.answer(caller.request())
                caller.wait_for_the_close()

    settings = {} if most is None else {SettingCodes.MAX_CONCURRENT_STREAMS: most}
    job = {"offered": Offered(arrivals="poisson", stages=(Stage(rate_per_s=400.0, duration_s=None),))}
    outcome, server = ask2(engine, speaks_h2(act, settings), lanes=2, streams=8, attempts=300, **job)

    assert outcome.counts.errors == {}
    assert outcome.counts.samples == server.answered == outcome.begun
