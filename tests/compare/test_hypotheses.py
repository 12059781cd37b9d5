"""Hypotheses: which rows stand against one another, and what may be said of them."""

from collections.abc import Mapping
from dataclasses import replace
from math import exp
from random import Random

import pytest

from controller.compare.blocks import cells
from controller.compare.chosen import chosen_pairs
from controller.compare.hypotheses import Answer, Support, answers, corrected_ends
from controller.compare.limits import METRICS as NUMBERS
from controller.compare.pairs import paired_difference
from controller.compare.summary import column_metric
from controller.measure.judgement import BACKING, GENERATOR, PROXY, SERVER, UNBOUND
from controller.measure.trial import TrialResult
from controller.plan.check_hypotheses import METRICS
from controller.plan.factors import Level, variant_of
from controller.plan.hypothesis import BOUNDS, Hypothesis, hypothesis_of
from tests.factories.noise import noisy
from tests.factories.trials import SATURATED, run_of, searched, trial_of


def said(
    compare: Mapping[str, object],
    to: Mapping[str, object],
    *,
    metric: str = "throughput_per_s",
    **bounds: float,
) -> Hypothesis:
    """Return a hypothesis as a plan would say it."""
    return hypothesis_of({"says": "so it is", "metric": metric, "compare": compare, "to": to, **bounds})


def answer(hypothesis: Hypothesis, trials: list[TrialResult]) -> Answer:
    """Return what trials say of one hypothesis."""
    (found,) = answers([hypothesis], trials)
    return found


def at(levels: Mapping[str, Level], trials: list[TrialResult]) -> list[TrialResult]:
    """Return trials of another variant."""
    variant = variant_of(levels)
    return [replace(one, variant=variant.label, factors=variant.levels) for one in trials]


FAST_AND_SLOW = {"rust": 9000.0, "go": 8000.0, "python": 3000.0}


@pytest.mark.parametrize(
    ("bounds", "verdict"),
    [
        ({"at_least": 2.0}, Support.SUPPORTED),
        ({"at_least": 1.0, "at_most": 4.0}, Support.SUPPORTED),
        ({"at_least": 2.67}, Support.UNDECIDED),
        ({"at_most": 2.99}, Support.UNDECIDED),
        ({"at_least": 4.0}, Support.REFUTED),
        ({"at_most": 2.0}, Support.REFUTED),
    ],
)
def test_all_pairs_must_keep_and_any_may_break(bounds: dict[str, float], verdict: Support) -> None:
    """Rust is 3.0 times and Go 2.67 times as fast as Python: supported, undecided, refuted, by the bound alone."""
    trials = run_of(FAST_AND_SLOW, blocks=5)
    found = answer(said({"target": ["rust", "go"]}, {"target": "python"}, **bounds), trials)

    assert found.verdict is verdict
    assert len(found.pairs) == 2
    assert found.deciding in found.pairs


def test_the_pair_that_decides_is_the_one_nearest_to_the_bound() -> None:
    """Of two that keep it the smaller ratio; of two that break it the one farthest beyond it."""
    trials = run_of(FAST_AND_SLOW, blocks=5)
    both = {"target": ["rust", "go"]}, {"target": "python"}

    assert answer(said(*both, at_least=2.0), trials).deciding.compare == "go in health"
    assert answer(said(*both, at_most=2.0), trials).deciding.compare == "rust in health"


def test_pairs_are_those_of_the_comparison() -> None:
    """The ratio and its plain interval are paired by block."""
    trials = run_of(FAST_AND_SLOW, blocks=5)
    (pair,) = answer(said({"target": "rust"}, {"target": "go"}, at_least=1), trials).pairs
    values = [{one.block: one.throughput_per_s("*") for one in trials if one.target == name} for name in ("rust", "go")]

    assert pair.difference == paired_difference(*values)


def pairs_of(hypothesis: Hypothesis, trials: list[TrialResult]) -> list[tuple[str, str]]:
    """Return the names of the rows that stand against one another."""
    return [(one.name, other.name) for one, other in chosen_pairs(hypothesis, cells(trials))]


