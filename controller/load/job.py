"""What a worker needs to know to drive one trial: plain data, sent by the master over Locust's channel."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


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
    with other routes: then any 2xx is right. share is (number, workers): which worker this is of how many;
    the master sets it for each.
    """

    order: int
    url: str
    requests: tuple[JobRequest, ...]
    headers: tuple[tuple[str, str], ...] = ()
    keepalive: bool = True
    timeout_s: float = 30.0
    seed: int = 0
    share: tuple[int, int] = (0, 1)
    contract: Mapping[str, Any] | None = field(default=None, repr=False)


def job_to_wire(job: Job) -> dict[str, Any]:
    """Return a job as plain JSON values."""
    return asdict(job)


def job_from_wire(wire: Mapping[str, Any]) -> Job:
    """Return the job that job_to_wire gave."""
    requests = tuple(JobRequest(**request) for request in wire["requests"])
    headers = tuple((name, value) for name, value in wire["headers"])
    return Job(**{**wire, "requests": requests, "headers": headers, "share": tuple(wire["share"])})
