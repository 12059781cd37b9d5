"""HTTP/1.1 over TLS: what a server counted is what was counted here, and who cannot prove its name is not asked."""

import ssl
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from math import ceil
from pathlib import Path

import pytest

from controller.load.job import job_from_wire, job_to_wire
from controller.load.wire.engine import Engine
from controller.load.wire.pauses import LEAST_PAUSE_S
from controller.plan.trust import BY_THIS_MACHINE, Trust
from tests.load.certificates import ANYBODY, STRANGER, TRUST, server_context
from tests.load.driving import Driving, ask, driven, job_for, until
from tests.load.nginx import BIG_BYTES, Nginx, run_nginx
from tests.load.scripts import answers, answers_early, breaks, ends_after, sends_half_and
from tests.load.servers import Caller, Gone, Script, ScriptedServer, answer_of, chunked_answer, closed_port
from tests.needs import require

KEEPALIVE_REQUESTS = 100
BODY = bytes(range(256)) * 12


@pytest.fixture(scope="module")
def context() -> ssl.SSLContext:
    """Return what proves that a server is 127.0.0.1, to who believes the tests' authority."""
    return server_context()


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Nginx]:
    """Return an Nginx that closes connections after a hundred requests."""
    require("nginx")
    with run_nginx(tmp_path, keepalive_requests=KEEPALIVE_REQUESTS) as running:
        running.counted()
        yield running


@pytest.mark.parametrize("keepalive", [True, False], ids=["keep-alive", "close"])
@pytest.mark.parametrize(
    ("path", "headers", "attempts"),
    [("/ok", (), 600), ("/big", (), 60), ("/big", (("Accept-Encoding", "gzip"),), 60)],
    ids=["ok", "a megabyte", "zipped in chunks"],
)
def test_nginx_counts_what_we_count(
    engine: Engine,
    nginx: Nginx,
    keepalive: bool,
    path: str,
    headers: tuple[tuple[str, str], ...],
    attempts: int,
) -> None:
    """Every request that Nginx took over TLS is a sample, and no connection was opened that was not needed."""
    before = nginx.counted()
    job = job_for(nginx.tls_url, path, keepalive=keepalive, headers=headers, trust=TRUST)
    outcome = driven(engine, job, lanes=4, attempts=attempts)
    after = nginx.counted(questions=2)

    taken, connections = after.requests - before.requests, after.connections - before.connections
    assert outcome.counts.errors == {}
    assert outcome.counts.samples == taken >= attempts
    if keepalive:
        assert taken / KEEPALIVE_REQUESTS <= connections <= taken / KEEPALIVE_REQUESTS + 4
    else:
        assert taken <= connections <= taken + 4
    if path == "/big" and not headers:
        assert outcome.counts.bytes >= taken * BIG_BYTES


def test_a_kept_connection_shakes_hands_once(engine: Engine, context: ssl.SSLContext) -> None:
    """With keep-alive there are as many handshakes as lanes, however many requests there are."""
    outcome, server = ask(engine, answers(answer_of()), context=context, lanes=4, attempts=400, trust=TRUST)

    assert server.accepted == 4
    assert outcome.counts.errors == {}
    assert outcome.counts.samples == server.answered == server.requests


