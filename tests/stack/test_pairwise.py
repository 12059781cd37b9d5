"""Few combinations in which every two levels meet."""

from itertools import combinations, product

import pytest

from controller.stack.contract_suite import combinations_of
from controller.stack.pairwise import every_combination, pairwise

TABLES = [
    {},
    {"a": "12"},
    {"a": "12", "b": "12"},
    {"a": "123", "b": "12", "c": "12"},
    {"a": "12", "b": "12", "c": "12", "d": "12", "e": "12", "f": "12"},
    {"a": "1234", "b": "123", "c": "12", "d": "1", "e": "123"},
]


@pytest.mark.parametrize("levels", TABLES)
def test_every_two_levels_meet(levels: dict[str, str]) -> None:
    """In any two factors, each level of one stands beside each of the other, with no combination more than needed."""
    found = pairwise(levels)

    for one, other in combinations(levels, 2):
        assert {(chosen[one], chosen[other]) for chosen in found} == set(product(levels[one], levels[other]))
    assert len({tuple(chosen.items()) for chosen in found}) == len(found) <= len(every_combination(levels))
    assert all(chosen.keys() == levels.keys() for chosen in found)


def test_it_stays_small_and_the_same() -> None:
    """Six yes-or-no factors need at most ten of their 64 combinations; the contract's three need six of twelve."""
    assert len(pairwise(TABLES[4])) <= 10
    assert len(combinations_of(every=False)) == 6
    assert len(combinations_of(every=True)) == 12
    assert combinations_of(every=False) == combinations_of(every=False)
