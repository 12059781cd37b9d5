"""Two targets of two runs, through one that both runs have."""

from math import exp, inf, log
from random import Random

import pytest
from scipy.stats import ttest_ind_from_stats

from controller.compare.holm import ALPHA
from controller.compare.indirect import indirect_difference
from controller.compare.logratios import NO_PAIR
from controller.compare.pairs import ONE_TRIAL, Difference, paired_difference
from tests.factories.noise import noisy

TRUTH = 1.2


def ratio_in_a_run(
    random: Random,
    ratio: float,
    *,
    blocks: int,
    spread: float,
    slow: float = 0.0,
    speed: float = 1.0,
    run_sd: float = 0.0,
) -> Difference:
    """Return a target's paired ratio to the common one, in a run whose machine drifts and is so fast.

    slow is the share of trials that are 8 % too slow; run_sd is the spread of what acts on the target in one run only.
    """
    drift = {block: speed * exp(random.gauss(0, 0.05)) for block in range(1, blocks + 1)}
    own = exp(random.gauss(0, run_sd)) if run_sd else 1.0
    one, other = (
        {
            block: rate * drift[block] * (0.92 if random.random() < slow else 1.0)
            for block, rate in noisy(per_s, blocks=blocks, spread=spread, random=random).items()
        }
        for per_s in (1000 * ratio * own, 1000)
    )
    return paired_difference(one, other)


def covering(
    seed: int, *, blocks: tuple[int, int], spreads: tuple[float, float], slow: float = 0.0, run_sd: float = 0.0
) -> int:
    """Return how many of 1,000 intervals hold the true ratio, 1.2; the second run's machine is a third slower."""
    random = Random(seed)
    found = []
    for _ in range(1000):
        baseline, candidate = (
            ratio_in_a_run(random, ratio, blocks=n, spread=spread, slow=slow, speed=speed, run_sd=run_sd)
            for ratio, n, spread, speed in zip((2.0, 2.0 * TRUTH), blocks, spreads, (1.0, 0.67), strict=True)
        )
        found.append(indirect_difference(candidate, baseline))
    return sum(one.low <= TRUTH <= one.high for one in found)


@pytest.mark.parametrize("blocks", [(3, 3), (5, 5), (10, 10), (5, 10)])
@pytest.mark.parametrize("spreads", [(0.02, 0.02), (0.01, 0.04)], ids=["equal", "1 to 4"])
def test_intervals_cover_the_truth(blocks: tuple[int, int], spreads: tuple[float, float]) -> None:
    """Of 1,000 intervals 93 to 97 % hold the true ratio, whichever run spreads more, however slow a whole run is."""
    assert 930 <= covering(1, blocks=blocks, spreads=spreads) <= 970


def test_a_short_run_that_spreads_more_is_not_helped_by_a_long_one() -> None:
    """Three blocks with four times the spread beside ten: still 92 % and more, where pooled variances would not do."""
    assert 920 <= covering(2, blocks=(3, 10), spreads=(0.04, 0.01)) <= 970


@pytest.mark.parametrize("blocks", [(3, 3), (5, 5), (10, 10)])
def test_trials_that_are_too_slow_cost_width_and_not_truth(blocks: tuple[int, int]) -> None:
    """With 10 % of trials 8 % too slow, at least 93 % of intervals hold the true ratio."""
    assert covering(3, blocks=blocks, spreads=(0.02, 0.02), slow=0.1) >= 930


def test_what_acts_on_one_target_in_one_run_is_not_seen() -> None:
    """A target 3 % faster or slower in one run only: far fewer intervals hold the truth, and more blocks make it worse.

    This is why two runs are compared with a note, and why targets of the same build stand beside the others.
    """
    few, many = (covering(4, blocks=(n, n), spreads=(0.02, 0.02), run_sd=0.03) for n in (3, 10))

    assert many < few < 800
    assert many < 500


