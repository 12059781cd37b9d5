"""The settings of an Nginx in front of a target: compose/nginx.conf with its places filled in."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from controller.errors import StackError
from controller.stack.front import Front

# Files that its folder must have for TLS.
CERTIFICATE: Final = "certificate.pem"
KEY: Final = "key.pem"
# Connections that are none of the load's: users of a Locust file, those that ask for its counts, and what listens.
SPARE_CONNECTIONS: Final = 1_024
# The kernel cuts it to its own limit (net.core.somaxconn): all connections of a load may be opened at once.
_BACKLOG: Final = 65_535
# `listen ... http2` before this version, `http2 on;` since.
_HTTP2_DIRECTIVE_SINCE: Final = (1, 25, 1)
# Longer than a trial.
_LONG: Final = "2d"
_PLACE: Final = re.compile(r"@([A-Z0-9_]+)@")
_TARGET: Final = re.compile(r"[A-Za-z0-9.:\[\]_-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where an Nginx of some version listens, for requests and for questions about itself, and what it runs on."""

    listen: str
    status: str
    target: str
    workers: int
    version: str


def nginx_conf(template: str, front: Front, site: Site) -> str:
    """Return the settings of an Nginx: the template with every place filled in.

    Raises StackError where the template lacks a place, or has one that nobody knows.
    """
    values = {**_levels(front, site), **_sizes(front, site)}
    found = set(_PLACE.findall(template))
    if wrong := sorted(found ^ values.keys()):
        told = ", ".join(f"@{name}@" for name in wrong)
        raise StackError(f"compose/nginx.conf: expected the places @{'@, @'.join(values)}@, found more or less: {told}")
    return _PLACE.sub(lambda place: values[place[1]], template)


def target_address(url: str) -> str:
    """Return host and port of a target as Nginx wants them. Raises StackError for a url that it cannot stand before."""
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.path.strip("/") or _TARGET.fullmatch(parts.netloc) is None:
        raise StackError(f"proxy nginx: expected a target at http://HOST:PORT behind it, found {url}")
    return parts.netloc


def worker_connections(front: Front) -> int:
    """Return how many connections one worker may come to have: those of the load, and as many to the target."""
    return front.connections + front.in_flight + SPARE_CONNECTIONS


def _levels(front: Front, site: Site) -> Mapping[str, str]:
    """Return what the factors decide."""
    old_spelling = tuple(map(int, site.version.split("."))) < _HTTP2_DIRECTIVE_SINCE
    listen = [site.listen, *(["ssl"] if front.tls else []), *(["http2"] if front.http2 and old_spelling else [])]
    kept = [f"keepalive {front.in_flight};", "keepalive_requests 1000000000;"]
    kept += [f"keepalive_time {_LONG};", f"keepalive_timeout {_LONG};"]
    return {
        # Each worker has a queue of its own: woken from one queue, the worker that went to sleep last gets the most.
        "LISTEN": " ".join([*listen, "reuseport", f"backlog={_BACKLOG}"]),
        "HTTP2": "http2 on;" if front.http2 and not old_spelling else "",
        "CERTIFICATE": f"ssl_certificate {CERTIFICATE}; ssl_certificate_key {KEY};" if front.tls else "",
        "GZIP": _on_off(front.gzip),
        "CLIENT_KEEPALIVE": _LONG if front.client_keepalive else "0",
        "UPSTREAM_KEEPALIVE": " ".join(kept) if front.upstream_keepalive else "",
        "UPSTREAM_CONNECTION": "keep-alive" if front.upstream_keepalive else "close",
        "CACHE": "answers" if front.proxy_cache else "off",
    }


def _sizes(front: Front, site: Site) -> Mapping[str, str]:
    return {
        "USER": "user root;" if os.geteuid() == 0 else "",
        "WORKERS": str(site.workers),
        "CONNECTIONS": str(worker_connections(front)),
        # Nginx's own default is the least: a client may look whether so many are allowed.
        "STREAMS": str(max(128, front.streams)),
        "TARGET": site.target,
        "STATUS": site.status,
    }


def _on_off(on: bool) -> str:
    return "on" if on else "off"
