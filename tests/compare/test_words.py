"""The answers in words: what a reader may repeat."""

import pytest

from controller.compare.ranking import rankings
from controller.compare.summary import summaries
from controller.compare.words import answer, difference_text, percent_text, ratio_texts, remark
from controller.measure.trial import TrialResult
from tests.compare.test_ranking import exactly
from tests.factories.trials import failed, found_nothing, run_of, searched, trial_of


def said(trials: list[TrialResult]) -> tuple[str, str | None]:
    """Return the sentence of the only ranking, and the second one."""
    (ranking,) = rankings(trials, summaries(trials, run_id="r"))
    return answer(ranking), remark(ranking)


def test_two_targets_that_differ() -> None:
    """Who, what, how many times, and how sure."""
    trials = exactly({"python-flask": [3200, 3260, 3180], "python-fastapi": [14_800, 14_900, 14_700]})

    assert said(trials) == ("python-fastapi answers health 4.6 times as fast as python-flask (4.5 to 4.7)", None)


def test_two_targets_that_cannot_be_told_apart() -> None:
    """What was seen, and what would have been needed."""
    trials = exactly({"python-flask": [2600, 2640, 2560], "python-fastapi": [2650, 2590, 2700]})

    assert said(trials)[0] == (
        "health: cannot tell which is faster (python-flask 0.98 of python-fastapi, 0.90 to 1.07; "
        "a difference above 13 % would have been seen)"
    )


def test_one_trial() -> None:
    """The ratio stands there, and that no spread is known."""
    trials = exactly({"python-flask": [3200], "python-fastapi": [14_800]})

    assert said(trials)[0] == (
        "health: cannot tell which is faster (python-flask 0.22 of python-fastapi, one trial: no spread known)"
    )


def test_many_targets_with_two_leaders() -> None:
    """The leaders, the next and the last; and what cannot be told between the leaders."""
    trials = exactly(
        {
            "rust-axum": [171_000, 172_000, 170_500, 171_300],
            "rust-actix": [170_900, 171_800, 170_800, 171_200],
            "go-fiber": [89_000, 89_200, 88_700, 89_100],
            "python-flask": [3200, 3190, 3210, 3205],
        }
    )

    sentence, more = said(trials)

    assert sentence == (
        "rust-axum and rust-actix lead health: rust-axum is 1.924 times as fast as go-fiber (1.919 to 1.929) "
        "and 53.5 times as fast as python-flask (53.0 to 54.0)"
    )
    assert (
        more == "between rust-axum and rust-actix this run cannot tell; a difference above 0.3 % would have been seen"
    )


def test_three_targets_with_one_leader() -> None:
    """One leads, and there is nothing to add."""
    sentence, more = said(run_of({"a": 1000, "b": 2000, "c": 9000}))

    assert sentence.startswith("c leads health: 4.5")
    assert " times as fast as b (" in sentence
    assert " and 9" in sentence
    assert more is None


def test_many_targets_that_cannot_be_told_apart() -> None:
    """No leader is named."""
    sentence, more = said(exactly({"a": [1000, 1020, 990], "b": [1010, 990, 1000], "c": [1005, 1001, 985]}))

    assert sentence.startswith("health: cannot tell which of 3 is fastest (")
    assert sentence.endswith("would have been seen)")
    assert more is None


def test_a_difference_that_falls_to_the_correction_says_so() -> None:
    """The plain interval leaves out 1, and the sentence says why it claims nothing."""
    rates = {"a": [1000, 1000, 1000, 1000], "b": [985, 1003, 990, 995], "c": [980, 972, 992, 984]}
    sentence, _ = said(exactly(rates))

    assert sentence.startswith("health: cannot tell which of 3 is fastest (c 0.982 of a, 0.969 to 0.995; ")
    assert "; not after correction for 3 comparisons; a difference above " in sentence


def test_a_single_target() -> None:
    """There is nobody to compare it with: its throughput, with its interval or without."""
    assert (
        said(exactly({"mine": [3000, 3030, 2970]}))[0] == "mine answers health with 3,000 requests/s (2,926 to 3,075)"
    )
    assert (
        said(exactly({"mine": [3000]}))[0] == "mine answers health with 3,000 requests/s (one trial: no spread known)"
    )


