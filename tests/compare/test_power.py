"""The difference that so many blocks detect: planted, it is found four times out of five."""

from math import log
from random import Random

import pytest

from controller.compare.holm import ALPHA
from controller.compare.pairs import paired_difference
from controller.compare.power import USUAL_SPREAD, detectable_ratio
from tests.factories.noise import noisy


@pytest.mark.parametrize("blocks", [3, 5, 10])
def test_a_detectable_difference_is_found_with_80_percent_power(blocks: int) -> None:
    """Of 1,000 runs with just that difference planted, 76 to 84 % find it at 5 %."""
    random = Random(blocks)
    ratio = detectable_ratio(USUAL_SPREAD, blocks)
    found = 0
    for _ in range(1000):
        faster = noisy(1000 * ratio, blocks=blocks, spread=USUAL_SPREAD, random=random)
        found += (
            paired_difference(faster, noisy(1000, blocks=blocks, spread=USUAL_SPREAD, random=random)).p_value <= ALPHA
        )

    assert 760 <= found <= 840


def test_the_usual_spread_and_five_blocks_see_four_percent() -> None:
    """What the dry run of a usual plan says."""
    assert detectable_ratio(USUAL_SPREAD, 5) == pytest.approx(1.036, abs=0.001)


def test_one_block_detects_nothing() -> None:
    """Without spread there is no telling."""
    assert detectable_ratio(USUAL_SPREAD, 1) is None


def test_more_blocks_see_more_and_more_comparisons_less() -> None:
    """The detectable difference falls with blocks and rises with comparisons, and scales with the spread."""
    by_blocks = [detectable_ratio(0.015, blocks) for blocks in (2, 3, 5, 8, 20)]
    by_family = [detectable_ratio(0.015, 5, comparisons=n) for n in (1, 11, 66)]

    assert by_blocks == sorted(by_blocks, reverse=True)
    assert by_family == sorted(by_family)
    assert log(detectable_ratio(0.03, 5)) == pytest.approx(2 * log(detectable_ratio(0.015, 5)))
