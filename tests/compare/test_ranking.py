"""Rankings: the order by throughput, and the places that cannot be told apart."""

from random import Random

import pytest

from controller.compare.ranking import Ranking, rankings
from controller.compare.summary import summaries
from controller.measure.trial import TrialResult
from tests.factories.trials import failed, run_of, trial_of


def ranked(trials: list[TrialResult]) -> Ranking:
    """Return the only ranking of some trials."""
    (ranking,) = rankings(trials, summaries(trials, run_id="r"))
    return ranking


def places(trials: list[TrialResult]) -> list[tuple[str, int | None, int | None]]:
    """Return each target with its first and last place, in order."""
    return [(place.target, place.first, place.last) for place in ranked(trials).places]


def exactly(rates: dict[str, list[float]]) -> list[TrialResult]:
    """Return trials with just these rates, block by block."""
    return [
        trial_of(target, block=block, rate_per_s=rate, trial=block * 100 + n)
        for n, (target, listed) in enumerate(rates.items())
        for block, rate in enumerate(listed, 1)
    ]


def test_clear_differences_give_each_its_own_place() -> None:
    """Fastest first, whatever the order run."""
    trials = run_of({"slow": 1000, "fast": 9000, "middle": 3000})

    assert places(trials) == [("fast", 1, 1), ("middle", 2, 2), ("slow", 3, 3)]


def test_what_cannot_be_told_apart_shares_its_places() -> None:
    """Two equal targets share places 1 and 2; the third is certainly behind both."""
    trials = exactly({"a": [1000, 1010, 990, 1005], "b": [1004, 1001, 1003, 996], "c": [500, 503, 498, 501]})

    assert [(first, last) for _, first, last in places(trials)] == [(1, 2), (1, 2), (3, 3)]


def test_places_may_overlap_without_being_equal() -> None:
    """A is certainly ahead of C, and neither can be told from B between them: no group is made up."""
    trials = exactly(
        {"a": [1040, 1042, 1039, 1041], "b": [1060, 980, 1055, 985], "c": [1000, 1001, 999, 1002]},
    )

    assert places(trials) == [("a", 1, 2), ("b", 1, 3), ("c", 2, 3)]


def test_one_trial_gives_an_order_and_no_places() -> None:
    """No spread is known, so nobody has a place."""
    assert places(run_of({"a": 1000, "b": 9000}, blocks=1)) == [("b", None, None), ("a", None, None)]


def test_a_target_alone_is_first() -> None:
    """There is nobody it could be behind."""
    assert places(run_of({"a": 1000})) == [("a", 1, 1)]


def test_a_target_that_failed_is_last_with_its_reason() -> None:
    """It has no place among those measured, and takes none from them."""
    run = run_of({"a": 1000, "b": 9000, "c": 20})
    trials = [failed(trial, "no module named flask") if trial.target == "b" else trial for trial in run]
    last = ranked(trials).places[-1]

    assert places(trials) == [("a", 1, 1), ("c", 2, 2), ("b", None, None)]
    assert (last.measured, last.reason) == (False, "failed: no module named flask")


def test_leaders_are_those_not_told_from_the_first() -> None:
    """The first and its tie; alone where it is certainly ahead."""
    tied = exactly({"a": [1000, 1010, 990, 1005], "b": [1004, 1001, 1003, 996], "c": [500, 503, 498, 501]})

    assert {leader.target for leader in ranked(tied).leaders} == {"a", "b"}
    assert [leader.target for leader in ranked(run_of({"a": 1000, "b": 2000})).leaders] == ["b"]


def test_each_scenario_has_its_ranking() -> None:
    """Two scenarios, two rankings with all targets."""
    trials = run_of({"a": 1000, "b": 2000}, scenarios=("health", "quote"))
    found = rankings(trials, summaries(trials, run_id="r"))

    assert [(one.scenario, len(one.places)) for one in found] == [("health", 2), ("quote", 2)]


def test_equal_targets_seldom_get_places_of_their_own() -> None:
    """Of 60 rankings of 6 equal targets at most 8 (5 %, and three standard deviations) tell any two apart."""
    wrong = 0
    for seed in range(60):
        trials = run_of(dict.fromkeys("abcdef", 1000.0), blocks=4, seed=seed)
        wrong += any((place.first, place.last) != (1, 6) for place in ranked(trials).places)

    assert wrong <= 8


@pytest.mark.parametrize("seed", range(20))
def test_places_hold_every_position(seed: int) -> None:
    """The target in position n of the order has n between its first and its last place."""
    random = Random(seed)
    trials = run_of({name: random.uniform(900, 1200) for name in "abcdefgh"}, blocks=4, seed=seed)

    for position, place in enumerate(ranked(trials).places, 1):
        assert place.first <= position <= place.last
