"""A job compiled for the engine: requests as bytes, dealt one after the other, with what checks their answers."""

import random
from collections.abc import Callable, Iterator, Sequence
from itertools import cycle, islice
from typing import TypeVar
from urllib.parse import urlsplit

from controller.load.job import Job, JobRequest
from controller.load.wire.ask import Ask
from controller.load.wire.tally import EndpointTally
from controller.plan.contract import Contract, check_body, contract_from_wire, covers, expected_length, expected_status

# How many draws of a weighted mix are made beforehand.
DECK_CARDS = 8192

T = TypeVar("T")


def compiled(job: Job) -> tuple[Callable[[], Ask], dict[str, EndpointTally]]:
    """Return what deals one request after the other, without end, and the counters by endpoint."""
    contract = None if job.contract is None else contract_from_wire(job.contract)
    tallies = {request.endpoint: EndpointTally(request.endpoint) for request in job.requests}
    asks = [_ask(job, request, tallies[request.endpoint], contract) for request in job.requests]
    dealt = dealt_cards(asks, [request.weight for request in job.requests], seed=job.seed, share=job.share)
    return dealt.__next__, tallies


def dealt_cards(
    cards: Sequence[T], weights: Sequence[float], *, seed: int, share: tuple[int, int] = (0, 1)
) -> Iterator[T]:
    """Return weighted draws without end: the same for the same seed.

    share is (this worker's number, workers): draw n goes to worker n modulo workers, so that all of them together
    ask what one alone would.
    """
    number, workers = share
    if len(cards) == 1:
        return cycle(cards)
    return islice(cycle(random.Random(seed).choices(cards, weights, k=DECK_CARDS)), number, None, workers)


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


def _ask(job: Job, request: JobRequest, tally: EndpointTally, contract: Contract | None) -> Ask:
    known = contract is not None and covers(request.path)
    return Ask(
        request_bytes(job, request),
        tally,
        status=expected_status(request.path) if known else 0,
        body_bytes=expected_length(request.path) if known else None,
        closing=not job.keepalive,
        check=body_check(request.path, contract),
    )
