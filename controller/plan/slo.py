"""An SLO, and the search for the highest arrival rate that keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from controller.errors import PlanError
from controller.plan.rules import DAY_S, Rule, hold, number, number_above, whole

# The percentiles that an SLO may bound, each as a part of a whole.
PERCENTILES: Final[Mapping[str, tuple[int, int]]] = {
    "p50_ms": (50, 100),
    "p90_ms": (90, 100),
    "p95_ms": (95, 100),
    "p99_ms": (99, 100),
    "p999_ms": (999, 1000),
}
SLO_RULES: Final[Mapping[str, Rule]] = {
    **dict.fromkeys(PERCENTILES, number_above(0, 1_000_000)),
    "failures": number(0, 1),
}
_RATE: Final = number_above(0, 10_000_000)
SEARCH_RULES: Final[Mapping[str, Rule]] = {
    "from_per_s": _RATE,
    "to_per_s": _RATE,
    "step_s": number_above(0, DAY_S),
    "step_requests": whole(1, 1_000_000_000),
}

# The share of failures that is allowed where an SLO does not say: the one from which a trial is in doubt.
USUAL_FAILURES: Final = 0.001
# A step is long enough when a server so far beyond its capacity breaks the SLO in it.
_BEYOND: Final = 0.025
_MS_PER_S: Final = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Slo:
    """Bounds that a trial must keep: percentiles of latency, and the share of attempts that may be errors.

    None is not bounded; where failures is None a search allows USUAL_FAILURES.
    """

    p50_ms: float | None = None
    p90_ms: float | None = None
    p95_ms: float | None = None
    p99_ms: float | None = None
    p999_ms: float | None = None
    failures: float | None = None

    def __post_init__(self) -> None:
        hold(self, SLO_RULES)
        if not self.settings:
            raise PlanError("Slo: expected at least one bound, found none")

    @property
    def settings(self) -> dict[str, float]:
        """The bounds that are set, in the order of the format."""
        return {name: bound for name in SLO_RULES if (bound := getattr(self, name)) is not None}

    @property
    def bounds(self) -> dict[str, float]:
        """The percentiles that are bounded, in milliseconds."""
        return {name: bound for name, bound in self.settings.items() if name in PERCENTILES}

    @property
    def text(self) -> str:
        """The bounds as one reads them: p99 <= 20 ms and failures <= 0.1 %."""
        parts = [f"{percentile_name(name)} <= {bound:g} ms" for name, bound in self.bounds.items()]
        if self.failures is not None:
            parts.append(f"failures <= {self.failures * 100:g} %")
        return " and ".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Where a search for the capacity begins and where it ends, and how long one of its steps is at least.

    A step takes step_s seconds, and until so many requests were due: of 10,000 a hundred are above the p99.
    """

    from_per_s: float = 1_000.0
    to_per_s: float = 1_000_000.0
    step_s: float = 5.0
    step_requests: int = 10_000

    def __post_init__(self) -> None:
        hold(self, SEARCH_RULES)
        if self.from_per_s >= self.to_per_s:
            raise PlanError(f"Search: expected to_per_s above from_per_s, found {self}")


def percentile_name(setting: str) -> str:
    """Return a percentile as one reads it: p99_ms is p99, p999_ms is p99.9."""
    name = setting.removesuffix("_ms")
    return f"{name[:3]}.{name[3:]}" if len(name) > 3 else name


def least_step_s(bounds: Mapping[str, float]) -> float | None:
    """Return how long a step must be so that it shows a server that falls behind; None without a percentile.

    Arrivals that come 2.5 % faster than answers let latency grow by 25 ms each second, so the share q of them
    stays below q x 25 ms x seconds. Of several bounds the one that is broken first counts.
    """
    needed = (bound / (part / of * _BEYOND * _MS_PER_S) for name, bound in bounds.items() for part, of in _parts(name))
    return min(needed, default=None)


def _parts(name: str) -> list[tuple[int, int]]:
    return [PERCENTILES[name]] if name in PERCENTILES else []
