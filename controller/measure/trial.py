"""What is known of one trial once it is over: the unit of all statistics."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.measure.doubt import Doubt
from controller.measure.errors import Errors
from controller.measure.step import Capacity, Step
from controller.measure.window import EndpointCounts, merged_counts

# All endpoints of a scenario together.
TOGETHER = "*"

# How a trial ended: whole; without what was planned; cut short because the user asked for it.
OK = "ok"
FAILED = "failed"
INTERRUPTED = "interrupted"
# How the reason of a trial begins that failed for the generator and not for its target.
LOAD_FAILED = "load: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What one party used during the measured phase.

    busiest is (CPU + run delay) of the party's busiest thread over wall time: 1.0 is a full core. Peaks are
    sums over all processes at one moment; context_switches counts how often any thread was put on a core. in_query
    is how many connections were in a query on average over looks of a second: known of a database only.
    """

    cpu_s: float
    busiest: float
    peak_rss_bytes: int
    threads: int | None = None
    context_switches: int | None = None
    in_query: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialResult:
    """One trial: which it was, how it ended, and its merged counts of the measured phase.

    trial counts from 1 in planned order, order from 1 as run, block from 1. factors holds the level of
    every factor. usage has a party's name (server, generator, master) only where it was observed. bound is the party
    that limited the trial, evidence what shows it.
    idle_rss_bytes is what the target's processes held once it had answered, before the load; build_bytes and code_lines
    are the sizes of its build and of its source. preloaded is how many requests it answered after that and before the
    load, so that its caches were full; None where the scenario does not say so.
    answered_total counts whole answers of all phases: what the server itself must have counted. errors are those of
    all phases, by kind. Where the trial was a search, steps are all it took and capacity is what it found; endpoints,
    usage, bound and duration_s are then those of the step that showed it. capacity is None in any other trial.
    drift and spread are those of the measured windows (see measure/drift.py), as shares.
    Everything that is not known is None.
    """

    trial: int
    block: int
    order: int
    target: str
    variant: str
    scenario: str
    factors: Mapping[str, str | int] = field(default_factory=dict)
    started_at: str
    outcome: str
    reason: str | None = None
    startup_s: float | None = None
    idle_rss_bytes: int | None = None
    build_bytes: int | None = None
    code_lines: int | None = None
    preloaded: int | None = None
    warmup_s: float | None = None
    warmup_end: str | None = None
    duration_s: float | None = None
    answered_total: int | None = None
    attempts_total: int | None = None
    errors: Mapping[str, Errors] = field(default_factory=dict)
    drift: float | None = None
    spread: float | None = None
    bound: str | None = None
    evidence: str | None = None
    usage: Mapping[str, Usage] = field(default_factory=dict)
    doubts: tuple[Doubt, ...] = ()
    notes: tuple[str, ...] = ()
    endpoints: Mapping[str, EndpointCounts] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    capacity: Capacity | None = None

    @property
    def ok(self) -> bool:
        """Whether the trial was measured to its end."""
        return self.outcome == OK

    @property
    def is_open(self) -> bool:
        """Whether its requests came when they were planned, so that latency does not restate throughput."""
        return any(counts.lag is not None for counts in self.endpoints.values())

    def counts(self, endpoint: str) -> EndpointCounts | None:
        """Return an endpoint's counts of the measured phase; `*` is all together; None without any."""
        if endpoint == TOGETHER:
            return merged_counts(self.endpoints.values()) if self.endpoints else None
        return self.endpoints.get(endpoint)

    def capacity_per_s(self, endpoint: str) -> float | None:
        """Return the capacity that was found; None where none was, and for a single endpoint: it is the mix's."""
        return None if self.capacity is None or endpoint != TOGETHER else self.capacity.per_s

    def throughput_per_s(self, endpoint: str) -> float | None:
        """Return right answers per second of the measured phase; None where nothing was measured."""
        counts = self.counts(endpoint)
        return None if counts is None or not self.duration_s else counts.samples / self.duration_s
