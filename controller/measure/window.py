"""A window: what was answered in one second of one trial, by endpoint."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from controller.measure.histogram import Histogram, merged
from controller.units import AtLeast

# Errors after which the server had certainly answered: it counted them too.
ANSWERED_WRONG = frozenset({"wrong_status", "wrong_length", "wrong_body", "malformed"})
# Errors of attempts that were waited for until their time was over.
GIVEN_UP = frozenset({"timeout", "connect_timeout"})


class Phase(StrEnum):
    """Where in its trial a window lies."""

    WARMUP = "warmup"
    MEASURED = "measured"
    DRAIN = "drain"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointCounts:
    """What one endpoint did: latency from the planned send, service time from the actual send.

    service is None where the load model makes both the same (closed). bytes counts those of right answers as they
    came, heads included, a body in gzip as it is on the wire. errors maps a bounded kind to how often; an error is
    never in a histogram. sources says of those right answers of /api/cache that were looked into, one in 64, how many
    came from "cache" and how many from "origin".

    The open model alone knows the rest: lag is how late arrivals were taken up, which is the generator's own
    lateness; queued how many found no free connection then; timeout_us how long after its planned send an arrival
    is given up, so that a time-out is known to have taken at least as long.
    """

    latency: Histogram = field(default_factory=Histogram)
    service: Histogram | None = None
    bytes: int = 0
    errors: Mapping[str, int] = field(default_factory=dict)
    sources: Mapping[str, int] = field(default_factory=dict)
    lag: Histogram | None = None
    queued: int = 0
    timeout_us: int | None = None

    @property
    def samples(self) -> int:
        """Answers that were right."""
        return self.latency.samples

    @property
    def failures(self) -> int:
        """Attempts that were errors of any kind."""
        return sum(self.errors.values())

    @property
    def attempts(self) -> int:
        """Requests that came to an end, one way or the other."""
        return self.samples + self.failures

    @property
    def answered(self) -> int:
        """Answers that the server gave whole, right or wrong."""
        return self.samples + sum(n for kind, n in self.errors.items() if kind in ANSWERED_WRONG)

    @property
    def unanswered(self) -> int:
        """Arrivals of the open model that were given up: their latency is at least the time-out."""
        return 0 if self.timeout_us is None else sum(self.errors.get(kind, 0) for kind in GIVEN_UP)

    def latency_ms(self, part: int, of: int) -> float | None:
        """Return the latency, in milliseconds, that part out of `of` arrivals do not exceed; None without any.

        Where that falls among arrivals that were given up it is AtLeast the time-out. This is the one way to a
        percentile of latency.
        """
        arrivals = self.samples + self.unanswered
        rank = -(-arrivals * part // of)
        if self.timeout_us is not None and rank > self.samples:
            return AtLeast(self.timeout_us / 1000)
        return self.latency.quantile_ms(rank, self.samples) if arrivals else None

    def service_ms(self, part: int, of: int) -> float | None:
        """Return the same for service time, over the right answers; where none is kept apart it is the latency."""
        return (self.latency if self.service is None else self.service).quantile_ms(part, of)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Counts between two moments of a trial's clock, of one worker or merged over all.

    order is the trial's place in the run as run; start_s and end_s count from the trial's first send. In the open
    model attempts belong to the phase that they were planned in: earlier holds those that came to an end here and
    were planned before the measured phase. step is that of a search for a capacity, None in any other trial: indices
    and seconds go on over all steps, without the pauses between them.
    """

    order: int
    index: int
    start_s: float
    end_s: float
    phase: Phase = Phase.WARMUP
    users: int = 0
    workers: int = 1
    endpoints: Mapping[str, EndpointCounts] = field(default_factory=dict)
    earlier: Mapping[str, EndpointCounts] = field(default_factory=dict)
    step: int | None = None

    @property
    def together(self) -> EndpointCounts:
        """What came to an end in this window, of all endpoints and whenever it was planned."""
        return merged_counts([*self.endpoints.values(), *self.earlier.values()])

    @property
    def attempts(self) -> int:
        """Requests of all endpoints that came to an end in this window, whenever they were planned."""
        return sum(counts.attempts for counts in (*self.endpoints.values(), *self.earlier.values()))

    @property
    def measured(self) -> Mapping[str, EndpointCounts]:
        """What belongs to the measured phase: in the open model also what was planned in it and ended after it."""
        if self.phase is Phase.DRAIN:
            return {name: counts for name, counts in self.endpoints.items() if counts.lag is not None}
        return self.endpoints if self.phase is Phase.MEASURED else {}


def phase_of(start_s: float, end_s: float, *, from_s: float | None, until_s: float | None) -> Phase:
    """Return the phase that a window lies in, by the bounds of the measured phase; one that straddles a bound is none.

    None stands for a bound that is not set yet.
    """
    if from_s is None or until_s is None or start_s < from_s:
        return Phase.WARMUP
    return Phase.MEASURED if end_s <= until_s and start_s < until_s else Phase.DRAIN


def merged_counts(parts: Iterable[EndpointCounts]) -> EndpointCounts:
    """Return the counts of several workers, windows or endpoints together."""
    listed = list(parts)
    apart = any(part.service is not None for part in listed)
    opened = any(part.lag is not None for part in listed)
    return EndpointCounts(
        latency=merged(part.latency for part in listed),
        service=merged(part.latency if part.service is None else part.service for part in listed) if apart else None,
        bytes=sum(part.bytes for part in listed),
        errors=summed(part.errors for part in listed),
        sources=summed(part.sources for part in listed),
        lag=merged(part.lag for part in listed if part.lag is not None) if opened else None,
        queued=sum(part.queued for part in listed),
        timeout_us=min((part.timeout_us for part in listed if part.timeout_us is not None), default=None),
    )


def summed(parts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Return counts by name over several mappings."""
    sums: dict[str, int] = {}
    for part in parts:
        for name, n in part.items():
            sums[name] = sums.get(name, 0) + n
    return sums


def merged_endpoints(windows: Iterable[Window]) -> dict[str, EndpointCounts]:
    """Return each endpoint's counts over several windows."""
    return merged_by_endpoint(window.endpoints for window in windows)


def merged_by_endpoint(listed: Iterable[Mapping[str, EndpointCounts]]) -> dict[str, EndpointCounts]:
    """Return each endpoint's counts over several mappings from endpoints to counts."""
    parts: dict[str, list[EndpointCounts]] = {}
    for endpoints in listed:
        for endpoint, counts in endpoints.items():
            parts.setdefault(endpoint, []).append(counts)
    return {endpoint: merged_counts(listed) for endpoint, listed in sorted(parts.items())}


def merged_window(windows: Iterable[Window]) -> Window:
    """Return one window from the same window of several workers; there must be at least one."""
    listed = list(windows)
    return replace(
        listed[0],
        end_s=max(window.end_s for window in listed),
        users=sum(window.users for window in listed),
        workers=sum(window.workers for window in listed),
        endpoints=merged_endpoints(listed),
        earlier=merged_by_endpoint(window.earlier for window in listed),
    )
