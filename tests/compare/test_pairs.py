"""Two targets, paired by block."""

from math import exp, log
from random import Random

import pytest

from controller.compare.holm import ALPHA
from controller.compare.logratios import NO_ANSWERS, NO_PAIR
from controller.compare.pairs import ONE_TRIAL, Difference, paired_difference
from tests.factories.noise import noisy


@pytest.mark.parametrize("blocks", [3, 5, 10])
def test_ratios_cover_the_truth(blocks: int) -> None:
    """Of 1,000 intervals, 93 to 97 % hold the true ratio."""
    random = Random(100 + blocks)
    covering = 0
    for _ in range(1000):
        one, other = (noisy(rate, blocks=blocks, spread=0.02, random=random) for rate in (3000, 2000))
        found = paired_difference(one, other)
        covering += found.low <= 1.5 <= found.high

    assert 930 <= covering <= 970


def test_equal_targets_seldom_differ() -> None:
    """Of 1,000 pairs without a difference, 30 to 70 have a p-value of at most 5 %."""
    random = Random(7)
    pairs = [[noisy(2000, blocks=5, spread=0.02, random=random) for _ in range(2)] for _ in range(1000)]

    assert 30 <= sum(paired_difference(*pair).p_value <= ALPHA for pair in pairs) <= 70


def test_interval_and_p_value_say_the_same() -> None:
    """The plain interval leaves out 1 exactly where the plain p-value is below 5 %."""
    random = Random(8)
    for _ in range(500):
        one, other = (noisy(rate, blocks=4, spread=0.02, random=random) for rate in (2040, 2000))
        found = paired_difference(one, other)
        assert (found.low > 1 or found.high < 1) is (found.p_value < ALPHA)


def test_pairing_sees_through_a_drift_of_the_machine() -> None:
    """Half the speed in every later block changes both sides alike, and so nothing."""
    steady = {1: 1000.0, 2: 1010.0, 3: 990.0}
    other = {1: 900.0, 2: 915.0, 3: 893.0}
    drifting = paired_difference(
        {block: rate / 2**block for block, rate in steady.items()},
        {block: rate / 2**block for block, rate in other.items()},
    )

    assert drifting.ratio == pytest.approx(paired_difference(steady, other).ratio)
    assert drifting.p_value == pytest.approx(paired_difference(steady, other).p_value)


def test_the_other_side_sees_the_inverse() -> None:
    """Candidate over baseline is one over baseline over candidate."""
    one, other = {1: 10.0, 2: 12.0, 3: 11.0}, {1: 5.0, 2: 5.5, 3: 6.0}
    there, back = paired_difference(one, other), paired_difference(other, one)

    assert (there.turned().ratio, there.turned().low, there.turned().high) == pytest.approx(
        (back.ratio, back.low, back.high)
    )
    assert there.p_value == pytest.approx(back.p_value)


def test_blocks_of_one_side_only_are_left_out() -> None:
    """Two of the four blocks have both."""
    found = paired_difference({1: 10.0, 2: 12.0, 3: 99.0}, {1: 5.0, 2: 6.0, 4: 77.0})

    assert found.blocks == 2
    assert found.ratio == pytest.approx(2)


def test_one_block_gives_a_ratio_and_nothing_else() -> None:
    """Neither interval nor p-value nor anything detectable."""
    assert paired_difference({1: 10.0}, {1: 5.0}) == Difference(blocks=1, ratio=exp(log(2)), why_not=ONE_TRIAL)
    assert paired_difference({1: 10.0}, {1: 5.0}).detectable(alpha=ALPHA) is None


def test_nothing_in_common_is_no_ratio() -> None:
    """No block has both."""
    assert paired_difference({1: 10.0}, {2: 5.0}) == Difference(blocks=0, why_not=NO_PAIR)


def test_a_trial_without_answers_is_no_ratio() -> None:
    """Leaving its block out would flatter who failed in it."""
    assert paired_difference({1: 10.0, 2: 0.0}, {1: 5.0, 2: 5.0}) == Difference(blocks=2, why_not=NO_ANSWERS)


def test_exactly_equal_ratios_are_certain() -> None:
    """Without any spread a difference is certain, and so is that there is none."""
    assert paired_difference({1: 2.0, 2: 2.0}, {1: 1.0, 2: 1.0}).p_value == 0
    assert paired_difference({1: 2.0, 2: 2.0}, {1: 2.0, 2: 2.0}).p_value == 1
