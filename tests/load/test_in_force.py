"""Levels seen from outside: an Nginx that is set up otherwise than a trial says is found out, by each factor alone."""

import http.client
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from controller.load.beforehand import asking
from controller.load.entrance import Entrance
from controller.load.gather import Gathered
from controller.load.in_force import Loaded, Watchman, client_findings, loaded_of
from controller.plan.scenario import Load, Request, Scenario
from controller.plan.trust import BY_THIS_MACHINE, Trust
from controller.stack.front import Front
from controller.stack.nginx import Counts, run_nginx
from controller.stack.supervisor import supervise
from tests.needs import require
from tests.stack.upstream import upstream

TEMPLATE = Path(__file__).resolve().parents[2] / "compose" / "nginx.conf"
ASKED = 8
LOADED = Loaded(connections=1, drives=1, errors=0, answered=ASKED)
SCENARIO = Scenario(name="s", requests=(Request(path="/api/db"), Request(path="/other")), load=Load(in_flight=1))

Watch = Callable[..., AbstractContextManager[Watchman]]


@pytest.fixture(autouse=True)
def _tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """Need both tools; Debian puts Nginx where only root looks."""
    monkeypatch.setenv("PATH", os.environ["PATH"] + ":/usr/sbin")
    require("nginx", "openssl")


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    """Return what runs an Nginx that is one thing and is said to be another, and watches it; requests were asked."""
    with supervise(label="in-force", logs=tmp_path) as supervisor, upstream() as target:

        @contextmanager
        def watching(said: Front, runs: Front, *, scenario: Scenario = SCENARIO) -> Iterator[Watchman]:
            with run_nginx(
                supervisor, runs, target_url=target.url, template=TEMPLATE, log=tmp_path / "nginx.log"
            ) as nginx:
                trust = Trust(authorities=nginx.authority) if nginx.authority else BY_THIS_MACHINE
                way = Entrance(url=nginx.url, trust=trust, front=said, nginx=nginx)
                scenario = replace(scenario, load=replace(scenario.load, http="2" if runs.http2 else "1.1"))
                watchman = Watchman(entrance=way, target_url=target.url, scenario=scenario, seed=1, contract=True)
                watchman.begin()
                load(way, scenario)
                yield watchman

        yield watching


