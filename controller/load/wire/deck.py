"""A job compiled for the engine: requests as bytes, dealt one after the other, with what checks their answers."""

from collections.abc import Callable
from itertools import cycle, starmap

from controller.load.job import Job
from controller.load.wire.ask import Ask, Learned
from controller.load.wire.draws import mixed, numbered_kinds, request_fillers, stream_of
from controller.load.wire.http1_request import http1_writer
from controller.load.wire.http2_request import http2_writer
from controller.load.wire.tally import EndpointTally
from controller.plan.answers import right_answer
from controller.plan.coding import accepted_codings
from controller.plan.contract import Contract, Difference, contract_from_wire, source_of
from controller.plan.draw import distinct
from controller.plan.routes import CACHE

# Of requests that differ in drawn values only, up to so many are compiled once and kept.
MOST_KEPT = 10_000


def compiled(job: Job) -> tuple[Callable[[], Ask], dict[str, EndpointTally]]:
    """Return what deals one request after the other, without end, and the counters by endpoint."""
    contract = None if job.contract is None else contract_from_wire(job.contract)
    tallies = {request.endpoint: EndpointTally(request.endpoint) for request in job.requests}
    kinds = [
        Kind(job, position, tally=tallies[request.endpoint], contract=contract)
        for position, request in enumerate(job.requests)
    ]
    weights = [request.weight for request in job.requests]
    if not any(request.draws for request in job.requests):
        asks = [kind.ask(0, 0) for kind in kinds]
        if len(asks) <= 1:
            return cycle(asks).__next__, tallies
        return map(asks.__getitem__, mixed(weights, seed=job.seed, share=job.share)).__next__, tallies
    counted = any(draw == "sequence" for request in job.requests for _, draw in request.draws)
    numbered = numbered_kinds(weights, seed=job.seed, share=job.share, counted=counted)
    asks_of = [kind.ask for kind in kinds]
    return starmap(lambda kind, number, before: asks_of[kind](number, before), numbered).__next__, tallies


class Kind:
    """One kind of request of a job: gives the request of each number, compiled."""

    def __init__(self, job: Job, position: int, *, tally: EndpointTally, contract: Contract | None) -> None:
        request = job.requests[position]
        self._request = request
        self._tally = tally
        self._contract = contract
        self._closing = not job.keepalive
        self._accepted = accepted_codings(job.headers)
        self._path, self._body = request_fillers(
            request.path, request.body, request.draws, stream=stream_of(job.seed, position)
        )
        self._written = (http2_writer if job.http == "2" else http1_writer)(job, request)
        self._keeps = distinct(request.draws) <= MOST_KEPT
        self._kept: dict[tuple[str, str], Ask] = {}
        # What the plan alone expects is the same whatever is drawn.
        self._right = None if contract is not None else right_answer(request.method, "", request.expect, None)
        self._learned: dict[tuple[int, int | None], Learned] = {}

    def ask(self, number: int, before: int) -> Ask:
        """Return the request of a number, where so many of this kind came before."""
        path, body = self._path(number, before), self._body(number, before)
        if not self._keeps:
            return self._compiled(path, body)
        if (ask := self._kept.get((path, body))) is None:
            ask = self._kept[path, body] = self._compiled(path, body)
        return ask

    def _compiled(self, path: str, body: str) -> Ask:
        request = self._request
        right = self._right or right_answer(request.method, path, request.expect, self._contract)
        expected = (right.status, right.body_bytes)
        if (learned := self._learned.get(expected)) is None:
            # A head that is right where 404 is expected is wrong where 200 is.
            learned = self._learned[expected] = Learned(shared=bool(request.draws))
        check = right.check
        if check is not None and self._contract is not None and path.partition("?")[0] == CACHE:
            check = _noting_source(check, self._tally)
        written = self._written(path, body)
        return Ask(
            written.request,
            self._tally,
            parts=written.parts,
            body=written.body,
            status=right.status,
            body_bytes=right.body_bytes,
            closing=self._closing,
            bodiless=request.method == "HEAD",
            accepted=self._accepted,
            check=check,
            learned=learned,
        )


def _noting_source(
    check: Callable[[bytes], Difference | None], tally: EndpointTally
) -> Callable[[bytes], Difference | None]:
    """Return a check of /api/cache that counts where right answers came from."""

    def noting(body: bytes) -> Difference | None:
        wrong = check(body)
        if wrong is None and (source := source_of(body)) is not None:
            tally.sources[source] += 1
        return wrong

    return noting
