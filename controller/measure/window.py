"""A window: what was answered in one second of one trial, by endpoint."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from controller.measure.histogram import Histogram, from_wire, merged, to_wire

# Errors after which the server had certainly answered: it counted them too.
ANSWERED_WRONG = frozenset({"wrong_status", "wrong_length", "wrong_body", "malformed"})


class Phase(StrEnum):
    """Where in its trial a window lies."""

    WARMUP = "warmup"
    MEASURED = "measured"
    DRAIN = "drain"


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointCounts:
    """What one endpoint did: latency from the planned send, service time from the actual send.

    service is None where the load model makes both the same (closed). bytes counts received bytes,
    heads included. errors maps a bounded kind to how often; an error is never in a histogram.
    """

    latency: Histogram = field(default_factory=Histogram)
    service: Histogram | None = None
    bytes: int = 0
    errors: Mapping[str, int] = field(default_factory=dict)

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Counts between two moments of a trial's clock, of one worker or merged over all.

    order is the trial's place in the run as run; start_s and end_s count from the trial's first send.
    """

    order: int
    index: int
    start_s: float
    end_s: float
    phase: Phase = Phase.WARMUP
    users: int = 0
    workers: int = 1
    endpoints: Mapping[str, EndpointCounts] = field(default_factory=dict)

    @property
    def attempts(self) -> int:
        """Requests of all endpoints that came to an end in this window."""
        return sum(counts.attempts for counts in self.endpoints.values())


def merged_counts(parts: Iterable[EndpointCounts]) -> EndpointCounts:
    """Return the counts of several workers, windows or endpoints together."""
    listed = list(parts)
    errors: dict[str, int] = {}
    for part in listed:
        for kind, n in part.errors.items():
            errors[kind] = errors.get(kind, 0) + n
    apart = any(part.service is not None for part in listed)
    return EndpointCounts(
        latency=merged(part.latency for part in listed),
        service=merged(part.latency if part.service is None else part.service for part in listed) if apart else None,
        bytes=sum(part.bytes for part in listed),
        errors=errors,
    )


def merged_endpoints(windows: Iterable[Window]) -> dict[str, EndpointCounts]:
    """Return each endpoint's counts over several windows."""
    parts: dict[str, list[EndpointCounts]] = {}
    for window in windows:
        for endpoint, counts in window.endpoints.items():
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
    )


def counts_to_wire(counts: EndpointCounts) -> dict[str, Any]:
    """Return an endpoint's counts as plain JSON values."""
    return {
        "latency": to_wire(counts.latency),
        "service": None if counts.service is None else to_wire(counts.service),
        "bytes": counts.bytes,
        "errors": dict(counts.errors),
    }


def counts_from_wire(wire: Mapping[str, Any]) -> EndpointCounts:
    """Return the counts that counts_to_wire gave."""
    return EndpointCounts(
        latency=from_wire(wire["latency"]),
        service=None if wire["service"] is None else from_wire(wire["service"]),
        bytes=wire["bytes"],
        errors=wire["errors"],
    )


def window_to_wire(window: Window) -> dict[str, Any]:
    """Return a window as plain JSON values, as it travels and as it stands in windows.jsonl."""
    return {
        "order": window.order,
        "index": window.index,
        "phase": window.phase.value,
        "start_s": window.start_s,
        "end_s": window.end_s,
        "users": window.users,
        "workers": window.workers,
        "endpoints": {endpoint: counts_to_wire(counts) for endpoint, counts in window.endpoints.items()},
    }


def window_from_wire(wire: Mapping[str, Any]) -> Window:
    """Return the window that window_to_wire gave."""
    return Window(
        order=wire["order"],
        index=wire["index"],
        phase=Phase(wire["phase"]),
        start_s=wire["start_s"],
        end_s=wire["end_s"],
        users=wire["users"],
        workers=wire["workers"],
        endpoints={endpoint: counts_from_wire(counts) for endpoint, counts in wire["endpoints"].items()},
    )
