"""HTTP/2 against Node's http2 and Go's net/http: samples are what they answered, through all their farewells."""

import re
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from controller.load.job import job_request
from controller.load.wire.engine import Engine
from controller.plan.scenario import Request
from tests.load.certificates import TRUST, certificate_file
from tests.load.driving import driven, job_for
from tests.needs import require, unmet
from tests.sources import ROOT

PEERS = ROOT / "tests" / "load" / "peers"
REQUESTS_A_CONNECTION = 100
# Its net/http speaks HTTP/2 in the clear from here on.
LEAST_GO = (1, 24)


class Peer:
    """A running server; answered and connections are known once it has ended."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.answered = self.connections = 0


@contextmanager
def run_peer(command: Sequence[str | Path], *, tls: bool) -> Iterator[Peer]:
    """Run a server for the time of the block; it prints its port first, and what it answered when it is told to end."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            peer = Peer(f"{'https' if tls else 'http'}://127.0.0.1:{int(process.stdout.readline())}")
            yield peer
        finally:
            process.terminate()
        peer.answered, peer.connections = map(int, process.stdout.read().split())


@pytest.fixture(scope="module")
def go_peer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the server in Go, built."""
    require("go")
    version = subprocess.run(["go", "env", "GOVERSION"], capture_output=True, text=True, check=True).stdout
    found = re.match(r"go(\d+)\.(\d+)", version)
    if found is None or (int(found[1]), int(found[2])) < LEAST_GO:
        unmet(f"Go {'.'.join(map(str, LEAST_GO))} or later, found {version.strip()}")
    built = tmp_path_factory.mktemp("go") / "go_http2"
    subprocess.run(["go", "build", "-o", built, PEERS / "go_http2.go"], check=True, timeout=300)
    return built


@pytest.fixture(params=["node", pytest.param("go", marks=pytest.mark.slow)])
def command(request: pytest.FixtureRequest) -> list[str | Path]:
    """Return how a peer is started, without its certificate."""
    if request.param == "go":
        return [request.getfixturevalue("go_peer"), str(REQUESTS_A_CONNECTION)]
    require("node")
    return ["node", PEERS / "node_http2.mjs", str(REQUESTS_A_CONNECTION)]


@pytest.mark.parametrize("streams", [1, 16])
@pytest.mark.parametrize("path", ["/sized", "/streamed"])
@pytest.mark.parametrize("tls", [False, True], ids=["clear", "tls"])
def test_every_answer_of_a_peer_is_a_sample(
    engine: Engine, tmp_path: Path, command: list[str | Path], tls: bool, path: str, streams: int
) -> None:
    """With and without a length, with bodies, and with a farewell after each hundred: none lost, none counted twice."""
    certificate = [certificate_file(tmp_path / "certificate.pem")] if tls else []
    body = '"' + "b" * 70_000 + '"'
    requests = tuple(map(job_request, (Request(path=path), Request(method="POST", path=path, body=body))))
    with run_peer([*command, *certificate], tls=tls) as peer:
        job = job_for(peer.url, requests=requests, http="2", streams=streams, trust=TRUST)
        outcome = driven(engine, job, lanes=3, attempts=1500)

    assert outcome.counts.errors == {}
    assert outcome.counts.samples == outcome.begun == peer.answered
    assert peer.connections >= peer.answered // REQUESTS_A_CONNECTION
