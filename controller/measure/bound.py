"""Which party limited a trial, and what shows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from controller.measure.judgement import BUSY_FROM, DATABASE, UNBOUND

_NOTHING: Final[Mapping[str, float]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Bound:
    """The party that limited a trial, "none" where all waited, with the numbers that show it."""

    party: str
    evidence: str


def bound_of(
    shares: Mapping[str, float],
    *,
    shared: Mapping[str, float] = _NOTHING,
    in_query: float | None = None,
    pool: int | None = None,
) -> Bound:
    """Return which party limited a trial: the busiest of those at their limit, by the shares of busy().

    Where parties run on the same cores, shared has how much of these each took: once nothing of them is left, whoever
    took most is the limit, and not who had to wait for it. While there is time left, a database is the limit where
    enough connections of the pool are in a query: then others wait for it, however idle it is.
    """
    limits = {party: (share, f"{share:.0%} busy (CPU and run delay)") for party, share in _at_limit(shares).items()}
    if (together := sum(shared.values())) >= BUSY_FROM:
        most = max(shared, key=lambda party: shared[party])
        found = limits.get(most, (together, _taken(shared)))
        limits = {party: limit for party, limit in limits.items() if party not in shared} | {most: found}
    if limits:
        party = max(limits, key=lambda party: limits[party][0])
        return Bound(party, limits[party][1])
    queries = None if in_query is None or not pool else f"{in_query:,.0f} of {pool:,} connections in a query on average"
    if queries and pool and in_query is not None and in_query / pool >= BUSY_FROM:
        return Bound(DATABASE, f"{queries}, CPUs idle")
    return Bound(UNBOUND, ", ".join(filter(None, (_waiting(shares), queries))))


def _at_limit(shares: Mapping[str, float]) -> dict[str, float]:
    return {party: share for party, share in shares.items() if share >= BUSY_FROM}


def _taken(shared: Mapping[str, float]) -> str:
    """Return how much each of several parties took of their cores: "database 55% and server 42% of ..."."""
    ordered = sorted(shared, key=lambda party: -shared[party])
    return " and ".join(f"{party} {shared[party]:.0%}" for party in ordered) + " of the cores that they share"


def _waiting(shares: Mapping[str, float]) -> str:
    if not shares:
        return ""
    busiest = max(shares, key=lambda party: shares[party])
    return f"all wait, {busiest} the busiest at {shares[busiest]:.0%}"
