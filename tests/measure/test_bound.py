"""What limited a trial: who was busy, who left nothing of a shared core, or a database that all wait for."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.measure.bound import bound_of
from controller.measure.judgement import BUSY_FROM, DATABASE, GENERATOR, SERVER, UNBOUND

PARTIES = st.sampled_from([SERVER, GENERATOR, "proxy", DATABASE])
SHARES = st.dictionaries(PARTIES, st.floats(0, 1.2))


@given(SHARES)
def test_the_bound_is_the_busiest_of_those_at_their_limit(shares: dict[str, float]) -> None:
    """A party is the bound when it is busy enough and none is busier; otherwise nobody is."""
    bound = bound_of(shares).party

    if bound == UNBOUND:
        assert all(share < BUSY_FROM for share in shares.values())
    else:
        assert shares[bound] == max(shares.values()) >= BUSY_FROM


@given(SHARES, st.integers(1, 1000), st.floats(0, 1))
def test_a_pool_that_is_in_queries_counts_only_beside_idle_cpus(
    shares: dict[str, float], pool: int, share: float
) -> None:
    """From 85 % of the connections on the database is the bound, unless some party had no time left."""
    alone, bound = bound_of(shares).party, bound_of(shares, in_query=share * pool, pool=pool).party

    if alone != UNBOUND:
        assert bound == alone
    else:
        assert bound == (DATABASE if share * pool / pool >= BUSY_FROM else UNBOUND)


@given(SHARES, st.floats(0, 1), st.floats(0, 1))
def test_a_shared_core_is_left_to_who_took_most(shares: dict[str, float], server: float, database: float) -> None:
    """Where two left nothing of their core, the bound is the one that took more of it, or a busier third."""
    shares = {**shares, SERVER: max(server, shares.get(SERVER, 0)), DATABASE: max(database, shares.get(DATABASE, 0))}
    bound = bound_of(shares, shared={SERVER: server, DATABASE: database}).party

    if server + database < BUSY_FROM:
        assert bound == bound_of(shares).party
    elif bound in (SERVER, DATABASE):
        assert {SERVER: server, DATABASE: database}[bound] == max(server, database)
    else:
        assert shares[bound] >= BUSY_FROM


@pytest.mark.parametrize(
    ("shares", "more", "bound", "evidence"),
    [
        ({SERVER: 0.97, GENERATOR: 0.3}, {}, SERVER, "97% busy (CPU and run delay)"),
        ({SERVER: 0.3, GENERATOR: 0.91}, {}, GENERATOR, "91% busy (CPU and run delay)"),
        (
            {SERVER: 0.41, DATABASE: 0.2},
            {"in_query": 43.2, "pool": 50},
            DATABASE,
            "43 of 50 connections in a query on average, CPUs idle",
        ),
        (
            {SERVER: 0.41, DATABASE: 0.2},
            {"in_query": 20.0, "pool": 50},
            UNBOUND,
            "all wait, server the busiest at 41%, 20 of 50 connections in a query on average",
        ),
        ({SERVER: 0.02, GENERATOR: 0.01}, {}, UNBOUND, "all wait, server the busiest at 2%"),
        (
            {SERVER: 0.4, DATABASE: 0.55},
            {"shared": {SERVER: 0.4, DATABASE: 0.55}, "in_query": 50.0, "pool": 50},
            DATABASE,
            "database 55% and server 40% of the cores that they share",
        ),
    ],
)
def test_the_evidence_is_what_decided(
    shares: dict[str, float], more: dict[str, Any], bound: str, evidence: str
) -> None:
    """Beside the bound stand the numbers that make it one, in words that can be checked."""
    found = bound_of(shares, **more)

    assert (found.party, found.evidence) == (bound, evidence)


def test_without_a_pool_queries_say_nothing() -> None:
    """Where requests do not reach the database, its connections are not what limits them."""
    assert bound_of({SERVER: 0.1}, in_query=50.0).party == UNBOUND
    assert bound_of({SERVER: 0.1}, pool=50).party == UNBOUND
