"""Nginx in front of a server: each factor as it is seen from outside, and what goes wrong said in a line."""

import http.client
import os
import shutil
import signal
import socket
import ssl
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from gzip import decompress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from controller.errors import StackError
from controller.load.once import Http2Client
from controller.plan.trust import BY_THIS_MACHINE, Trust
from controller.stack import private
from controller.stack.front import Front, front_of
from controller.stack.needs import Needs, require_services
from controller.stack.nginx import RunningNginx, run_nginx
from controller.stack.nginx_conf import Site, nginx_conf, target_address
from controller.stack.ports import free_port
from controller.stack.procfs import is_alive
from controller.stack.ready import PortTakenError
from controller.stack.supervisor import Supervisor
from controller.stack.tools import advice
from tests.needs import require
from tests.stack.programs import text_of, until
from tests.stack.upstream import LONG, SHORT, SILENT, Upstream, upstream

TEMPLATE = Path(__file__).resolve().parents[2] / "compose" / "nginx.conf"
SITE = Site(listen="127.0.0.1:1", status="127.0.0.1:2", target="127.0.0.1:3", workers=1, version="1.22.1")
GZIP = {"Accept-Encoding": "gzip"}

Run = Callable[..., AbstractContextManager[RunningNginx]]


@pytest.fixture(autouse=True)
def _tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """Need both tools; Debian puts Nginx where only root looks."""
    monkeypatch.setenv("PATH", os.environ["PATH"] + ":/usr/sbin")
    require("nginx", "openssl")


@pytest.fixture
def target() -> Iterator[Upstream]:
    """Return a server that nobody has asked yet."""
    with upstream() as running:
        yield running


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder in which temporary ones are made."""
    folder = tmp_path / "a temporary folder"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setattr(private, "_MEMORY", folder)
    return folder


@pytest.fixture
def run(supervisor: Supervisor, logs: Path, target: Upstream, temporary: Path) -> Run:
    """Return what runs an Nginx in front of the server, given its levels."""
    return partial(run_nginx, supervisor, target_url=target.url, template=TEMPLATE, log=logs / "nginx.log")


class Asking:
    """A client of HTTP/1.1 that keeps its connection as long as the server does."""

    def __init__(self, nginx: RunningNginx) -> None:
        parts = urlsplit(nginx.url)
        context = Trust(authorities=nginx.authority).context() if nginx.authority else None
        self._line = (
            http.client.HTTPSConnection(parts.netloc, timeout=10, context=context)
            if context
            else http.client.HTTPConnection(parts.netloc, timeout=10)
        )
        self.body = b""

    def get(
        self, path: str, *, method: str = "GET", body: bytes | None = None, **headers: str
    ) -> http.client.HTTPMessage:
        """Ask once, keep the body, and return the head's fields with the status as one of them."""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        self._line.request(method, path, body=body, headers=fields)
        answer = self._line.getresponse()
        self.body = answer.read()
        answer.headers["status"] = str(answer.status)
        return answer.headers


def test_what_stands_in_front_follows_from_levels() -> None:
    """Without a proxy nothing does; else each factor decides on what is its own."""
    levels = {"proxy": "nginx", "tls": "on", "http": "2", "gzip": "on", "in_flight": 128, "streams": 16}

    assert front_of({}) is None
    assert front_of({"proxy": "none", "tls": "off"}) is None
    assert front_of({"proxy": "nginx"}) == Front()
    found = front_of(levels)
    assert found == Front(tls=True, http2=True, gzip=True, in_flight=128, streams=16)
    assert found is not None
    assert found.connections == 8
    off = {"proxy": "nginx", "client_keepalive": "off", "upstream_keepalive": "off", "proxy_cache": "on"}
    assert front_of(off) == Front(client_keepalive=False, upstream_keepalive=False, proxy_cache=True)


@pytest.mark.parametrize(
    ("version", "listen", "directive"),
    [("1.22.1", "ssl http2 reuseport", False), ("1.25.0", "ssl http2 reuseport", False), ("1.25.1", "ssl reuse", True)],
)
def test_http2_is_spelled_as_each_nginx_knows_it(version: str, listen: str, directive: bool) -> None:
    """A parameter of listen before 1.25.1, a directive of its own since."""
    site = Site(listen="127.0.0.1:1", status="127.0.0.1:2", target="127.0.0.1:3", workers=1, version=version)
    conf = nginx_conf(TEMPLATE.read_text(), Front(tls=True, http2=True), site)

    assert f"listen 127.0.0.1:1 {listen}" in conf
    assert ("http2 on;" in conf) == directive
    assert "@" not in "".join(line for line in conf.splitlines() if not line.lstrip().startswith("#"))


