"""What a worker needs to know to drive one trial: plain data, sent by the master over Locust's channel."""

import random
import socket
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

from controller.errors import LoadError
from controller.load.wire.connection import Address
from controller.load.wire.http1 import Ask
from controller.load.wire.tally import EndpointTally
from controller.plan.contract import Contract, check_body, contract_from_wire, covers, expected_length, expected_status

# How many draws of a weighted mix are made beforehand: a power of two, so that a lane wraps around by a mask.
DECK_CARDS = 8192

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """One kind of request: what is sent, how often among the others, and the name it is counted under."""

    method: str
    path: str
    weight: float
    endpoint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One trial's load: where to, what, and how answers are checked.

    order is the trial's place in the run. contract is contract_to_wire's value, or None for a server
    with other routes: then any 2xx is right.
    """

    order: int
    url: str
    requests: tuple[JobRequest, ...]
    headers: tuple[tuple[str, str], ...] = ()
    keepalive: bool = True
    timeout_s: float = 30.0
    seed: int = 0
    contract: Mapping[str, Any] | None = field(default=None, repr=False)


def job_to_wire(job: Job) -> dict[str, Any]:
    """Return a job as plain JSON values."""
    return asdict(job)


def job_from_wire(wire: Mapping[str, Any]) -> Job:
    """Return the job that job_to_wire gave."""
    requests = tuple(JobRequest(**request) for request in wire["requests"])
    headers = tuple((name, value) for name, value in wire["headers"])
    return Job(**{**wire, "requests": requests, "headers": headers})


def address_of(url: str) -> Address:
    """Resolve the address of an http URL once, so that no name is looked up under load.

    Raises LoadError for another scheme or a name that cannot be resolved.
    """
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:
        raise LoadError(f"the wire engine speaks http://HOST:PORT, found {url!r}")
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 80, type=socket.SOCK_STREAM)
    except OSError as error:
        raise LoadError(f"cannot resolve {parts.hostname!r}: {error}") from error
    return found[0][0], found[0][4]


def request_bytes(job: Job, request: JobRequest) -> bytes:
    """Return the bytes of one request; keep-alive is asked for in so many words, since some servers need it."""
    fields = {"Host": urlsplit(job.url).netloc, "Connection": "keep-alive" if job.keepalive else "close"}
    given = {name.lower() for name, _ in job.headers}
    own = [(name, value) for name, value in fields.items() if name.lower() not in given]
    lines = [f"{request.method} {request.path} HTTP/1.1", *(f"{name}: {value}" for name, value in [*own, *job.headers])]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def body_check(path: str, contract: Contract | None) -> Callable[[bytes], str | None] | None:
    """Return what compares a body with the contract, or None where the contract says nothing of the path."""
    if contract is None or not covers(path):
        return None
    route, _, query = path.partition("?")
    return lambda body: check_body(route, query, body, contract)


def compiled(job: Job) -> tuple[list[Ask], dict[str, EndpointTally]]:
    """Return the deck of requests that lanes walk through, and the counters by endpoint."""
    contract = None if job.contract is None else contract_from_wire(job.contract)
    tallies = {request.endpoint: EndpointTally(request.endpoint) for request in job.requests}
    asks = [_ask(job, request, tallies[request.endpoint], contract) for request in job.requests]
    return drawn(asks, [request.weight for request in job.requests], seed=job.seed), tallies


def drawn(cards: Sequence[T], weights: Sequence[float], *, seed: int) -> list[T]:
    """Return a deck of weighted draws: the same for the same seed; one card alone is the whole deck."""
    if len(cards) == 1:
        return list(cards)
    return random.Random(seed).choices(cards, weights, k=DECK_CARDS)


def _ask(job: Job, request: JobRequest, tally: EndpointTally, contract: Contract | None) -> Ask:
    known = contract is not None and covers(request.path)
    return Ask(
        request_bytes(job, request),
        tally,
        status=expected_status(request.path) if known else 0,
        body_bytes=expected_length(request.path) if known else None,
        check=body_check(request.path, contract),
    )
