"""A turn of a calibration: what one of several load generators did to a target, and what the target did meanwhile."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from controller.measure.spent import Spent
from controller.units import US_PER_S

# What FastServe's own generator is called beside the others.
ENGINE: Final = "FastServe"


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What one generator did in one round, counted from 1, and what the target's processes used meanwhile.

    shares is how busy each party was, as judgement.busy says. server_cpu_s is None where they cannot be seen.
    """

    generator: str
    round: int
    spent: Spent
    server_cpu_s: float | None = None
    shares: Mapping[str, float] = field(default_factory=dict)

    @property
    def server_us(self) -> float | None:
        """Microseconds of CPU that each answer cost the target; None where that was not seen."""
        return None if self.server_cpu_s is None else self.server_cpu_s * US_PER_S / self.spent.requests