def test_a_template_has_all_places_and_no_other() -> None:
    """A project's own template that lacks one, or has one that nobody knows, is refused with its name."""
    text = TEMPLATE.read_text()
    for other, named in ((text.replace("@GZIP@", "on"), "@GZIP@"), (text + "@MINE@", "@MINE@")):
        with pytest.raises(StackError, match=f"compose/nginx.conf: expected the places .* found more or less: {named}"):
            nginx_conf(other, Front(), SITE)


@pytest.mark.parametrize("url", ["https://127.0.0.1:8443", "http://127.0.0.1:80/path", "http://a;b:80", "http://"])
def test_a_target_that_cannot_stand_behind_it(url: str) -> None:
    """Nginx speaks HTTP/1.1 in the clear to a host and a port, and its settings are no place for anything else."""
    assert target_address("http://[::1]:8080/") == "[::1]:8080"
    with pytest.raises(StackError, match="proxy nginx: expected a target at http://HOST:PORT behind it, found"):
        target_address(url)


def test_requests_reach_the_target_as_they_were_sent(run: Run, target: Upstream) -> None:
    """Method, path, body and headers are the client's; Accept-Encoding alone is kept back, so no target compresses."""
    with run(Front()) as nginx:
        client = Asking(nginx)
        head = client.get("/a//b/../c?q=%41", X_Own_Header="yes", Accept_Encoding="gzip", under_score="1")
        assert (head["status"], client.body, head["Connection"], head["X-Cache"]) == ("200", LONG, "keep-alive", None)
        assert client.get("/p", method="POST", body=b"x" * 2_000_000)["status"] == "200"

    (_, path, fields), (method, _, posted) = target.asked
    assert path == "/a//b/../c?q=%41"
    assert fields["x-own-header"] == "yes"
    assert fields["host"] == urlsplit(nginx.url).netloc
    assert "accept-encoding" not in fields
    assert fields["connection"] == "keep-alive"
    assert (method, posted["content-length"]) == ("POST", "2000000")


@pytest.mark.parametrize("on", [True, False])
def test_gzip(on: bool, run: Run) -> None:
    """Coded is what the request accepts, what is JSON or text, and what has 256 bytes or more; else nothing is."""
    with run(Front(gzip=on)) as nginx:
        client = Asking(nginx)
        assert client.get("/long", **GZIP)["Content-Encoding"] == ("gzip" if on else None)
        assert (decompress(client.body) if on else client.body) == LONG
        assert (client.get("/short", **GZIP)["Content-Encoding"], client.body) == (None, SHORT)
        assert (client.get("/long")["Content-Encoding"], client.body) == (None, LONG)


@pytest.mark.parametrize(("kept", "connections"), [(True, 1), (False, 20)])
def test_upstream_keepalive(kept: bool, connections: int, run: Run, target: Upstream) -> None:
    """One connection to the target serves all requests that come one by one, or each has one that is said to close."""
    with run(Front(upstream_keepalive=kept)) as nginx:
        client = Asking(nginx)
        assert {client.get("/long")["status"] for _ in range(20)} == {"200"}

    assert target.connections == connections
    assert {fields.get("connection") for _, _, fields in target.asked} == {"keep-alive" if kept else "close"}


@pytest.mark.parametrize(("kept", "connections"), [(True, 1), (False, 1_200)])
def test_client_keepalive_and_its_own_counts(kept: bool, connections: int, run: Run) -> None:
    """Beyond the 1,000 requests after which Nginx closes by default; its counts are exact, questions left out."""
    with run(Front(client_keepalive=kept)) as nginx:
        client, before = Asking(nginx), nginx.counts()
        found = {client.get("/short")["Connection"] for _ in range(1_200)}
        counted = nginx.counts().since(before)
        again = nginx.counts()
        between = nginx.counts().since(again)

    assert found == {"keep-alive" if kept else "close"}
    assert (counted.connections, counted.requests) == (connections, 1_200)
    assert (between.connections, between.requests) == (0, 0)


