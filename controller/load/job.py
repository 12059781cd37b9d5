"""What a worker needs to know to drive one trial: plain data, sent by the master over Locust's channel."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from controller.plan.contract import Contract, contract_to_wire
from controller.plan.expect import ANY_2XX, Expect
from controller.plan.scenario import Load, Request, Scenario, Stage
from controller.plan.trust import BY_THIS_MACHINE, Trust


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """One kind of request: what is sent, how often among the others, and the name it is counted under.

    Path, body, draws and expect are those of a plan's Request.
    """

    method: str
    path: str
    weight: float
    endpoint: str
    body: str | None = None
    draws: tuple[tuple[str, str], ...] = ()
    expect: Expect = ANY_2XX


def job_request(request: Request) -> JobRequest:
    """Return a request of a plan as a job has it."""
    return JobRequest(
        method=request.method,
        path=request.path,
        weight=request.weight,
        endpoint=request.endpoint,
        body=request.body,
        draws=request.draws,
        expect=request.expect,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """Which arrivals an open load plans: "poisson" or "constant", at the rates of its stages, one after the other.

    Rates are those of all workers together. A stage without a duration does not end.
    """

    arrivals: str
    stages: tuple[Stage, ...]


def offered_by(load: Load) -> Offered | None:
    """Return what a load offers; None in the closed model, where answers alone say when to send."""
    if load.model != "open":
        return None
    constant = () if load.rate_per_s is None else (Stage(rate_per_s=load.rate_per_s),)
    return Offered(arrivals=load.arrivals, stages=load.stages or constant)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One trial's load: where to, what, and how answers are checked.

    order tells what is driven from what was driven before: see drive(). contract is contract_to_wire's value, or
    None for a server with other routes: then any 2xx is right. share is (number, workers): which worker this is
    of how many; the master sets it for each. trust holds authorities as text: workers on other machines have no
    such file. http is "1.1" or "2"; streams is how many requests share one connection. offered is None in the
    closed model.
    """

    order: int
    url: str
    requests: tuple[JobRequest, ...]
    headers: tuple[tuple[str, str], ...] = ()
    keepalive: bool = True
    trust: Trust = BY_THIS_MACHINE
    http: str = "1.1"
    streams: int = 1
    timeout_s: float = 30.0
    offered: Offered | None = None
    seed: int = 0
    share: tuple[int, int] = (0, 1)
    contract: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def methods(self) -> dict[str, str]:
        """The method that each endpoint is asked with, the first one where there are several."""
        return {request.endpoint: request.method for request in reversed(self.requests)}


def job_of(scenario: Scenario, url: str, *, order: int, seed: int, trust: Trust, contract: Contract | None) -> Job:
    """Return what the workers are told: one job for the scenario against the target's address."""
    return Job(
        order=order,
        url=url,
        requests=tuple(map(job_request, scenario.requests)),
        headers=scenario.headers,
        keepalive=scenario.load.keepalive,
        trust=trust,
        http=scenario.load.http,
        streams=scenario.load.streams,
        timeout_s=scenario.load.timeout_s,
        offered=offered_by(scenario.load) if scenario.requests else None,
        seed=seed,
        contract=None if contract is None else contract_to_wire(contract),
    )


def job_to_wire(job: Job) -> dict[str, Any]:
    """Return a job as plain JSON values."""
    return asdict(job)


def job_from_wire(wire: Mapping[str, Any]) -> Job:
    """Return the job that job_to_wire gave."""
    requests = tuple(map(_request_from_wire, wire["requests"]))
    plain = {"headers": _pairs(wire["headers"]), "trust": Trust(**wire["trust"]), "share": tuple(wire["share"])}
    return Job(**{**wire, **plain, "requests": requests, "offered": _offered_from_wire(wire["offered"])})


def _offered_from_wire(wire: Mapping[str, Any] | None) -> Offered | None:
    if wire is None:
        return None
    return Offered(arrivals=wire["arrivals"], stages=tuple(Stage(**stage) for stage in wire["stages"]))


def _request_from_wire(wire: Mapping[str, Any]) -> JobRequest:
    expect = Expect(**{**wire["expect"], "fields": _pairs(wire["expect"]["fields"])})
    return JobRequest(**{**wire, "draws": _pairs(wire["draws"]), "expect": expect})


def _pairs(wire: Iterable[Sequence[Any]]) -> tuple[tuple[str, Any], ...]:
    return tuple((name, value) for name, value in wire)
