"""The engine against a real Nginx: what it counted is what we counted, kept alive or not, in one piece or many."""

from collections.abc import Iterator
from math import ceil
from pathlib import Path

import pytest

from controller.load.job import JobRequest
from controller.load.wire.engine import Engine
from controller.plan.expect import Expect
from tests.load.driving import driven, job_for
from tests.load.nginx import BIG_BYTES, Nginx, run_nginx
from tests.needs import require

KEEPALIVE_REQUESTS = 100


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
    [
        ("/ok", (), 2000),
        ("/big", (), 60),
        ("/big", (("Accept-Encoding", "gzip"),), 60),
    ],
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
    """Every request that Nginx took is a sample, and no connection was opened that was not needed."""
    before = nginx.counted()
    job = job_for(nginx.url, path, keepalive=keepalive, headers=headers)
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


@pytest.mark.parametrize(
    ("method", "path", "expect"),
    [
        ("HEAD", "/big", Expect(length=0)),
        ("GET", "/empty", Expect(status=204)),
        ("GET", "/unchanged", Expect(status=304)),
    ],
    ids=["head", "no content", "not modified"],
)
def test_answers_without_a_body_keep_their_connection(
    engine: Engine, nginx: Nginx, method: str, path: str, expect: Expect
) -> None:
    """Whatever length their heads announce: a lone lane has a new connection each hundred requests, and none beside."""
    before = nginx.counted()
    request = JobRequest(method=method, path=path, weight=1.0, endpoint=path, expect=expect)
    outcome = driven(engine, job_for(nginx.url, requests=(request,)), lanes=1, attempts=450)
    after = nginx.counted(questions=2)

    assert outcome.counts.errors == {}
    assert outcome.counts.samples == after.requests - before.requests
    assert after.connections - before.connections == ceil(outcome.counts.samples / KEEPALIVE_REQUESTS)


def test_answers_of_wrong_status_are_counted_by_nginx_too(engine: Engine, nginx: Nginx) -> None:
    """A 503 is an answer: the connection stays, and both sides have counted it."""
    before = nginx.counted()
    outcome = driven(engine, job_for(nginx.url, "/busy", "/ok"), lanes=4, attempts=1000)
    taken = nginx.counted(questions=2).requests - before.requests

    assert outcome.counts.answered == taken
    assert outcome.endpoints["/busy"].errors == {"wrong_status": outcome.endpoints["/busy"].attempts}
    assert outcome.endpoints["/ok"].errors == {}
