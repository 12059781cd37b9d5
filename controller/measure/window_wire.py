"""Windows as plain JSON values: as they travel from workers to the master, and as they stand in windows.jsonl."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from controller.measure.histogram import merged_from_wire, to_wire
from controller.measure.window import EndpointCounts, Phase, Window, summed


def counts_to_wire(counts: EndpointCounts, *, packed: bool = False) -> dict[str, Any]:
    """Return an endpoint's counts as plain JSON values; what only some endpoints have stands only where it is."""
    wire = {
        "latency": to_wire(counts.latency, packed=packed),
        "service": None if counts.service is None else to_wire(counts.service, packed=packed),
        "bytes": counts.bytes,
        "errors": dict(counts.errors),
        **({"sources": dict(counts.sources)} if counts.sources else {}),
    }
    if counts.lag is None:
        return wire
    return {**wire, "lag": to_wire(counts.lag, packed=packed), "queued": counts.queued, "timeout_us": counts.timeout_us}


def window_to_wire(window: Window, *, packed: bool = False) -> dict[str, Any]:
    """Return a window as plain JSON values; packed, for a worker's report, with bytes for each histogram's counts."""
    earlier = {endpoint: counts_to_wire(counts, packed=packed) for endpoint, counts in window.earlier.items()}
    return {
        "order": window.order,
        "index": window.index,
        "phase": window.phase.value,
        "start_s": window.start_s,
        "end_s": window.end_s,
        "users": window.users,
        "workers": window.workers,
        "endpoints": {endpoint: counts_to_wire(counts, packed=packed) for endpoint, counts in window.endpoints.items()},
        **({"earlier": earlier} if earlier else {}),
        **({} if window.step is None else {"step": window.step}),
    }


def window_from_wire(wire: Mapping[str, Any]) -> Window:
    """Return the window that window_to_wire gave."""
    return merged_window_from_wire([wire])


def merged_window_from_wire(wires: Sequence[Mapping[str, Any]]) -> Window:
    """Return what merged_window makes of the same window of several workers; there must be at least one.

    The windows of a thousand workers fill a core if each is made a value of its own first: here none is.
    """
    first = wires[0]
    return Window(
        order=first["order"],
        step=first.get("step"),
        index=first["index"],
        phase=Phase(first["phase"]),
        start_s=first["start_s"],
        end_s=max(wire["end_s"] for wire in wires),
        users=sum(wire["users"] for wire in wires),
        workers=sum(wire["workers"] for wire in wires),
        endpoints=_by_endpoint(wire["endpoints"] for wire in wires),
        earlier=_by_endpoint(wire.get("earlier", {}) for wire in wires),
    )


def _by_endpoint(listed: Iterable[Mapping[str, Any]]) -> dict[str, EndpointCounts]:
    parts: dict[str, list[Mapping[str, Any]]] = {}
    for endpoints in listed:
        for endpoint, wire in endpoints.items():
            parts.setdefault(endpoint, []).append(wire)
    return {endpoint: _merged_counts(wires) for endpoint, wires in sorted(parts.items())}


def _merged_counts(wires: Sequence[Mapping[str, Any]]) -> EndpointCounts:
    apart = any(wire["service"] is not None for wire in wires)
    opened = [wire for wire in wires if "lag" in wire]
    return EndpointCounts(
        latency=merged_from_wire(wire["latency"] for wire in wires),
        service=merged_from_wire(wire["service"] or wire["latency"] for wire in wires) if apart else None,
        bytes=sum(wire["bytes"] for wire in wires),
        errors=summed(wire["errors"] for wire in wires),
        sources=summed(wire["sources"] for wire in wires if "sources" in wire),
        lag=merged_from_wire(wire["lag"] for wire in opened) if opened else None,
        queued=sum(wire["queued"] for wire in opened),
        timeout_us=min((wire["timeout_us"] for wire in opened), default=None),
    )
