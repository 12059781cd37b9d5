"""One step of a search for a capacity: a rate that was offered, what came of it, and whether the SLO was kept."""

from dataclasses import dataclass


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