def load(way: Entrance, scenario: Scenario) -> None:
    """Ask as a load does, on one connection for as long as the server lets it be one."""
    if scenario.load.http == "2":
        with asking(scenario)(way.url, within_s=5, trust=way.trust) as client:
            client.ask("/other")
        return
    parts = urlsplit(way.url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    context = {"context": way.trust.context()} if parts.scheme == "https" else {}
    line = kind(parts.netloc, timeout=5, **context)
    for _ in range(ASKED):
        line.request("GET", "/other")
        line.getresponse().read()
    line.close()


FRONTS = {
    "defaults": Front(),
    "nothing kept": Front(client_keepalive=False, upstream_keepalive=False),
    "cache and gzip": Front(proxy_cache=True, gzip=True),
    "TLS": Front(tls=True),
    "HTTP/2 over TLS": Front(tls=True, http2=True, proxy_cache=True),
    "HTTP/2 in the clear": Front(http2=True, gzip=True),
}


@pytest.mark.parametrize("front", FRONTS.values(), ids=FRONTS)
def test_what_is_in_force_is_not_complained_of(front: Front, watch: Watch) -> None:
    """An Nginx that is what it is said to be has every level in force."""
    with watch(front, front) as watchman:
        assert watchman.not_in_force(LOADED) is None


OTHERWISE = [
    (
        {},
        {"client_keepalive": False},
        f"client_keepalive on: expected at most 1 connections to be opened, found {ASKED}",
    ),
    (
        {"client_keepalive": False},
        {},
        f"client_keepalive off: expected a connection for each of {ASKED} requests, found 1",
    ),
    (
        {},
        {"upstream_keepalive": False},
        "upstream_keepalive on: expected connections to the target after the load, found none: it closed them",
    ),
    (
        {"upstream_keepalive": False},
        {},
        "upstream_keepalive off: expected no connection to the target after the load, found 1",
    ),
    (
        {"proxy_cache": True},
        {},
        "proxy_cache on: expected /api/db from the cache when asked again, found no X-Cache, status 200",
    ),
    ({}, {"proxy_cache": True}, "proxy_cache off: expected /api/db without X-Cache, found HIT"),
    ({"gzip": True}, {}, "gzip on: expected /api/db to be coded, found 611 bytes that are not"),
    ({}, {"gzip": True}, "gzip off: expected /api/db not to be coded, found Content-Encoding: gzip"),
    (
        {"tls": True, "http2": True},
        {"tls": True},
        "http 2: expected h2 to be chosen by ALPN, found http/1.1",
    ),
    (
        {"tls": True},
        {"tls": True, "http2": True},
        "http 1.1: expected http/1.1 to be chosen by ALPN, found h2",
    ),
]


@pytest.mark.parametrize(("said", "runs", "reason"), OTHERWISE, ids=[reason for _, _, reason in OTHERWISE])
def test_a_level_that_is_not_in_force_is_named(
    said: dict[str, bool], runs: dict[str, bool], reason: str, watch: Watch
) -> None:
    """What is said is the level, what was expected of it, and what was found."""
    with watch(Front(**said), Front(**runs)) as watchman:
        assert watchman.not_in_force(LOADED) == f"level not in force: {reason}"


def test_a_cache_that_keeps_only_errors_out_is_said_with_the_status(watch: Watch) -> None:
    """A target that answers with errors has nothing in the cache, and the status says why."""
    busy = replace(SCENARIO, requests=(Request(path="/api/db?busy"),))
    with watch(Front(proxy_cache=True), Front(proxy_cache=True), scenario=busy) as watchman:
        said = watchman.not_in_force(LOADED)

    assert said is not None
    assert said.endswith("/api/db?busy from the cache when asked again, found X-Cache MISS, status 503")


def test_without_a_proxy_there_is_nothing_to_look_at() -> None:
    """The target itself is asked nothing more."""
    way = Entrance(url="http://127.0.0.1:9", trust=BY_THIS_MACHINE)
    watchman = Watchman(entrance=way, target_url=way.url, scenario=SCENARIO, seed=1, contract=True)
    watchman.begin()

    assert watchman.not_in_force(LOADED) is None


@pytest.mark.parametrize(
    ("loaded", "opened", "found"),
    [
        (Loaded(connections=200, drives=1, errors=0, answered=1), 202, []),
        (Loaded(connections=200, drives=1, errors=0, answered=1), 203, ["203"]),
        (Loaded(connections=200, drives=1, errors=5, answered=1), 207, []),
        (Loaded(connections=200, drives=3, errors=0, answered=1), 606, []),
        (Loaded(connections=200, drives=3, errors=0, answered=1), 607, ["607"]),
        (Loaded(connections=None, drives=1, errors=0, answered=1), 5_000, []),
    ],
)
def test_one_of_a_hundred_connections_may_be_opened_anew(loaded: Loaded, opened: int, found: list[str]) -> None:
    """Each drive opens all of them once, an error may cost one, and nobody knows how many users of a page come."""
    said = client_findings(Front(), Counts(connections=opened, requests=10_000), loaded)

    assert [text.rpartition(" ")[2] for text in said] == found


def test_what_is_known_of_connections() -> None:
    """Users of a Locust file have their own, and so have those that come and go on a page."""
    script = replace(SCENARIO, locustfile="x.py")
    record = Gathered(errors={"timeout": 2, "reset": 1}, answered=7)

    assert loaded_of(record, SCENARIO, as_planned=True) == Loaded(connections=1, drives=1, errors=3, answered=7)
    assert loaded_of(record, SCENARIO, as_planned=False).connections is None
    assert loaded_of(record, script, as_planned=True).connections is None
