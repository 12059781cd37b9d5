"""What a load generator did and what that cost: the same few numbers of ours and of every tool beside it."""

from dataclasses import dataclass

from controller.errors import LoadError
from controller.units import US_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Right answers, the CPU seconds of the generator's whole process while they came, and the wall time in seconds.

    Latencies are as the generator tells them, None where it tells none.
    """

    requests: int
    cpu_s: float
    seconds: float
    p50_ms: float | None = None
    p99_ms: float | None = None

    def __post_init__(self) -> None:
        if not (self.requests > 0 and self.cpu_s > 0 and self.seconds > 0):
            raise LoadError(f"expected requests, CPU and time above 0, found {self}")

    @property
    def per_cpu_s(self) -> float:
        """Requests for each second of CPU that the generator used."""
        return self.requests / self.cpu_s

    @property
    def cpu_us(self) -> float:
        """Microseconds of CPU that each request cost the generator."""
        return self.cpu_s * US_PER_S / self.requests

    @property
    def per_s(self) -> float:
        """Requests per second of wall time."""
        return self.requests / self.seconds

    @property
    def cores(self) -> float:
        """CPU seconds per second of wall time: 1 is a full core."""
        return self.cpu_s / self.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a generator spent, and from when until when it did so, in seconds of time.monotonic()."""

    spent: Spent
    from_s: float
    until_s: float