def test_proxy_cache(run: Run, target: Upstream) -> None:
    """Answers of the two routes are kept by their whole address, whatever they say of themselves; no error is."""
    asked = ["/api/db", "/api/db", "/api/db?count=2", "/api/cache?key=a", "/api/cache?key=a", "/api/cache?key=b"]
    with run(Front(proxy_cache=True)) as nginx:
        client = Asking(nginx)
        found = [client.get(path)["X-Cache"] for path in asked]
        assert found == ["MISS", "HIT", "MISS", "MISS", "HIT", "MISS"]
        assert client.body == LONG
        assert [client.get("/api/db?busy")["X-Cache"] for _ in range(2)] == ["MISS"] * 2
        assert [client.get("/api/health")["X-Cache"] for _ in range(2)] == [None] * 2
    with run(Front(proxy_cache=True)) as nginx:
        assert Asking(nginx).get("/api/db")["X-Cache"] == "MISS"

    assert target.paths.count("/api/db") == 2
    assert len(target.asked) == 4 + 2 + 2 + 1


def test_a_cached_answer_is_coded_for_those_who_accept_it(run: Run, target: Upstream) -> None:
    """What is kept is not compressed: each answer from it is, or is not, as its request accepts."""
    with run(Front(proxy_cache=True, gzip=True)) as nginx:
        client = Asking(nginx)
        heads = [client.get("/api/db", **headers) for headers in (GZIP, {}, GZIP)]

    assert [(head["X-Cache"], head["Content-Encoding"]) for head in heads] == [
        ("MISS", "gzip"),
        ("HIT", None),
        ("HIT", "gzip"),
    ]
    assert target.paths == ["/api/db"]


@pytest.mark.parametrize(("http2", "chosen"), [(True, "h2"), (False, "http/1.1")])
def test_tls_and_the_protocol_that_is_chosen(http2: bool, chosen: str, run: Run) -> None:
    """A client that speaks both is given the one of the factor, by a certificate of an authority of its own."""
    with run(Front(tls=True, http2=http2)) as nginx:
        trust = Trust(authorities=nginx.authority)
        context = trust.context()
        context.set_alpn_protocols(["h2", "http/1.1"])
        port = urlsplit(nginx.url).port
        with (
            socket.create_connection(("127.0.0.1", port or 0), 5) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as line,
        ):
            assert (line.selected_alpn_protocol(), line.version()) == (chosen, "TLSv1.3")
        if http2:
            with Http2Client(nginx.url, within_s=5, trust=trust) as client:
                assert client.ask("/long").body == LONG
        else:
            client = Asking(nginx)
            assert (client.get("/long")["status"], client.body) == ("200", LONG)
        with (
            pytest.raises(ssl.SSLCertVerificationError),
            socket.create_connection(("127.0.0.1", port or 0), 5) as plain,
        ):
            BY_THIS_MACHINE.context().wrap_socket(plain, server_hostname="127.0.0.1")


def test_certificates_are_new_each_time_and_their_keys_are_nobody_elses(run: Run, temporary: Path) -> None:
    """Two instances have two authorities, the key of which is gone; the server's own is its owner's alone."""
    with run(Front(tls=True)) as first:
        (key,) = temporary.rglob("key.pem")
        assert key.stat().st_mode & 0o077 == 0
        assert list(temporary.rglob("authority-key.pem")) == []
    with run(Front(tls=True)) as second:
        assert first.authority != second.authority


def test_http2_in_the_clear(run: Run, target: Upstream) -> None:
    """HTTP/2 needs no TLS: it is spoken from the first byte."""
    with (
        run(Front(http2=True, streams=4)) as nginx,
        Http2Client(nginx.url, within_s=5, trust=BY_THIS_MACHINE) as client,
    ):
        assert nginx.url.startswith("http://")
        assert (client.ask("/long").status, client.ask("/short").body) == (200, SHORT)

    assert target.paths == ["/long", "/short"]


def test_a_target_that_fails_is_asked_once(run: Run, target: Upstream) -> None:
    """A connection that the target closes without an answer, a kept one too, is 502 and not tried again."""
    with run(Front()) as nginx:
        client = Asking(nginx)
        found = [client.get(path)["status"] for path in ("/long", SILENT, SILENT, "/long")]

    assert found == ["200", "502", "502", "200"]
    assert target.paths == ["/long", SILENT, SILENT, "/long"]