def test_what_neither_side_names_is_the_same_on_both() -> None:
    """Each target with gzip beside itself without, in each scenario."""
    plain = run_of({"a": 3000.0, "b": 2000.0}, scenarios=("health", "quote"), blocks=2)
    zipped = at({"gzip": "on"}, plain)

    assert pairs_of(said({"gzip": "on"}, {"gzip": "off"}, at_least=1), [*plain, *zipped]) == [
        (f"{target} in {scenario} (gzip=on)", f"{target} in {scenario}")
        for scenario in ("health", "quote")
        for target in ("a", "b")
    ]


def test_a_third_factor_must_agree() -> None:
    """Gzip on at one pool beside gzip off at the same pool, never at another."""
    trials = [
        one
        for gzip in ("off", "on")
        for pool in (10, 50)
        for one in at({"gzip": gzip, "pool": pool}, run_of({"a": 3000.0}, blocks=2))
    ]

    assert pairs_of(said({"gzip": "on"}, {"gzip": "off"}, at_least=1), trials) == [
        ("a in health (gzip=on)", "a in health"),
        ("a in health (gzip=on,pool=50)", "a in health (pool=50)"),
    ]
    assert len(pairs_of(said({"gzip": "on"}, {"gzip": "off", "pool": 50}, at_least=1), trials)) == 2


def test_every_one_against_every_other() -> None:
    """A list takes each; a target is never held against itself."""
    trials = run_of(FAST_AND_SLOW, blocks=2)

    assert pairs_of(said({"target": ["rust", "go"]}, {"target": ["go", "python"]}, at_least=1), trials) == [
        ("go in health", "python in health"),
        ("rust in health", "go in health"),
        ("rust in health", "python in health"),
    ]


def test_scenarios_have_loads_of_their_own() -> None:
    """One has more in flight, and a factor acts on one of them alone: they stand against one another all the same."""
    few, many = run_of({"a": 3000.0}, blocks=2), run_of({"a": 3000.0}, scenarios=("many",), blocks=2)
    many = [
        replace(
            one, factors={name: level for name, level in {**one.factors, "in_flight": 512}.items() if name != "cache"}
        )
        for one in many
    ]

    assert pairs_of(said({"scenario": "many"}, {"scenario": "health"}, at_least=1), [*few, *many]) == [
        ("a in many", "a in health")
    ]


def test_an_endpoint_is_all_of_them_unless_it_is_named() -> None:
    """`*` where a side names none."""
    trials = run_of({"a": 3000.0, "b": 2000.0}, blocks=2)

    assert pairs_of(said({"target": "a", "endpoint": "/api/health"}, {"target": "b"}, at_least=1), trials) == [
        ("a in health at /api/health", "b in health")
    ]


def spread_of(rates: Mapping[str, float], *, scenario: str, seed: int = 1) -> list[TrialResult]:
    """Return trials of one scenario."""
    return run_of(rates, scenarios=(scenario,), blocks=5, seed=seed)


def test_a_spread_is_the_largest_over_the_smallest_of_each_block() -> None:
    """From 3.0 to 1.2: the ratio of the spreads is 0.4, at most half."""
    trials = [
        *spread_of({"a": 9000, "b": 5000, "c": 3000}, scenario="db"),
        *spread_of({"a": 6000, "b": 5500, "c": 5000}, scenario="cached", seed=2),
    ]
    both = {"scenario": "cached"}, {"scenario": "db"}
    found = answer(said(*both, metric="spread", at_most=0.5), trials)
    (pair,) = found.pairs

    assert (found.verdict, pair.compare, pair.to) == (Support.SUPPORTED, "3 targets in cached", "3 targets in db")
    assert pair.difference.ratio == pytest.approx(0.4, rel=0.03)
    assert answer(said(*both, metric="spread", at_most=0.3), trials).verdict is Support.REFUTED


def test_a_block_that_lacks_a_target_has_no_spread() -> None:
    """One target fewer would make a smaller spread."""
    trials = [*spread_of({"a": 9000, "b": 3000}, scenario="db"), *spread_of({"a": 9000, "b": 3000}, scenario="cached")]
    lacking = [one for one in trials if not (one.scenario == "db" and one.target == "b" and one.block > 3)]
    found = answer(said({"scenario": "cached"}, {"scenario": "db"}, metric="spread", at_least=0.5), lacking)

    assert found.pairs[0].difference.blocks == 3


