"""HTTP/2 against a real Nginx, in the clear and over TLS: what it counted is what we counted, through its farewells."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.load.wire.engine import Engine
from tests.load.certificates import TRUST
from tests.load.driving import driven, job_for
from tests.load.nginx import BIG_BYTES, Nginx, run_nginx
from tests.needs import require

KEEPALIVE_REQUESTS = 100


@pytest.fixture
def nginx(tmp_path: Path) -> Iterator[Nginx]:
    """Return an Nginx that takes leave of connections after a hundred requests."""
    require("nginx")
    with run_nginx(tmp_path, keepalive_requests=KEEPALIVE_REQUESTS) as running:
        running.counted()
        yield running


@pytest.mark.parametrize("tls", [False, True], ids=["clear", "tls"])
@pytest.mark.parametrize("streams", [1, 16, 200])
@pytest.mark.parametrize(
    ("path", "headers", "attempts"),
    [("/ok", (), 3000), ("/big", (), 60), ("/big", (("Accept-Encoding", "gzip"),), 60)],
    ids=["ok", "a megabyte", "zipped"],
)
def test_nginx_counts_what_we_count(
    engine: Engine,
    nginx: Nginx,
    tls: bool,
    streams: int,
    path: str,
    headers: tuple[tuple[str, str], ...],
    attempts: int,
) -> None:
    """Every request that Nginx took is a sample, in spite of its GOAWAYs and its limit of 128 streams; none is lost."""
    before = nginx.counted()
    url = nginx.tls_url if tls else nginx.h2_url
    job = job_for(url, path, http="2", streams=streams, headers=headers, trust=TRUST)
    outcome = driven(engine, job, lanes=3, attempts=attempts)
    after = nginx.counted(questions=2)

    taken, connections = after.requests - before.requests, after.connections - before.connections
    assert outcome.counts.errors == {}
    assert outcome.counts.samples == outcome.begun == taken
    assert connections >= taken // KEEPALIVE_REQUESTS
    if path == "/big" and not headers:
        assert outcome.counts.bytes >= taken * BIG_BYTES


def test_wrong_answers_of_nginx_are_counted(engine: Engine, nginx: Nginx) -> None:
    """A 503 is an answer: the stream ends, the connection stays, and both sides have counted it."""
    before = nginx.counted()
    job = job_for(nginx.tls_url, "/busy", "/ok", http="2", streams=8, trust=TRUST)
    outcome = driven(engine, job, lanes=2, attempts=1000)
    taken = nginx.counted(questions=2).requests - before.requests

    assert outcome.counts.answered == taken
    assert outcome.endpoints["/busy"].errors == {"wrong_status": outcome.endpoints["/busy"].attempts}
    assert outcome.endpoints["/ok"].errors == {}
