"""A scenario: what is requested, offered how, for how long."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import Final

from controller.errors import PlanError
from controller.plan.draw import distinct, draw_of, places_of
from controller.plan.expect import ANY_2XX, Expect, hold_together
from controller.plan.rules import (
    DAY_S,
    FLAG,
    LINE,
    NAME,
    PATH,
    Rule,
    either,
    hold,
    number,
    number_above,
    one_of,
    whole,
)
from controller.plan.slo import Search, Slo
from controller.plan.trust import Trust, read_authorities

METHODS: Final = ("get", "head", "post", "put", "patch", "delete")
WITH_BODY: Final = ("POST", "PUT", "PATCH", "DELETE")
# More would take longer than any trial, where each of them waits.
MOST_PRELOADED: Final = 100_000

REQUEST_RULES: Final[Mapping[str, Rule]] = {
    "method": one_of(*(method.upper() for method in METHODS)),
    "path": PATH,
    "weight": number_above(0, 1_000_000_000),
}

LOAD_RULES: Final[Mapping[str, Rule]] = {
    "model": one_of("closed", "open", "capacity"),
    "in_flight": whole(1, 100_000),
    "streams": whole(1, 100_000),
    "http": one_of("1.1", "2"),
    "keepalive": FLAG,
    "tls_verify": FLAG,
    "ca_file": LINE,
    "rate_per_s": number_above(0, 10_000_000),
    "arrivals": one_of("poisson", "constant"),
    "timeout_s": number_above(0, DAY_S),
    "ramp_up_s": number(0, DAY_S),
    "workers": whole(0, 1_000),
    "warmup_s": either(f'"auto", "least" or a number from 0 to {DAY_S:,}', one_of("auto", "least"), number(0, DAY_S)),
    "duration_s": number_above(0, DAY_S),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One kind of request of a mix; weight is relative to the other weights of its scenario.

    body is JSON, as text. Path and body may have places, names in braces; draws has (name, draw) for each of them,
    the draw as a plan says it: see draw_of.
    """

    method: str = "GET"
    path: str
    weight: float = 1.0
    body: str | None = None
    draws: tuple[tuple[str, str], ...] = ()
    expect: Expect = ANY_2XX

    def __post_init__(self) -> None:
        hold(self, REQUEST_RULES)
        hold_together(self.method, self.expect)
        if self.body is not None and self.method not in WITH_BODY:
            raise PlanError(f"Request.body: expected none with {self.method}, found one")
        for _, draw in self.draws:
            draw_of(draw)
        if missing := set(places_of(self.path, self.body or "")) - dict(self.draws).keys():
            raise PlanError(f"Request.draws: expected one for each place, found none for {', '.join(sorted(missing))}")

    @property
    def endpoint(self) -> str:
        """The path without its query, its places not filled: what counts are kept for."""
        return self.path.split("?", 1)[0]


def headers_with(headers: Sequence[tuple[str, str]], body: str | None) -> Sequence[tuple[str, str]]:
    """Return the headers that go with a body: it is JSON where they do not say what it is."""
    if body is None or any(name.lower() == "content-type" for name, _ in headers):
        return headers
    return (*headers, ("Content-Type", "application/json"))


def hold_preload(drawn: Sequence[Iterable[tuple[str, str]]]) -> None:
    """Raise PlanError where not all that requests may ask for can be asked; drawn has the draws of each of them."""
    endless = [(index, draw) for index, draws in enumerate(drawn) for draw in draws if distinct([draw]) == inf]
    for index, (name, text) in endless:
        raise PlanError(f'expected draws with an end, found {name} = "{text}" in requests[{index}]')
    if not 0 < (many := sum(map(distinct, drawn))) <= MOST_PRELOADED:
        raise PlanError(f"expected 1 to {MOST_PRELOADED:,} different requests in all, found {many:,.0f}")


STAGE_RULES: Final[Mapping[str, Rule]] = {
    "rate_per_s": LOAD_RULES["rate_per_s"],
    "duration_s": LOAD_RULES["duration_s"],
    "ramp": FLAG,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A rate of arrivals that is held for a time; with ramp it is reached evenly, from that of the stage before.

    Only a rate without end has no duration.
    """

    rate_per_s: float
    duration_s: float | None = None
    ramp: bool = False

    def __post_init__(self) -> None:
        hold(self, STAGE_RULES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How requests are offered. workers 0 is one a generator core.

    warmup_s None is the target's own least warm-up, and with until_steady ("auto", else "least") until it is steady.
    rate_per_s, arrivals and stages matter in the open model only, where stages are the measured phase:
    duration_s is all of them together. A search takes arrivals as well, and capacity, which says where to search.
    connections are in_flight / streams. ca_file is a file of the authorities that are believed instead of this
    machine's.
    """

    model: str = "closed"
    in_flight: int = 64
    streams: int = 1
    http: str = "1.1"
    keepalive: bool = True
    tls_verify: bool = True
    ca_file: str | None = None
    rate_per_s: float | None = None
    stages: tuple[Stage, ...] = ()
    arrivals: str = "poisson"
    capacity: Search = field(default_factory=Search)
    timeout_s: float = 30.0
    ramp_up_s: float = 0.0
    workers: int = 1
    warmup_s: float | None = None
    until_steady: bool = True
    duration_s: float = 10.0

    def __post_init__(self) -> None:
        hold(self, LOAD_RULES)

    @property
    def connections(self) -> int:
        """How many connections hold the requests in flight."""
        return self.in_flight // self.streams

    def trust(self) -> Trust:
        """Return which certificates are believed. Raises PlanError where ca_file cannot be read any more."""
        authorities = None if self.ca_file is None else read_authorities(Path(self.ca_file))
        return Trust(verify=self.tls_verify, authorities=authorities)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What is requested, and how: load is the plan's with this scenario's overrides and the factors applied.

    locustfile is a path below the project: its users run beside the wire users, alone where there are no requests.
    slo is what a search for the capacity must keep, or what targets are held to at a given load. With preload all that
    its draws can give is asked for once before the warm-up. targets are those that are asked, where they are not the
    plan's; factors has (name, levels) of each factor whose levels are others here than in the plan.
    """

    name: str
    requests: tuple[Request, ...]
    locustfile: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    preload: bool = False
    load: Load
    slo: Slo | None = None
    targets: tuple[str, ...] = ()
    factors: tuple[tuple[str, tuple[str | int, ...]], ...] = ()

    def __post_init__(self) -> None:
        hold(self, {"name": NAME})
        if not self.requests and self.locustfile is None:
            raise PlanError(f"scenario {self.name}: expected at least one request, found none")
        if self.load.model == "capacity" and self.slo is None:
            raise PlanError(f"scenario {self.name}: expected an SLO for the capacity model, found none")
        if self.preload:
            hold_preload([request.draws for request in self.requests])

    @property
    def endpoints(self) -> tuple[str, ...]:
        """The endpoints of all requests, each once, in the order of the plan."""
        return tuple(dict.fromkeys(request.endpoint for request in self.requests))