@pytest.mark.parametrize(
    ("trials", "metric", "detail"),
    [
        ([], "throughput_per_s", "no two rows of this run are compared by it"),
        ([], "spread", "no two scenarios or variants in which several targets"),
        (run_of(FAST_AND_SLOW, blocks=1), "throughput_per_s", "one trial: no spread known"),
        (run_of(FAST_AND_SLOW), "capacity_per_s", "no block measured both"),
        (run_of(FAST_AND_SLOW), "failures", "no ratio: 0 in a trial"),
    ],
)
def test_what_is_not_known_is_undecided(trials: list[TrialResult], metric: str, detail: str) -> None:
    """It says why."""
    found = answer(said({"target": "rust"}, {"target": "python"}, metric=metric, at_least=2), trials)

    assert found.verdict is Support.UNDECIDED
    assert detail in found.detail


def test_one_pair_that_is_not_known_keeps_all_from_being_supported() -> None:
    """Every pair has to keep the bound, and of this one nobody knows; a pair that breaks it still refutes."""
    trials = [one for one in run_of(FAST_AND_SLOW, blocks=5) if one.target != "go" or one.block == 1]
    both = {"target": ["rust", "go"]}, {"target": "python"}

    assert answer(said(*both, at_least=2), trials).verdict is Support.UNDECIDED
    assert answer(said(*both, at_least=2), trials).deciding.compare == "go in health"
    assert answer(said(*both, at_least=4), trials).verdict is Support.REFUTED


def test_what_is_named_and_was_not_measured_is_missed() -> None:
    """A target that was left out keeps a hypothesis from being supported, and is named; others still refute it."""
    trials = run_of(FAST_AND_SLOW, blocks=5)
    both = {"target": ["rust", "zig"]}, {"target": "python"}
    found = answer(said(*both, at_least=2), trials)

    assert found.verdict is Support.UNDECIDED
    assert "not measured: target zig" in found.detail
    assert answer(said(*both, at_least=4), trials).verdict is Support.REFUTED
    assert "not measured: gzip on" in answer(said({"gzip": "on"}, {"gzip": "off"}, at_least=1), trials).detail


def test_others_are_all_that_the_other_side_does_not_name() -> None:
    """Whatever was measured beside them, in either direction; nobody else was measured where there are none."""
    trials = run_of(FAST_AND_SLOW, blocks=5)
    found = answer(said({"target": "rust"}, {"target": "others"}, at_least=1), trials)
    turned = answer(said({"target": "others"}, {"target": ["go", "rust"]}, at_most=1), trials)
    nobody = answer(said({"target": ["go", "rust", "python"]}, {"target": "others"}, at_least=1), trials)

    assert [(pair.compare, pair.to) for pair in found.pairs] == [
        ("rust in health", "go in health"),
        ("rust in health", "python in health"),
    ]
    assert [(pair.compare, pair.to) for pair in turned.pairs] == [
        ("python in health", "go in health"),
        ("python in health", "rust in health"),
    ]
    assert [found.verdict, turned.verdict, nobody.verdict] == [Support.SUPPORTED, Support.SUPPORTED, Support.UNDECIDED]
    assert found.hypothesis.to == (("target", ("others",)),)
    assert nobody.unmeasured == ("other targets",)


def test_others_are_those_of_the_rows_that_are_chosen() -> None:
    """A target that was asked in another scenario alone is none of them, and not missed."""
    trials = [*run_of(FAST_AND_SLOW, blocks=5), *run_of({"java": 100.0}, scenarios=("quote",), blocks=5)]
    found = answer(
        said({"target": "rust", "scenario": "health"}, {"target": "others", "scenario": "health"}, at_least=1), trials
    )

    assert {pair.to for pair in found.pairs} == {"go in health", "python in health"}
    assert found.verdict is Support.SUPPORTED


def bound_by(party: str, trials: list[TrialResult]) -> list[TrialResult]:
    """Return trials that a party limited."""
    return [replace(one, bound=party) for one in trials]


