"""Whether a trial's levels were in force, as seen from outside: by Nginx's counts, its connections and its answers."""

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from controller.load.beforehand import asking
from controller.load.entrance import Entrance
from controller.load.gather import Gathered
from controller.load.wire.draws import sample_requests
from controller.plan.scenario import Request, Scenario
from controller.plan.trust import Trust, tls_words
from controller.stack.exchange import Answer, NoAnswerError
from controller.stack.front import Front
from controller.stack.nginx import Counts, RunningNginx
from controller.stack.ports import connections_to

# Of a hundred connections that are kept one may have been opened anew.
_MOST_OPENED_PERCENT: Final = 101
_CODED_FROM_BYTES: Final = 256
_CODED_TYPES: Final = ("application/json", "text/plain")
_CACHED: Final = ("/api/db", "/api/cache")
_ACCEPT: Final = ("Accept-Encoding", "gzip")
# How long the last connections to the target may take to close.
_CLOSED_WITHIN_S: Final = 2.0
_LOOK_EVERY_S: Final = 0.02
_CONNECTS_WITHIN_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """What a load that is over says of itself: how often its connections were opened, and what came of requests.

    drives counts how often all connections were opened: a search does so at each step. connections is how many there
    are then, None where nobody knows: users of a Locust file have their own, and those of a page come and go.
    """

    connections: int | None
    drives: int
    errors: int
    answered: int


def loaded_of(record: Gathered, scenario: Scenario, *, as_planned: bool) -> Loaded:
    """Return what the load of a scenario says of itself; as_planned is False where somebody changes it on a page."""
    known = as_planned and scenario.locustfile is None
    return Loaded(
        connections=scenario.load.connections if known else None,
        drives=max(1, len(record.steps)),
        errors=sum(record.errors.values()),
        answered=record.answered,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Watchman:
    """Looks at an entrance before its load and after it.

    seed is what values were drawn by; contract says whether the target keeps it.
    """

    entrance: Entrance
    target_url: str
    scenario: Scenario
    seed: int
    contract: bool
    _before: list[Counts] = field(default_factory=list, init=False)

    def begin(self) -> None:
        """Take the counts before the load."""
        if self.entrance.nginx is not None:
            self._before.append(self.entrance.nginx.counts())

    def not_in_force(self, loaded: Loaded) -> str | None:
        """Return the first level that was not in force, with what was seen of it; None where all were."""
        nginx, front = self.entrance.nginx, self.entrance.front
        if nginx is None or front is None:
            return None
        try:
            said = next(self._findings(nginx, front, loaded), None)
        except NoAnswerError as error:
            said = f"expected an answer to {error.request} after the load, found {error}"
        return None if said is None else f"level not in force: {said}"

    def _findings(self, nginx: RunningNginx, front: Front, loaded: Loaded) -> Iterator[str]:
        counted = nginx.counts().since(self._before[-1])
        # Connections are looked at before this asks anything itself.
        yield from client_findings(front, counted, loaded)
        if loaded.answered:
            yield from _upstream_findings(front, nginx, target_port=urlsplit(self.target_url).port or 80)
        yield from _protocol_findings(front, self.entrance)
        yield from self._answer_findings(front)

    def _answer_findings(self, front: Front) -> Iterator[str]:
        """Ask again for what can show whether answers are coded and kept; nothing else of the contract can."""
        drawn = [one for one in sample_requests(self.scenario.requests, seed=self.seed) if one.method == "GET"]
        asked = [one for one in drawn if one.endpoint in _CACHED or not self.contract]
        within_s = self.scenario.load.timeout_s
        headers = (*(pair for pair in self.scenario.headers if pair[0].lower() != _ACCEPT[0].lower()), _ACCEPT)
        with asking(self.scenario)(self.entrance.url, within_s=within_s, trust=self.entrance.trust) as client:
            for request in dict.fromkeys(asked):
                first, second = (client.ask(request.path, headers=headers) for _ in range(2))
                yield from coding_findings(front, request.path, first)
                yield from cache_findings(front, request, second)


def client_findings(front: Front, counted: Counts, loaded: Loaded) -> Iterator[str]:
    """Hold connections that were opened to the factor client_keepalive; what failed may have cost a connection."""
    if loaded.connections is None:
        return
    if not front.client_keepalive:
        if counted.connections < counted.requests:
            expected = f"client_keepalive off: expected a connection for each of {counted.requests:,} requests"
            yield f"{expected}, found {counted.connections:,}"
        return
    most = loaded.drives * loaded.connections * _MOST_OPENED_PERCENT // 100 + loaded.errors
    if counted.connections > most:
        yield f"client_keepalive on: expected at most {most:,} connections to be opened, found {counted.connections:,}"


def coding_findings(front: Front, path: str, answer: Answer) -> Iterator[str]:
    """Hold an answer to a request that accepts gzip to the factor."""
    coded = "gzip" in answer.fields.get("content-encoding", "")
    if coded and not front.gzip:
        yield f"gzip off: expected {path} not to be coded, found Content-Encoding: gzip"
    media = answer.fields.get("content-type", "").partition(";")[0].strip().lower()
    if front.gzip and not coded and answer.body_bytes >= _CODED_FROM_BYTES and media in _CODED_TYPES:
        yield f"gzip on: expected {path} to be coded, found {answer.body_bytes:,} bytes that are not"


def cache_findings(front: Front, request: Request, again: Answer) -> Iterator[str]:
    """Hold an answer to a request that was asked a moment ago to the factor proxy_cache."""
    found = again.fields.get("x-cache")
    if front.proxy_cache and request.endpoint in _CACHED and found != "HIT":
        told = f"X-Cache {found}, status {again.status}" if found else f"no X-Cache, status {again.status}"
        yield f"proxy_cache on: expected {request.path} from the cache when asked again, found {told}"
    if not front.proxy_cache and found is not None:
        yield f"proxy_cache off: expected {request.path} without X-Cache, found {found}"


def _upstream_findings(front: Front, nginx: RunningNginx, *, target_port: int) -> Iterator[str]:
    """Hold what is left of Nginx's connections to the target to the factor upstream_keepalive."""
    until_s = time.monotonic() + (0 if front.upstream_keepalive else _CLOSED_WITHIN_S)
    while (kept := connections_to(target_port, pids=nginx.family())) and time.monotonic() < until_s:
        time.sleep(_LOOK_EVERY_S)
    if front.upstream_keepalive and not kept:
        yield "upstream_keepalive on: expected connections to the target after the load, found none: it closed them"
    if kept and not front.upstream_keepalive:
        yield f"upstream_keepalive off: expected no connection to the target after the load, found {kept}"


def _protocol_findings(front: Front, entrance: Entrance) -> Iterator[str]:
    """Hold what a client that speaks both is given over TLS to the factor http; in the clear the load has spoken it."""
    if not front.tls:
        return
    wanted = "h2" if front.http2 else "http/1.1"
    try:
        found = _chosen(entrance.url, entrance.trust) or "no choice"
    except OSError as error:
        found = tls_words(error)
    if found != wanted:
        yield f"http {'2' if front.http2 else '1.1'}: expected {wanted} to be chosen by ALPN, found {found}"


def _chosen(url: str, trust: Trust) -> str | None:
    parts = urlsplit(url)
    host, context = parts.hostname or "", trust.context()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection((host, parts.port or 443), _CONNECTS_WITHIN_S) as plain,
        context.wrap_socket(plain, server_hostname=host) as wrapped,
    ):
        return wrapped.selected_alpn_protocol()
