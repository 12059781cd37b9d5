"""What a server may do is a sample, one for each answer, whatever way HTTP lets it be sent."""

import pytest

from controller.load.wire.engine import Engine
from tests.load.driving import ask, driven, job_for
from tests.load.scripts import answers, answers_early, breaks, ends_after
from tests.load.servers import Caller, ScriptedServer, answer_of, chunked_answer

FAULTLESS = {
    "kept alive": answers(answer_of()),
    "an empty body": answers(answer_of(b"")),
    "chunked": answers(chunked_answer()),
    "a byte at a time": answers(answer_of(), pieces=len(answer_of())),
    "chunked, a byte at a time": answers(chunked_answer(), pieces=len(chunked_answer())),
    "an interim answer first": answers(b"HTTP/1.1 100 Continue\r\n\r\n" + answer_of()),
    "no content": answers(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "closed after each answer": ends_after(1, says_so=True),
    "closed after five answers": ends_after(5, says_so=True),
    "ended by the close": breaks(lambda caller: caller.answer(b"HTTP/1.0 200 OK\r\n\r\nok")),
    "a body of 300 KB": answers(answer_of(b"x" * 300_000)),
    "many chunks": answers(chunked_answer(b"x" * 5_000)),
}


@pytest.mark.parametrize("name", FAULTLESS)
@pytest.mark.parametrize("keepalive", [True, False])
def test_what_a_server_may_do_is_no_error(engine: Engine, name: str, keepalive: bool) -> None:
    """Whatever HTTP allows is a sample, one for each answer that the server gave."""
    outcome, server = ask(engine, FAULTLESS[name], keepalive=keepalive, attempts=30)

    assert outcome.counts.errors == {}
    assert outcome.counts.samples == server.answered == server.requests
    assert outcome.counts.bytes > 0


@pytest.mark.parametrize("lanes", [1, 7])
def test_a_kept_connection_is_used_for_everything(engine: Engine, lanes: int) -> None:
    """With keep-alive there are as many connections as lanes, however many requests they carry."""
    outcome, server = ask(engine, answers(answer_of()), lanes=lanes, attempts=200)

    assert server.accepted == lanes
    assert outcome.counts.samples >= 200


def test_without_keep_alive_each_request_has_its_own_connection(engine: Engine) -> None:
    """The server closes first, as it was asked to, and every answer is counted all the same."""
    outcome, server = ask(engine, ends_after(1, says_so=True), keepalive=False)

    assert server.accepted >= outcome.counts.samples == server.answered
    assert outcome.counts.errors == {}


def test_waiting_for_a_connection_is_latency_and_no_service_time(engine: Engine) -> None:
    """Without keep-alive latency counts from the planned send, connecting included, and service time does not."""
    outcome, _ = ask(engine, ends_after(1, says_so=True), keepalive=False)

    service = outcome.counts.service
    assert service is not None
    assert service.samples == outcome.counts.samples
    assert service.sum_us < outcome.counts.latency.sum_us


def test_an_answer_may_come_before_its_request_has_gone(engine: Engine) -> None:
    """A server that answers early still gets whole requests, one after the other, however long they are."""
    heads: set[int] = set()

    def script(caller: Caller) -> None:
        try:
            answers_early()(caller)
        finally:
            heads.update(caller.heads)

    long = ("X-Long", "x" * 12_000_000)
    outcome, server = ask(engine, script, lanes=2, attempts=6, headers=(long,))

    assert outcome.counts.errors == {}
    assert outcome.counts.samples == server.answered
    assert len(heads) == 1


@pytest.mark.parametrize("weights", [(1.0, 1.0), (9.0, 1.0), (1.0, 2.0, 5.0)])
def test_endpoints_are_asked_by_their_weights(engine: Engine, weights: tuple[float, ...]) -> None:
    """What is counted for an endpoint is what the server was asked under its path."""
    paths: list[str] = []

    def script(caller: Caller) -> None:
        while True:
            paths.append(caller.request())
            caller.answer(answer_of())

    with ScriptedServer(script) as server:
        names = tuple(f"/{number}?x={number}" for number in range(len(weights)))
        job = job_for(server.url, *names)
        requests = tuple(
            type(one)(method="GET", path=one.path, weight=weight, endpoint=one.endpoint)
            for one, weight in zip(job.requests, weights, strict=True)
        )
        outcome = driven(engine, job_for(server.url, requests=requests), attempts=1500)

    for name, weight in zip(names, weights, strict=True):
        samples = outcome.endpoints[name.partition("?")[0]].samples
        share = weight / sum(weights)
        assert samples == paths.count(name)
        # Five standard deviations of so many draws.
        assert abs(samples - share * len(paths)) < 5 * (len(paths) * share * (1 - share)) ** 0.5
