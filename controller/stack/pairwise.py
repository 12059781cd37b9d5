"""Combinations of settings: all of them, or few in which every two levels meet."""

from collections.abc import Mapping, Sequence
from itertools import combinations, product

Combination = Mapping[str, str]


def every_combination(levels: Mapping[str, Sequence[str]]) -> tuple[Combination, ...]:
    """Return each combination of one level of every factor, the last factor changing fastest."""
    return tuple(dict(zip(levels, chosen, strict=True)) for chosen in product(*levels.values()))


def pairwise(levels: Mapping[str, Sequence[str]]) -> tuple[Combination, ...]:
    """Return few combinations in which any level of any factor meets any level of any other, always the same ones.

    Greedy: each takes in the most pairs that none before it has. That is not always the fewest there could be, and
    never more than all.
    """
    left = every_combination(levels)
    if len(levels) < 2:
        return left
    chosen: list[Combination] = []
    unmet = set().union(*map(_pairs, left)) if left else set()
    while unmet:
        best = max(left, key=lambda one: len(_pairs(one) & unmet))
        chosen.append(best)
        unmet -= _pairs(best)
    return tuple(chosen)


def _pairs(combination: Combination) -> set[tuple[tuple[str, str], ...]]:
    return set(combinations(combination.items(), 2))