def test_rows_are_chosen_by_what_limited_them() -> None:
    """In most of their trials; where that is so of none, it is said what limited them."""
    trials = run_of(FAST_AND_SLOW, blocks=5)
    some = [*bound_by("proxy", trials[:9]), *bound_by("generator", trials[9:])]
    proxied = {one.target for one in some if one.bound == "proxy"}
    most = {name for name in proxied if sum(one.bound == "proxy" for one in some if one.target == name) >= 3}
    asked = said({"target": ["rust", "go"], "bound": "proxy"}, {"target": "python", "bound": "proxy"}, at_least=1)

    assert answer(asked, bound_by("proxy", trials)).verdict is Support.SUPPORTED
    assert {name.split()[0] for pair in pairs_of(asked, some) for name in pair} <= most
    refused = answer(asked, bound_by("generator", trials))
    assert refused.verdict is Support.UNDECIDED
    assert refused.unmeasured == ("bound proxy (found generator)",)


def test_a_bound_has_the_names_of_parties() -> None:
    """What a plan may name is what trials have."""
    assert set(BOUNDS) == {SERVER, PROXY, *BACKING, GENERATOR, UNBOUND}


def test_capacities_and_doubts() -> None:
    """Any number of the summary will do, and a doubt of any row is said."""
    trials = [searched(one) for one in run_of({"rust": 9000.0, "python": 3000.0}, blocks=5)]
    trials[0] = replace(trials[0], doubts=(SATURATED,))
    found = answer(said({"target": "rust"}, {"target": "python"}, metric="capacity_per_s", at_least=2), trials)

    assert found.verdict is Support.SUPPORTED
    assert found.detail.endswith(f"in doubt: {SATURATED.kind.value}")


def test_every_metric_of_a_plan_is_a_number_of_the_summary() -> None:
    """What a plan may ask for can be looked up."""
    assert set(METRICS) - {"spread"} <= set(NUMBERS)
    assert column_metric("latency_p99_ms").of(trial_of(), "*") > 0


def verdicts(seed: int, *, ratio: float, pairs: int, runs: int = 1000, **bounds: float) -> list[Support]:
    """Return what so many runs say of pairs that all have the same true ratio, over five blocks."""
    random = Random(seed)
    hypothesis = said({"target": "a"}, {"target": "b"}, **bounds)
    found = []
    for _ in range(runs):
        ends = []
        for _ in range(pairs):
            one, other = (noisy(rate, blocks=5, spread=0.02, random=random) for rate in (1000 * ratio, 1000))
            ends.append(paired_difference(one, other))
        if any(hypothesis.is_broken_by(*corrected_ends(one, pairs=pairs)) for one in ends):
            found.append(Support.REFUTED)
        else:
            kept = all(hypothesis.is_kept_by(one.low, one.high) for one in ends)
            found.append(Support.SUPPORTED if kept else Support.UNDECIDED)
    return found


@pytest.mark.parametrize("pairs", [1, 6])
def test_a_true_hypothesis_is_seldom_refuted(pairs: int) -> None:
    """With every pair exactly at the bound, at most 4 % of 1,000 runs refute it, however many pairs there are."""
    assert verdicts(1, ratio=1.3, pairs=pairs, at_least=1.3).count(Support.REFUTED) <= 40


@pytest.mark.parametrize("pairs", [1, 6])
def test_a_false_hypothesis_is_seldom_supported(pairs: int) -> None:
    """With every pair just below the bound, at most 4 % of 1,000 runs support it."""
    assert verdicts(2, ratio=1.2999, pairs=pairs, at_least=1.3).count(Support.SUPPORTED) <= 40


def test_what_is_clearly_so_is_found() -> None:
    """5 % beyond the bound, at a spread of 2 % and five blocks, is found in most runs, both ways."""
    assert verdicts(3, ratio=1.3 * exp(0.06), pairs=3, at_least=1.3).count(Support.SUPPORTED) >= 700
    assert verdicts(4, ratio=1.3 / exp(0.08), pairs=3, at_least=1.3).count(Support.REFUTED) >= 700
