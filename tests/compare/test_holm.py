"""Holm's correction, against the procedure as its author describes it."""

from random import Random

import pytest

from controller.compare.holm import ALPHA, holm, hurdles


def rejected_step_by_step(p_values: list[float]) -> set[int]:
    """Return what Holm's procedure rejects: the smallest first, each at 5 % over what is left, until one fails."""
    left = list(range(len(p_values)))
    found: set[int] = set()
    while left:
        smallest = min(left, key=lambda index: p_values[index])
        if p_values[smallest] > ALPHA / len(left):
            return found
        found.add(smallest)
        left.remove(smallest)
    return found


@pytest.mark.parametrize("seed", range(200))
def test_corrected_values_reject_what_the_procedure_rejects(seed: int) -> None:
    """A corrected p-value of at most 5 % is one that the step-by-step procedure rejects."""
    random = Random(seed)
    p_values = [random.random() ** random.choice((1, 3, 6)) for _ in range(random.randint(1, 30))]

    certain = {index for index, p in enumerate(holm(p_values)) if p <= ALPHA}

    assert certain == rejected_step_by_step(p_values)


@pytest.mark.parametrize("seed", range(50))
def test_the_hurdle_is_what_a_comparison_had_to_reach(seed: int) -> None:
    """A comparison that was not certain becomes certain just below its hurdle, and not just above."""
    random = Random(seed)
    p_values = [random.random() ** 4 for _ in range(12)]
    unsure = [index for index, p in enumerate(holm(p_values)) if p > ALPHA]

    for index in unsure:
        hurdle = hurdles(p_values)[index]
        for value, expected in ((hurdle * 0.999, True), (hurdle * 1.001, False)):
            changed = [value if n == index else p for n, p in enumerate(p_values)]
            assert (index in rejected_step_by_step(changed)) is expected


def test_one_comparison_is_not_corrected() -> None:
    """A family of one keeps its p-value; an empty family is empty."""
    assert holm([0.03]) == [0.03]
    assert hurdles([0.03]) == [ALPHA]
    assert holm([]) == hurdles([]) == []
