"""One step of a search for a capacity: a rate that was offered, what came of it, and whether the SLO was kept."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from controller.measure.window import EndpointCounts
from controller.plan.slo import PERCENTILES, USUAL_FAILURES, Slo, percentile_name
from controller.units import AtLeast, duration_text

# Sends that are late by this share of a bound may have broken it by themselves.
_LATE_SHARE: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One rate that was tried; step counts from 1 as run.

    duration_s is how long it was measured, offered how many arrivals were planned in that time, answered how many
    of them got a right answer. A percentile is None where so many were not answered that it is not known.
    missed says in words which bounds of the SLO were not kept, doubts why it may not have been the server's fault.
    """

    step: int
    rate_per_s: float
    duration_s: float
    offered: int
    answered: int
    failures: int
    latency_p50_ms: float | None = None
    latency_p90_ms: float | None = None
    latency_p95_ms: float | None = None
    latency_p99_ms: float | None = None
    latency_p999_ms: float | None = None
    missed: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def kept(self) -> bool:
        """Whether every bound of the SLO was kept."""
        return not self.missed


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What a search came to: the highest rate at which the SLO was kept, and the step that showed it.

    low_per_s is the highest rate at which it was kept each time it was tried, high_per_s the lowest one at which
    it was missed twice. per_s, low_per_s and step are None where it was kept at no rate; high_per_s is None where
    nothing bounds the answer from above. slo is what was to be kept, in words; reason says why an end is missing.
    """

    slo: str
    per_s: float | None = None
    low_per_s: float | None = None
    high_per_s: float | None = None
    step: int | None = None
    reason: str | None = None


def step_of(step: int, rate_per_s: float, *, counts: EndpointCounts, duration_s: float, slo: Slo) -> Step:
    """Return what a step came to; counts are those of all arrivals that were planned in its measured time."""
    found = {name: counts.latency_ms(*part) for name, part in PERCENTILES.items()}
    return Step(
        step=step,
        rate_per_s=rate_per_s,
        duration_s=duration_s,
        offered=counts.attempts,
        answered=counts.samples,
        failures=counts.failures,
        **{f"latency_{name}": None if isinstance(ms, AtLeast) else ms for name, ms in found.items()},
        missed=tuple(_missed(counts, slo)),
        doubts=tuple(_late(counts, slo)),
    )


def _missed(counts: EndpointCounts, slo: Slo) -> Iterator[str]:
    """Yield the bounds that were not kept, with what was found instead."""
    if not counts.attempts:
        yield "no arrival came to its end"
        return
    for name, bound_ms in slo.bounds.items():
        found_ms = counts.latency_ms(*PERCENTILES[name])
        if found_ms is None or found_ms > bound_ms:
            found = "unknown" if found_ms is None else duration_text(found_ms)
            yield f"{percentile_name(name)} {found}, at most {bound_ms:g} ms"
    share, allowed = counts.failures / counts.attempts, USUAL_FAILURES if slo.failures is None else slo.failures
    if share > allowed:
        yield f"{share:.2%} failures, at most {allowed:.2%}".replace("%", " %")


def _late(counts: EndpointCounts, slo: Slo) -> Iterator[str]:
    """Yield why the generator itself may have broken a bound: it took arrivals up too late."""
    if counts.lag is None:
        return
    for name, bound_ms in slo.bounds.items():
        late_ms = counts.lag.quantile_ms(*PERCENTILES[name])
        if late_ms is not None and late_ms > bound_ms * _LATE_SHARE:
            yield f"sends late: {percentile_name(name)} {duration_text(late_ms)}"