def test_nothing_was_measured() -> None:
    """The sentence says so instead of naming a winner."""
    assert said([failed(trial_of())])[0] == "health: no trial was measured to its end"


def test_a_target_without_answers_is_not_divided_by() -> None:
    """Zero has no ratio."""
    trials = exactly({"a": [1000, 1001], "b": [900, 901]})
    broken = [trial for trial in trials if trial.target == "a"] + [
        failed(trial) for trial in trials if trial.target == "b"
    ]

    assert said(broken)[0].startswith("a answers health with ")


@pytest.mark.parametrize(
    ("ratios", "texts"),
    [
        ((4.6, 4.4, 4.9), ["4.6", "4.4", "4.9"]),
        ((2.1, 2.0, 2.2), ["2.1", "2.0", "2.2"]),
        ((53.2, 51.4, 55.1), ["53", "51", "55"]),
        ((0.98, 0.91, 1.06), ["0.98", "0.91", "1.06"]),
        ((1.004, 0.951, 1.049), ["1.00", "0.95", "1.05"]),
        ((1.02, 1.004, 1.03), ["1.020", "1.004", "1.030"]),
        ((3.55, 3.48, 3.63), ["3.55", "3.48", "3.63"]),
        ((1234.5, 1200.1, 1269.9), ["1,234", "1,200", "1,270"]),
        ((1.0, 1.0, 1.0), ["1.00", "1.00", "1.00"]),
        ((0.22,), ["0.22"]),
        ((54.0, 1.3e-21, 2.2e24), ["54", "1.3e-21", "2.2e+24"]),
    ],
)
def test_ratios_have_the_decimals_they_need(ratios: tuple[float, ...], texts: list[str]) -> None:
    """None of the three reads as another, and no end reads as 1 that is not."""
    assert ratio_texts(*ratios) == texts


def test_differences_read_as_percent_until_they_are_huge() -> None:
    """Beyond tenfold a percentage says less than a number of times."""
    assert difference_text(0.09) == "a difference above 9 %"
    assert difference_text(0.012) == "a difference above 1.2 %"
    assert difference_text(14.0) == "only a difference of more than 15 times"
    assert difference_text(1e40) == "no difference below 1,000 times"
    assert percent_text(12.0) == "over 1,000 %"
    assert percent_text(0.0) == "0.0 %"
    assert percent_text(0.00001) == "0.1 %"


def searches(rates: dict[str, list[float]]) -> list[TrialResult]:
    """Return searches that found just these capacities, block by block."""
    return [searched(trial) for trial in exactly(rates)]


def test_a_search_says_what_was_held_and_with_which_slo() -> None:
    """Several searches have an interval; a single one says where it missed."""
    assert said(searches({"mine": [2000, 2010, 2020]}))[0] == (
        "mine holds 2,010/s of health with p99 <= 20 ms (1,985 to 2,035)"
    )
    assert said(searches({"mine": [2000]}))[0] == (
        "mine holds 2,000/s of health with p99 <= 20 ms (one trial: missed at 2,020/s)"
    )


def test_searches_are_ranked_by_capacity() -> None:
    """Two that differ, two that do not, and many."""
    two = {"python-flask": [1000.0, 1010.0, 1005.0], "python-fastapi": [3000.0, 3020.0, 3010.0]}
    alike = {"python-flask": [1000.0, 1010.0, 1005.0], "python-fastapi": [1002.0, 1001.0, 1012.0]}
    many = {**two, "go-fiber": [9000.0, 9010.0, 9040.0]}

    assert said(searches(two))[0] == (
        "python-fastapi holds 3.00 times the rate of python-flask in health with p99 <= 20 ms (2.98 to 3.01)"
    )
    assert said(searches(alike))[0].startswith("health: cannot tell which holds more with p99 <= 20 ms (python-")
    assert said(searches(many))[0].startswith(
        "go-fiber leads health with p99 <= 20 ms: 3.00 times the rate of python-fastapi ("
    )


def test_a_search_in_vain_says_so() -> None:
    """An SLO that was kept at no rate is a result, and no failure."""
    assert said([found_nothing(trial_of("mine"))])[0] == "health: p99 <= 20 ms was kept at no rate that was tried"
