"""What is asked of the generators, and the tool that each workload is measured beside."""

from dataclasses import dataclass
from typing import Final

from benchmarks.nginx import HEALTH, LARGE, QUOTE

WRK: Final = "wrk"
H2LOAD: Final = "h2load"
FASTSERVE: Final = "FastServe"
FAST_HTTP_USER: Final = "FastHttpUser"


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """One path asked in a closed loop over so many connections, each with so many streams (HTTP/2).

    rival is the tool beside it, floor the least share of its requests per CPU-second that FastServe is to reach.
    """

    name: str
    path: str
    rival: str = WRK
    floor: float
    tls: bool = False
    http: str = "1.1"
    connections: int = 64
    streams: int = 1

    @property
    def generators(self) -> tuple[str, ...]:
        """Who is measured at it, in the order of each round."""
        beside = (FAST_HTTP_USER,) if self.name in BESIDE_LOCUST else ()
        return (self.rival, FASTSERVE, *beside)


# Where Locust's own user is measured too: the ratio to it is a fact of HTTP/1.1 without TLS alone.
BESIDE_LOCUST: Final = ("health", "quote")

WORKLOADS: Final = (
    Workload(name="health", path=HEALTH, floor=0.9),
    Workload(name="quote", path=QUOTE, floor=0.9),
    # All answers have the same length, so requests stand for bytes.
    Workload(name="100 KB", path=LARGE, floor=0.8),
    Workload(name="TLS", path=HEALTH, floor=0.8, tls=True),
    Workload(name="HTTP/2 8x16", path=HEALTH, rival=H2LOAD, floor=0.6, tls=True, http="2", connections=8, streams=16),
    Workload(name="HTTP/2 8x1", path=HEALTH, rival=H2LOAD, floor=1.0, tls=True, http="2", connections=8),
)
