"""The open model: whether every send goes out when it is planned, and how many connections one worker holds."""

from pathlib import Path
from typing import Final

from benchmarks.figures import Figure
from benchmarks.nginx import HEALTH, MANY, connections_in
from benchmarks.rounds import Standing
from benchmarks.wire import Offering
from controller.units import three_digits

RATE_PER_S: Final = 20_000
MOST_LAG_MS: Final = 0.25
MOST_CORES: Final = 0.7

MANY_CONNECTIONS: Final = 10_000
MANY_RATE_PER_S: Final = 1_000
MOST_RSS_BYTES: Final = 300 << 20
# Lanes take turns, so that each of them has had two by then.
_MANY_SECONDS: Final = 2 * MANY_CONNECTIONS / MANY_RATE_PER_S


def rate_figures(standing: Standing, *, seconds: float) -> list[Figure]:
    """Offer 20,000 requests a second over 64 connections for so long; return what became of the schedule."""
    found = standing.wire.offer(standing.bases, HEALTH, rate_per_s=RATE_PER_S, connections=64, seconds=seconds)
    asked = f"open, Poisson {RATE_PER_S:,}/s, 64 connections"
    lag_ms = found.counts.lag.quantile_ms(99, 100) if found.counts.lag else None
    cores = found.usage.cpu_s / found.seconds
    return [
        _all_begun(asked, found),
        Figure(
            name=f"{asked}, send lag",
            found="unknown" if lag_ms is None else f"p99 {three_digits(lag_ms)} ms",
            bound=f"at most {MOST_LAG_MS:g} ms",
            reached=lag_ms is not None and lag_ms <= MOST_LAG_MS,
        ),
        Figure(name=f"{asked}, core", found=f"{cores:.2f}", bound=f"under {MOST_CORES:g}", reached=cores < MOST_CORES),
    ]


def many_figures(standing: Standing) -> list[Figure]:
    """Hold 10,000 connections at 1,000 requests a second; return the memory, and whether each connection had a turn."""
    found = standing.wire.offer(
        standing.bases, MANY, rate_per_s=MANY_RATE_PER_S, connections=MANY_CONNECTIONS, seconds=_MANY_SECONDS
    )
    asked = f"{MANY_CONNECTIONS:,} connections on one worker, {MANY_RATE_PER_S:,}/s"
    used = connections_in(Path(standing.folder))
    least = min(used.values(), default=0)
    rss_bytes = found.usage.peak_rss_bytes
    return [
        _all_begun(asked, found),
        Figure(
            name=f"{asked}, turns",
            found=f"{len(used):,} connections had {least} requests or more",
            bound=f"all {MANY_CONNECTIONS:,}",
            reached=len(used) == MANY_CONNECTIONS,
        ),
        Figure(
            name=f"{asked}, memory",
            found=f"{rss_bytes / (1 << 20):,.0f} MiB",
            bound=f"at most {MOST_RSS_BYTES >> 20} MiB",
            reached=rss_bytes <= MOST_RSS_BYTES,
        ),
    ]


def _all_begun(asked: str, found: Offering) -> Figure:
    errors = found.counts.failures
    return Figure(
        name=f"{asked}, sends",
        found=f"{found.begun:,} of {found.planned:,} planned were sent or counted, {errors:,} failed",
        bound="all, none failed",
        reached=found.begun == found.planned and not errors,
    )
