"""The engine against the servers of Node and Go: what they counted, by connection, is what we counted."""

from collections.abc import Iterator

import pytest

from controller.load.job import JobRequest
from controller.load.wire.engine import Engine
from controller.plan.expect import Expect
from tests.load.certificates import TRUST
from tests.load.driving import driven, job_for
from tests.load.peers import BIG_BYTES, Peer, run_peer

MOST_REQUESTS = 100
LANES = 3
SCHEMES = ["http", "https"]
# Method, path, and what is expected of the answer.
ANSWERS = {
    "a length": ("GET", "/length", Expect(length=5)),
    "chunks": ("GET", "/chunks", Expect(length=5)),
    "a large length": ("GET", "/big", Expect(length=BIG_BYTES)),
    "large chunks": ("GET", "/big-chunks", Expect(length=BIG_BYTES)),
    "trailers": ("GET", "/trailers", Expect(length=5)),
    "a length without its body": ("HEAD", "/length", Expect(length=0)),
    "chunks without their body": ("HEAD", "/chunks", Expect(length=0)),
    "no content": ("GET", "/empty", Expect(status=204)),
    "not modified": ("GET", "/unchanged", Expect(status=304)),
}


@pytest.fixture(scope="module", params=["node", "go"])
def peer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """Return a running peer that closes connections after a hundred requests."""
    with run_peer(request.param, tmp_path_factory.mktemp("peer"), most_requests=MOST_REQUESTS) as running:
        yield running


def asked(
    engine: Engine, peer: Peer, scheme: str, name: str, *, keepalive: bool, attempts: int
) -> tuple[int, list[int]]:
    """Drive a peer; return how many answers were right, which all must be, and what each connection carried."""
    method, path, expect = ANSWERS[name]
    request = JobRequest(method=method, path=path, weight=1.0, endpoint=path, expect=expect)
    before = len(peer.counts())
    job = job_for(peer.urls[scheme], requests=(request,), keepalive=keepalive, trust=TRUST)
    outcome = driven(engine, job, lanes=LANES, attempts=attempts)

    assert outcome.counts.errors == {}, outcome.messages
    return outcome.counts.samples, peer.counts()[before:]


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_peer_that_closes_after_a_hundred_requests_loses_none(
    engine: Engine, peer: Peer, scheme: str, name: str
) -> None:
    """Each connection carries all it may, but the last one of each lane; and every request is a right answer."""
    samples, counts = asked(engine, peer, scheme, name, keepalive=True, attempts=4 * LANES * MOST_REQUESTS // 3)

    assert sum(counts) == samples
    assert max(counts) == MOST_REQUESTS
    assert sum(count < MOST_REQUESTS for count in counts) <= LANES


@pytest.mark.parametrize("name", ANSWERS)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_without_keep_alive_each_request_has_a_connection(engine: Engine, peer: Peer, scheme: str, name: str) -> None:
    """As many connections as right answers, and no connection without a request."""
    samples, counts = asked(engine, peer, scheme, name, keepalive=False, attempts=60)

    assert counts == [1] * samples