def test_equal_targets_seldom_differ() -> None:
    """Of 1,000 pairs of runs without a difference, 30 to 70 have a p-value of at most 5 %."""
    random = Random(5)
    found = [
        indirect_difference(*(ratio_in_a_run(random, 2.0, blocks=5, spread=0.02) for _ in range(2)))
        for _ in range(1000)
    ]

    assert 30 <= sum(one.p_value <= ALPHA for one in found) <= 70


def test_it_is_the_test_of_welch() -> None:
    """The p-value is that of scipy's Welch test on the logarithms; interval and p-value say the same."""
    random = Random(6)
    for _ in range(200):
        candidate = ratio_in_a_run(random, 2.1, blocks=4, spread=0.04)
        baseline = ratio_in_a_run(random, 2.0, blocks=7, spread=0.01)
        found = indirect_difference(candidate, baseline)
        sides = [
            argument
            for side, n in ((candidate, 4), (baseline, 7))
            for argument in (log_of(side), side.standard_error * n**0.5, n)
        ]
        assert found.p_value == pytest.approx(ttest_ind_from_stats(*sides, equal_var=False).pvalue)
        assert (found.low > 1 or found.high < 1) is (found.p_value < ALPHA)


def log_of(difference: Difference) -> float:
    """Return the logarithm of a ratio."""
    return log(difference.ratio)


def test_a_difference_that_would_have_been_seen_is_seen() -> None:
    """At the difference that is called detectable, about 80 % of 500 pairs of runs differ."""
    random = Random(7)
    # The standard error of a ratio of ratios over five blocks: four trials, each with a spread of 2 %.
    known = Difference(blocks=5, ratio=1.0, standard_error=0.02 * (4 / 5) ** 0.5, df=8)
    effect = 1 + known.detectable(alpha=ALPHA)
    found = [
        indirect_difference(*(ratio_in_a_run(random, ratio, blocks=5, spread=0.02) for ratio in (2.0 * effect, 2.0)))
        for _ in range(500)
    ]

    assert 0.74 <= sum(one.p_value <= ALPHA for one in found) / 500 <= 0.86


def test_the_other_side_sees_the_inverse() -> None:
    """Which run is called the first turns the ratio round and changes no p-value."""
    random = Random(8)
    one, other = (ratio_in_a_run(random, 2.0, blocks=n, spread=0.03) for n in (3, 6))
    there, back = indirect_difference(one, other), indirect_difference(other, one)

    assert (there.low, there.high) == pytest.approx((1 / back.high, 1 / back.low))
    assert there.p_value == pytest.approx(back.p_value)
    assert there.blocks == back.blocks == 3


def test_one_block_on_a_side_gives_a_ratio_and_nothing_else() -> None:
    """No spread is known there, and one side's spread is not that of both."""
    single = paired_difference({1: 30.0}, {1: 10.0})
    several = paired_difference({1: 20.0, 2: 21.0}, {1: 10.0, 2: 10.0})
    found = indirect_difference(single, several)

    assert found == Difference(blocks=1, ratio=single.ratio / several.ratio, why_not=ONE_TRIAL)
    assert found.detectable(alpha=ALPHA) is None


def test_without_a_ratio_there_is_none() -> None:
    """What one of the runs cannot say, two cannot say together; the reason stays."""
    assert indirect_difference(
        paired_difference({1: 1.0}, {2: 1.0}), paired_difference({1: 2.0}, {1: 1.0})
    ) == Difference(blocks=0, why_not=NO_PAIR)


def test_ratios_without_any_spread_are_certain() -> None:
    """Exactly equal blocks in both runs leave nothing to doubt within them."""
    twice = paired_difference({1: 2.0, 2: 2.0}, {1: 1.0, 2: 1.0})
    three = paired_difference({1: 3.0, 2: 3.0}, {1: 1.0, 2: 1.0})

    assert indirect_difference(three, twice).p_value == 0
    assert indirect_difference(twice, twice).p_value == 1
    assert indirect_difference(three, twice).high == pytest.approx(1.5)
    assert inf > indirect_difference(three, twice).df >= 1
