"""The law of conservation behind Nginx, held to the request by four counts that know nothing of each other.

client answers = Nginx's requests = the server's answers + what came from the cache + errors that Nginx made.
"""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from controller.load.fleet import Fleet
from controller.plan.trust import BY_THIS_MACHINE, Trust
from controller.stack.front import Front
from controller.stack.nginx import run_nginx
from tests.load.counting_server import DROPPED, WRONG, counting
from tests.load.fleets import Sealed, fleet_of, job_of, load_of, trial
from tests.needs import require

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

TEMPLATE = Path(__file__).resolve().parents[2] / "compose" / "nginx.conf"
ENOUGH, WITHIN_S = 20_000, 60.0
# Handed on, kept in the cache, answered with an error by the server, and not answered by it at all.
REQUESTS = {"/a": 4.0, "/api/db?n=1": 2.0, "/api/db?n=2": 1.0, "/api/cache": 1.0, WRONG: 1.0, DROPPED: 0.5}
FRONTS = {
    "all kept": Front(in_flight=16),
    "the cache over TLS and HTTP/2": Front(tls=True, http2=True, proxy_cache=True, in_flight=16, streams=4),
    "nothing kept": Front(client_keepalive=False, upstream_keepalive=False, proxy_cache=True, in_flight=16),
}


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Return a standing fleet of two workers."""
    require("nginx", "openssl")
    with fleet_of(2, folder=tmp_path_factory.mktemp("fleet"), label="proxied") as standing:
        yield standing


@pytest.mark.parametrize("front", FRONTS.values(), ids=FRONTS)
def test_every_request_is_in_every_count(front: Front, fleet: Fleet, tmp_path: Path) -> None:
    """Stopped in full swing after thousands of requests, an eighth of which fail, all counts are the same."""
    began_s, fates = time.monotonic(), tmp_path / "fates"

    def enough(sealed: Sealed) -> str | None:
        return "enough" if sealed.attempts >= ENOUGH or time.monotonic() - began_s > WITHIN_S else None

    with (
        counting() as server,
        run_nginx(
            fleet.master.supervisor,
            front,
            target_url=server.url,
            template=telling_template(tmp_path / "nginx.conf", fates),
            log=tmp_path / "nginx.log",
        ) as nginx,
    ):
        trust = Trust(authorities=nginx.authority) if nginx.authority else BY_THIS_MACHINE
        job = replace(job_of(nginx.url, requests=REQUESTS), trust=trust, keepalive=front.client_keepalive)
        job = replace(job, http="2" if front.http2 else "1.1", streams=front.streams)
        load = replace(load_of(in_flight=front.in_flight, duration_s=600), http=job.http, streams=front.streams)
        before = nginx.counts()
        trialled = trial(fleet, job, load, folder=tmp_path, broken=enough)
        counted = nginx.counts().since(before)
        answered, dropped, wrong = server.answered, server.dropped, server.counts()[WRONG]
    seen = Counter(fates.read_text(encoding="ascii").splitlines())
    hits = sum(n for fate, n in seen.items() if fate.startswith("HIT "))
    made = sum(n for fate, n in seen.items() if fate.endswith(" 502"))

    trialled.is_conserved()
    assert trialled.begun > ENOUGH / 4
    assert trialled.sealed.counts.errors == {"wrong_status": made + wrong}
    assert trialled.sealed.counts.answered == trialled.begun == counted.requests == answered + hits + made
    assert made == dropped > 0
    assert (hits > trialled.begun / 4) == front.proxy_cache
    assert counted.connections == (front.connections if front.client_keepalive else counted.requests)


def telling_template(path: Path, fates: Path) -> Path:
    """Write the template so that Nginx tells for each request whether the cache had it, and its status."""
    text = TEMPLATE.read_text(encoding="utf-8")
    told = f"log_format fate '$upstream_cache_status $status'; access_log {fates} fate;"
    path.write_text(text.replace("access_log off;", told, 1), encoding="utf-8")
    return path
