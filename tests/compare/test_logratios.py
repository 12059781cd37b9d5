"""Logarithms of ratios by block, averaged and taken from one another."""

from math import log

import pytest

from controller.compare.logratios import (
    NO_ANSWERS,
    NO_PAIR,
    NO_WHOLE_BLOCK,
    LogRatios,
    apart,
    averaged,
    log_ratios,
)

TWICE = log_ratios({1: 2.0, 2: 4.0}, {1: 1.0, 2: 2.0})
HALF = log_ratios({1: 1.0, 2: 1.0}, {1: 2.0, 2: 2.0})
LATER = log_ratios({2: 8.0, 3: 8.0}, {2: 1.0, 3: 1.0})
SILENT = log_ratios({1: 0.0, 2: 4.0}, {1: 1.0, 2: 2.0})
NEVER = log_ratios({1: 2.0}, {2: 1.0})


def test_the_mean_of_twice_and_half_is_one() -> None:
    """It is the geometric mean, in each block."""
    assert averaged([TWICE, HALF]).logs == pytest.approx({1: 0.0, 2: 0.0})


def test_a_block_counts_only_where_it_has_all() -> None:
    """Only block 2 has both; of the blocks that one of them has, half would be of one thing and half of another."""
    assert averaged([TWICE, LATER]).logs == pytest.approx({2: (log(2) + log(8)) / 2})
    assert apart(LATER, TWICE).logs == pytest.approx({2: log(4)})


def test_what_was_never_measured_is_left_out_of_a_mean() -> None:
    """A target that failed throughout does not take the others with it; beside another it is nothing."""
    assert averaged([TWICE, NEVER]) == averaged([TWICE])
    assert averaged([NEVER, NEVER]) == averaged([]) == LogRatios(why_not=NO_PAIR)
    assert apart(TWICE, NEVER).why_not == NO_PAIR


def test_blocks_without_anything_in_common_are_no_mean() -> None:
    """There is no block that has all, and that is why."""
    early = log_ratios({1: 8.0}, {1: 1.0})

    assert averaged([early, LATER]) == LogRatios(why_not=NO_WHOLE_BLOCK)


def test_a_trial_without_answers_takes_the_ratio_away() -> None:
    """From a mean as from a pair: leaving it out would flatter who failed."""
    assert averaged([TWICE, SILENT]).why_not == NO_ANSWERS
    assert averaged([TWICE, SILENT]).logs == {}
    assert apart(SILENT, TWICE).why_not == NO_ANSWERS
