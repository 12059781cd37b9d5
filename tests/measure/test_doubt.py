"""Doubts as a table: each has something to do about it, in a few words."""

import pytest

from controller.measure.doubt import PASSING, REMEDIES, Doubt, DoubtKind


@pytest.mark.parametrize("kind", DoubtKind)
def test_every_doubt_says_what_to_do(kind: DoubtKind) -> None:
    """One short phrase that can stand at the end of a line."""
    remedy = REMEDIES[kind]

    assert 10 < len(remedy) < 100
    assert not remedy.endswith(".")
    assert Doubt(kind, "evidence").passing is (kind in PASSING)


def test_what_lies_in_the_plan_does_not_pass() -> None:
    """A generator without a core is none the second time either, and a rate that is too high stays so."""
    assert {DoubtKind.GENERATOR_SATURATED, DoubtKind.BEHIND, DoubtKind.WARMUP_CAPPED} & PASSING == set()
