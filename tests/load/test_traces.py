"""What a trial leaves behind: kept connections are forgotten with its end, and the next trial waits for none."""

from pathlib import Path

import psutil
import pytest

from controller.load.wire.engine import Engine
from tests.load.certificates import TRUST
from tests.load.driving import driven, job_for, until
from tests.load.nginx import run_nginx
from tests.needs import require

LANES = 12


def seen(port: int, status: str) -> int:
    """Return how many connections to a port are in a state, on the side that opened them."""
    found = psutil.net_connections("tcp")
    return sum(one.status == status and one.raddr.port == port for one in found if one.raddr)


@pytest.mark.parametrize(
    ("http", "streams", "tls"), [("1.1", 1, False), ("1.1", 1, True), ("2", 4, True)], ids=["1.1", "1.1 tls", "2 tls"]
)
def test_kept_connections_leave_no_trace(engine: Engine, tmp_path: Path, http: str, streams: int, tls: bool) -> None:
    """All answers were counted, all connections are closed, and none of them is in TIME_WAIT."""
    require("nginx")
    with run_nginx(tmp_path, keepalive_requests=10**9) as nginx:
        url = nginx.tls_url if tls else nginx.url
        port = int(url.rsplit(":", 1)[1].strip("/"))
        # Whoever asked whether it is up closed a connection too.
        before = seen(port, psutil.CONN_TIME_WAIT)
        job = job_for(url, "/ok", http=http, streams=streams, trust=TRUST)
        outcome = driven(engine, job, lanes=LANES, attempts=500)
        until(lambda: seen(port, psutil.CONN_ESTABLISHED) == 0, 5)

        assert outcome.counts.errors == {}
        assert seen(port, psutil.CONN_TIME_WAIT) <= before


def test_connections_that_are_not_kept_are_remembered(engine: Engine, tmp_path: Path) -> None:
    """The kernel's memory is seen by this test where there is any: Nginx closes each of these first."""
    require("nginx")
    with run_nginx(tmp_path, keepalive_requests=10**9) as nginx:
        port = int(nginx.url.rsplit(":", 1)[1].strip("/"))
        driven(engine, job_for(nginx.url, "/ok", keepalive=False), lanes=2, attempts=50)
        found = psutil.net_connections("tcp")

        assert sum(one.status == psutil.CONN_TIME_WAIT and one.laddr.port == port for one in found) >= 50
