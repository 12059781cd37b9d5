"""Contrasts: which cells differ in the level of one factor alone."""

from dataclasses import replace

from controller.compare.blocks import cells
from controller.compare.contrasts import Contrast, Varied, contrasts, levels_seen
from controller.measure.trial import TrialResult
from tests.factories.factors import all_combinations, one_at_a_time, varied_run

VARIED = {"gzip": ("off", "on"), "http": ("1.1", "2"), "pool": (10, 1, 50)}


def found(trials: list[TrialResult], varied: Varied = VARIED) -> dict[tuple[str, object], Contrast]:
    """Return the contrasts of a run of one target by factor and level."""
    return {(one.factor, one.level): one for one in contrasts(cells(trials), varied)}


def test_all_combinations_hold_a_pair_for_each_of_the_others() -> None:
    """Two levels beside three are six pairs, three beside two times two are four."""
    some = found(varied_run(all_combinations(VARIED), targets=("a",), blocks=1))

    assert {name: len(one.pairs) for name, one in some.items()} == {
        ("gzip", "on"): 6,
        ("http", "2"): 6,
        ("pool", 1): 4,
        ("pool", 50): 4,
    }


def test_one_at_a_time_holds_one_pair_each() -> None:
    """Each level stands beside the base alone."""
    some = found(varied_run(one_at_a_time(VARIED), targets=("a",), blocks=1))

    assert [len(one.pairs) for one in some.values()] == [1, 1, 1, 1]
    assert {pair.base.variant for one in some.values() for pair in one.pairs} == {"default"}


def test_a_factor_that_is_idle_beside_another_level_is_at_its_first() -> None:
    """SQLite has no pool: it is paired with MySQL's first pool, and not with the others."""
    levels = [{"db": "sqlite"}, *({"db": "mysql", "pool": pool} for pool in (10, 50))]
    trials = [
        replace(trial, factors={name: one for name, one in trial.factors.items() if name != "pool"})
        if trial.factors["db"] == "sqlite"
        else trial
        for trial in varied_run(levels, targets=("a",), blocks=1)
    ]
    some = found(trials, {"db": ("sqlite", "mysql"), "pool": (10, 50)})

    assert [pair.cell.variant for pair in some["db", "mysql"].pairs] == ["db=mysql"]
    assert [pair.base.variant for pair in some["pool", 50].pairs] == ["db=mysql"]


def test_levels_are_read_from_trials_where_nobody_says_them() -> None:
    """Factors in the order of the tables, the default first, and only what varies."""
    varied = {"pool": (50, 10), "gzip": ("on", "off"), "db": ("mysql",)}
    seen = levels_seen(varied_run(all_combinations(varied), blocks=1))

    assert {name: list(levels) for name, levels in seen.items()} == {"gzip": ["off", "on"], "pool": [10, 50]}
    assert list(seen) == ["gzip", "pool"]


def test_the_plans_first_level_is_what_others_stand_against() -> None:
    """Whatever the default is."""
    trials = varied_run(all_combinations({"pool": (50, 10)}), targets=("a",), blocks=1)

    assert [(one.level, one.against) for one in contrasts(cells(trials), {"pool": (50, 10)})] == [(10, 50)]


def test_what_was_not_tried_is_no_contrast() -> None:
    """A level that no trial has, such as one that cannot be, is no row; one beside nothing has no pair."""
    trials = varied_run([{"proxy": "nginx", "gzip": "on"}], targets=("a",), blocks=1)
    some = found(trials, {"gzip": ("off", "on"), "tls": ("off", "on")})

    assert {name: one.pairs for name, one in some.items()} == {("gzip", "on"): ()}