def test_a_target_that_is_down_is_a_502_and_a_line_in_the_log(
    supervisor: Supervisor, logs: Path, temporary: Path
) -> None:
    """Nobody behind it: each request is answered at once, and the log says what happened."""
    gone = f"http://127.0.0.1:{free_port()}"
    with run_nginx(supervisor, Front(), target_url=gone, template=TEMPLATE, log=logs / "nginx.log") as nginx:
        client, before = Asking(nginx), nginx.counts()
        assert [client.get("/long")["status"] for _ in range(3)] == ["502"] * 3
        assert nginx.counts().since(before).requests == 3

    assert text_of(logs / "nginx.log").count("Connection refused") == 3


def test_a_port_that_is_taken_is_said(run: Run, logs: Path) -> None:
    """Where the port was asked for, one that somebody has is an error that names it; else another one is taken."""
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        port = somebody.getsockname()[1]
        with pytest.raises(PortTakenError) as error, run(Front(), port=port):
            pass
    assert "expected Nginx to get ready, found that it ended with status 1" in str(error.value)
    assert f"bind() to 127.0.0.1:{port} failed (98: Address already in use)" in str(error.value)
    assert text_of(logs / "nginx.log")


def test_it_runs_on_its_cores_with_a_worker_each(run: Run) -> None:
    """One worker for each core, and every process on those only."""
    core = min(os.sched_getaffinity(0))
    with run(Front(), cores=[core]) as nginx:
        names = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in nginx.family()]
        assert sum(name.startswith(b"nginx: worker") for name in names) == 1
        assert {frozenset(os.sched_getaffinity(pid)) for pid in nginx.family()} == {frozenset({core})}


def test_one_that_dies_is_noticed(run: Run) -> None:
    """How it ended is said with the end of its log; workers that outlive their master end with the block."""
    with run(Front()) as nginx:
        assert nginx.died() is None
        os.kill(nginx.launched.pid, signal.SIGKILL)
        until(lambda: nginx.died() is not None)
        assert (nginx.died() or "").startswith("Nginx was ended by SIGKILL; it wrote nothing to its log")
        workers = nginx.family()

    assert [pid for pid in workers if is_alive(pid)] == []
    with pytest.raises(StackError, match=r"expected Nginx to tell its counts, found: .*Connection refused"):
        nginx.counts()


def test_nothing_is_left(run: Run, temporary: Path, logs: Path) -> None:
    """With the block processes and folder end; what stays is the log, and only loopback was listened on."""
    with run(Front(tls=True, proxy_cache=True)) as nginx:
        pids = nginx.family()
        (folder,) = temporary.iterdir()
        assert Asking(nginx).get("/api/db")["X-Cache"] == "MISS"
        assert [path for path in (folder / "cache").rglob("*") if path.is_file()]
        assert folder.stat().st_mode & 0o077 == 0

    assert len(pids) >= 2
    assert [pid for pid in pids if is_alive(pid)] == []
    assert list(temporary.iterdir()) == []
    assert {path.name for path in logs.iterdir()} == {"nginx.log", "supervisor.log"}


def test_a_project_may_have_no_template(supervisor: Supervisor, logs: Path, target: Upstream, tmp_path: Path) -> None:
    """A file that is not there is named."""
    with (
        pytest.raises(StackError, match=r"expected the settings of Nginx in .*nowhere\.conf, found: No such file"),
        run_nginx(
            supervisor, Front(), target_url=target.url, template=tmp_path / "nowhere.conf", log=logs / "nginx.log"
        ),
    ):
        pass


def test_what_is_missing_is_named_only_where_it_is_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One line names the program, the level that needs it, and the package that has it."""
    monkeypatch.setenv("PATH", str(tmp_path))

    require_services(Needs())
    with pytest.raises(StackError) as error:
        require_services(Needs(tls=True))
    assert str(error.value) == "tls on needs openssl, found none on PATH: apt-get install openssl"
    assert advice("nginx", least="1.19.10") == "apt-get install nginx"


def test_an_openssl_that_fails_is_quoted(run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A certificate that openssl cannot make is an error with what it says."""
    broken = tmp_path / "bin"
    broken.mkdir()
    (broken / "openssl").write_text("#!/bin/sh\necho no entropy >&2\nexit 3\n")
    (broken / "openssl").chmod(0o755)
    (broken / "nginx").symlink_to(shutil.which("nginx") or "nginx")
    monkeypatch.setenv("PATH", f"{broken}:{os.environ['PATH']}")
    with (
        pytest.raises(StackError, match="expected openssl to make a certificate, found status 3: no entropy"),
        run(Front(tls=True)),
    ):
        pass