TAKEN: dict[str, Script] = {
    "in records of a few bytes": answers(answer_of(BODY), pieces=len(BODY) // 5),
    "in two records, in the head": answers(answer_of(), pieces=2),
    "in chunks": answers(chunked_answer(BODY[:300])),
    "in one record": answers(answer_of(BODY)),
    "larger than a record": answers(answer_of(b"x" * 100_000)),
    "of just one record": answers(answer_of(b"x" * (16 * 1024 - len(answer_of(b"x" * 10_000)) + 10_000))),
    "ten for each connection": ends_after(10, says_so=True),
    "one for each connection": ends_after(1, says_so=True),
}


@pytest.mark.parametrize("name", TAKEN)
def test_answers_are_taken_however_they_are_cut(engine: Engine, context: ssl.SSLContext, name: str) -> None:
    """Where records end says nothing about the answer: all are samples."""
    outcome, server = ask(engine, TAKEN[name], context=context, attempts=40, trust=TRUST)

    assert outcome.counts.errors == {}
    assert outcome.counts.samples == server.answered >= 40


def test_what_the_socket_does_not_take_at_once_is_sent_in_order(engine: Engine, context: ssl.SSLContext) -> None:
    """Requests larger than any buffer, answered before they are read: each arrives whole and behind the one before."""
    heads: set[int] = set()

    def script(caller: Caller) -> None:
        try:
            answers_early()(caller)
        finally:
            heads.update(caller.heads)

    long = ("X-Long", "x" * 12_000_000)
    outcome, server = ask(engine, script, context=context, lanes=2, attempts=6, headers=(long,), trust=TRUST)

    assert outcome.counts.errors == {}
    assert outcome.counts.samples == server.answered
    assert len(heads) == 1


def test_an_answer_is_taken_split_at_any_byte(engine: Engine, context: ssl.SSLContext) -> None:
    """Two records that part an answer anywhere give the same as one."""
    data = answer_of(b"split")

    def script(caller: Caller) -> None:
        for number in range(1 << 20):
            caller.request()
            at = 1 + number % (len(data) - 1)
            caller.server.count("answered")
            caller.send(data[:at])
            caller.send(data[at:])

    outcome, server = ask(engine, script, context=context, lanes=2, attempts=3 * len(data), trust=TRUST)

    assert outcome.counts.errors == {}
    assert outcome.counts.samples == server.answered


@pytest.mark.parametrize("ends", [Caller.close, Caller.bid_farewell], ids=["without a farewell", "with one"])
def test_the_end_of_the_stream_ends_a_body(
    engine: Engine, context: ssl.SSLContext, ends: Callable[[Caller], None]
) -> None:
    """A body without a length ends with the connection, whether the server says so as TLS wants it or not."""

    def act(caller: Caller) -> None:
        caller.answer(b"HTTP/1.1 200 OK\r\n\r\n" + BODY)
        ends(caller)

    outcome, server = ask(engine, breaks(act), context=context, attempts=20, trust=TRUST)

    assert outcome.counts.errors == {}
    assert outcome.counts.samples == server.answered
    assert outcome.counts.bytes == server.answered * len(b"HTTP/1.1 200 OK\r\n\r\n" + BODY)


FAULTS = {
    "cut without a farewell": (sends_half_and(Caller.close), "short_body"),
    "cut with a farewell": (sends_half_and(Caller.bid_farewell), "short_body"),
    "reset": (sends_half_and(Caller.reset), "reset"),
    "closed instead of an answer": (Caller.close, "reset"),
    "farewell instead of an answer": (Caller.bid_farewell, "reset"),
    "a broken record": (lambda caller: caller.send_beneath(b"HTTP/1.1 200 OK\r\n\r\n"), "tls"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_is_an_error_of_its_kind(engine: Engine, context: ssl.SSLContext, name: str) -> None:
    """What breaks off after the handshake is what it would be on TCP; what is no TLS is an error of its own."""
    act, kind = FAULTS[name]

    outcome, _ = ask(engine, breaks(act), context=context, attempts=12, trust=TRUST)

    assert outcome.counts.errors == {kind: outcome.begun}
    assert outcome.counts.samples == 0


DAY = timedelta(days=1)
UNPROVEN: dict[str, tuple[ssl.SSLContext, Trust, str]] = {
    "another address": (server_context("127.0.0.2"), TRUST, "IP address mismatch"),
    "a name for an address": (server_context("localhost"), TRUST, "IP address mismatch"),
    "another authority": (server_context(by=STRANGER), TRUST, "unable to get local issuer certificate"),
    "an authority unknown to this machine": (server_context(), BY_THIS_MACHINE, "unable to get local issuer"),
    "expired": (server_context(valid_for=-DAY), TRUST, "certificate has expired"),
}


@pytest.mark.parametrize("name", UNPROVEN)
def test_who_cannot_prove_its_name_is_asked_nothing(engine: Engine, name: str) -> None:
    """A certificate that proves nothing is an error of kind tls in OpenSSL's words, and no request was sent."""
    context, trust, words = UNPROVEN[name]

    outcome, server = ask(engine, answers(answer_of()), context=context, attempts=6, trust=trust)

    assert outcome.counts.errors == {"tls": outcome.begun}
    assert words in outcome.messages["tls"][0]
    assert (server.requests, server.answered) == (0, 0)


@pytest.mark.parametrize("name", UNPROVEN)
def test_without_verification_anybody_is_asked(engine: Engine, name: str) -> None:
    """The same servers answer as any other where certificates are not looked at."""
    outcome, server = ask(engine, answers(answer_of()), context=UNPROVEN[name][0], attempts=30, trust=ANYBODY)

    assert outcome.counts.errors == {}
    assert outcome.counts.samples == server.answered


def test_a_name_is_proven_by_name(engine: Engine) -> None:
    """Of a URL with a name, the name is what the certificate must bear, and what the server is told before."""
    asked_for = []
    context = server_context("localhost")
    context.sni_callback = lambda _socket, name, _context: asked_for.append(name)

    with ScriptedServer(answers(answer_of()), context=context) as server:
        outcome = driven(engine, job_for(f"https://localhost:{server.port}", trust=TRUST), lanes=2, attempts=20)

    assert outcome.counts.errors == {}
    assert set(asked_for) == {"localhost"}


def stalls(caller: Caller) -> None:
    """Read what comes, and say nothing."""
    caller.wait_for_the_close()


def resets(caller: Caller) -> None:
    """Break the connection as soon as the client has spoken."""
    caller.begin_of_request()
    caller.reset()


def closes(caller: Caller) -> None:
    """Close the connection as soon as the client has spoken."""
    caller.begin_of_request()
    raise Gone


def speaks_plainly(caller: Caller) -> None:
    """Answer in HTTP without TLS, as a server does that was asked on its other port."""
    caller.begin_of_request()
    caller.send(answer_of(status=400, close=True))


@pytest.mark.parametrize("script", [resets, closes, speaks_plainly])
def test_what_fails_in_the_handshake_is_no_failed_connect(engine: Engine, script: Script) -> None:
    """The address was reached: what goes wrong from there on is an error of kind tls, and the lane pauses."""
    with ScriptedServer(script) as server:
        driving = Driving(engine, job_for(f"https://127.0.0.1:{server.port}", trust=TRUST), lanes=2)
        time.sleep(0.7)
        outcome = driving.end()

    most = 2 * (2 + ceil(outcome.windows[-1].end_s / LEAST_PAUSE_S).bit_length())
    assert outcome.counts.errors == {"tls": outcome.begun}
    assert 4 <= outcome.begun <= most
    assert "in the handshake: " in outcome.messages["tls"][0]


def test_a_handshake_that_stalls_times_out_as_a_connect(engine: Engine) -> None:
    """Who takes a connection and says nothing never let the request be sent."""
    with ScriptedServer(stalls) as server:
        job = job_for(f"https://127.0.0.1:{server.port}", trust=TRUST, timeout_s=0.2)
        outcome = driven(engine, job, lanes=2, attempts=6)

    assert outcome.counts.errors == {"connect_timeout": outcome.begun}


def test_a_closed_port_is_refused_before_any_handshake(engine: Engine) -> None:
    """Nobody listening is the same over TLS as without."""
    with closed_port() as port:
        outcome = driven(engine, job_for(f"https://127.0.0.1:{port}", trust=TRUST), lanes=2, attempts=6)

    assert outcome.counts.errors == {"connect_refused": outcome.begun}


def test_load_goes_on_when_a_server_comes_back(engine: Engine, context: ssl.SSLContext) -> None:
    """While a server is gone its attempts are errors; when it is back, lanes find it by themselves."""
    with ScriptedServer(answers(answer_of()), context=context) as first:
        driving = Driving(engine, job_for(first.url, trust=TRUST), lanes=3)
        until(lambda: first.answered >= 50)
    gone = driving.attempts()
    until(lambda: driving.attempts() >= gone + 3)
    with ScriptedServer(answers(answer_of()), port=first.port, context=context) as second:
        until(lambda: second.answered >= 50)
        outcome = driving.end()

    lost = first.answered + second.answered - outcome.counts.samples
    assert 0 <= lost <= 3
    assert set(outcome.counts.errors) <= {"reset", "short_body", "connect_refused", "tls"}


def test_a_job_takes_its_authorities_with_it() -> None:
    """A worker elsewhere has no file of the controller's: the text itself goes over the channel."""
    job = job_for("https://127.0.0.1:1", trust=TRUST)

    assert job_from_wire(job_to_wire(job)) == job
