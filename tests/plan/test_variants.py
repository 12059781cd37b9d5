"""Variants: what comes of the levels that a plan names, and in which scenarios each of them is measured."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from controller.errors import PlanError
from controller.plan.cases import cases_of, idle_factors
from controller.plan.check_plan import check_plan
from controller.plan.check_variants import check_variants
from controller.plan.factors import FACTORS, Level, Variant, levels_said_by, variant_of
from controller.plan.plan import Plan
from controller.plan.problems import Problems
from controller.plan.resolve import Chosen, plan_of
from controller.plan.target import Target
from controller.plan.text import plan_toml
from controller.plan.variants import refuse_untold
from tests.plan.given import SMALLEST, TARGETS, plan_from, refusal_of, target_named

SCENARIOS = {
    "health": {"requests": [{"get": "/api/health"}]},
    "cached": {"requests": [{"get": "/api/cache?key=a"}]},
    "mixed": {"requests": [{"get": "/api/db"}, {"get": "/"}], "load": {"in_flight": 48}},
    "script": {"locustfile": "a.py"},
}
LEVELS: Mapping[str, Sequence[Level]] = {
    "proxy": ("nginx", "none"),
    "tls": ("off", "on"),
    "http": ("2", "1.1"),
    "client_keepalive": ("on", "off"),
    "upstream_keepalive": ("on", "off"),
    "proxy_cache": ("off", "on"),
    "cache": ("memory", "none", "redis"),
    "db": ("sqlite", "mysql"),
    "pool": (10, 1, 50),
    "cpus": (1, 2),
    "in_flight": (16, 64, 24),
    "streams": (1, 16),
    "metrics": ("none", "full"),
}


def orders_of_some(levels: Sequence[Level]) -> st.SearchStrategy[list[Level]]:
    """Draw some of a factor's levels, in any order."""
    return st.lists(st.sampled_from(levels), min_size=1, max_size=3, unique=True)


FACTOR_TABLES = st.tuples(
    st.lists(st.sampled_from(list(LEVELS)), max_size=5, unique=True),
    st.fixed_dictionaries({name: orders_of_some(levels) for name, levels in LEVELS.items()}),
).map(lambda drawn: {name: levels for name, levels in drawn[1].items() if name in drawn[0]})
VARY = st.sampled_from(("all", "one-at-a-time"))


def plan_with(factors: Mapping[str, Any], scenarios: Mapping[str, Any] = SCENARIOS) -> Plan:
    """Return the plan with these factors, whether or not they are built. Raises PlanError where they are refused."""
    table = {"name": "p", "targets": ["go-fiber"], "factors": factors, "scenarios": dict(scenarios)}
    return plan_of_table(table)


def plan_of_table(table: dict[str, Any]) -> Plan:
    """Return the plan of a table as a file would have it."""
    problems = Problems("p.toml")
    check_plan(table, known=TARGETS, problems=problems)
    problems.raise_any()
    check_variants(table, problems)
    problems.raise_any()
    return plan_of(table, chosen=Chosen(targets=("go-fiber",), baseline="go-fiber", skipped=()), sources={})


def accepted(factors: Mapping[str, Any]) -> Plan:
    """Return the plan with these factors; a drawing that is refused counts for nothing."""
    try:
        return plan_with(factors)
    except PlanError:
        assume(False)
        raise


def can_be(levels: Mapping[str, Level]) -> bool:
    """Say from the table of factors alone whether levels can be together."""
    behind_nginx = levels["proxy"] == "nginx" or (
        (levels["tls"], levels["gzip"], levels["upstream_keepalive"], levels["proxy_cache"])
        == ("off", "off", "on", "off")
    )
    cached = levels["proxy_cache"] == "off" or levels["cache"] != "none"
    http2 = levels["http"] == "2" and levels["client_keepalive"] == "on"
    protocol = http2 or (levels["http"] == "1.1" and levels["streams"] == 1)
    return behind_nginx and cached and protocol and int(levels["in_flight"]) % int(levels["streams"]) == 0


def labels_of(plan: Plan, scenario: str) -> list[str]:
    """Return the variants that are measured in a scenario."""
    return [case.variant.label for case in cases_of(plan) if case.scenario.name == scenario]


@settings(max_examples=60, deadline=None)
@given(FACTOR_TABLES, VARY)
def test_every_named_level_is_measured_or_said_to_change_nothing(factors: dict[str, list[Level]], vary: str) -> None:
    """No level that somebody wrote down is lost without a word."""
    plan = accepted({**factors, "vary": vary})

    for name, levels in factors.items():
        there = {variant.levels[name] for variant in plan.variants}
        said = [text for text in plan.left_out if text.startswith(f"{name} = ")]
        assert there <= set(levels)
        assert len(set(levels) - there) == len(said)


@settings(max_examples=60, deadline=None)
@given(FACTOR_TABLES)
def test_one_at_a_time_differs_from_the_first_levels_in_one_factor(factors: dict[str, list[Level]]) -> None:
    """The first variant has the first level of every factor, each other one a single other level."""
    plan = accepted({**factors, "vary": "one-at-a-time"})
    base, *others = plan.variants

    assert base == variant_of({name: levels[0] for name, levels in factors.items()})
    for variant in others:
        assert sum(level != base.levels[name] for name, level in variant.levels.items()) == 1


@settings(max_examples=60, deadline=None)
@given(FACTOR_TABLES, VARY)
def test_nothing_impossible_is_measured_and_nothing_twice(factors: dict[str, list[Level]], vary: str) -> None:
    """Each case can be, is loaded as its levels say, and differs in what is in force from others of its scenario."""
    plan = accepted({**factors, "vary": vary})
    cases = cases_of(plan)

    for case in cases:
        there = plan.at(case.variant)
        load = case.scenario.load
        said = {"http": load.http, "streams": load.streams, "in_flight": load.in_flight}
        said["client_keepalive"] = "on" if load.keepalive else "off"
        assert can_be({**case.variant.levels, **said})
        assert case.levels == {**case.levels, **said, "cpus": there.cpus.target}
        assert all(said.get(name, case.variant.levels[name]) == case.variant.levels[name] for name in factors)
    assert len({(case.scenario.name, tuple(case.levels.items())) for case in cases}) == len(cases)
    assert {case.variant for case in cases} == set(plan.variants)


@settings(max_examples=60, deadline=None)
@given(FACTOR_TABLES)
def test_every_combination_is_measured_by_one_case_of_each_scenario(factors: dict[str, list[Level]]) -> None:
    """With "all", whatever can be together is in force in exactly one case, its idle factors aside."""
    plan = accepted({**factors, "vary": "all"})
    found = [(case.scenario.name, case.levels) for case in cases_of(plan)]

    for combined in product(*factors.values()):
        variant = variant_of(dict(zip(factors, combined, strict=True)))
        there = plan.at(variant)
        for scenario in there.scenarios:
            if can_be(there.asked_levels(scenario, variant)):
                assert found.count((scenario.name, there.levels(scenario, variant))) == 1


@settings(max_examples=60, deadline=None)
@given(FACTOR_TABLES, VARY)
def test_a_plan_of_several_levels_reads_back_as_itself(factors: dict[str, list[Level]], vary: str) -> None:
    """The text of a plan names all levels in their order, and gives the same variants, loads and cores."""
    plan = accepted({**factors, "vary": vary})

    assert plan_of_table(tomllib.loads(plan_toml(plan))) == plan


def test_all_is_every_combination_in_the_order_of_the_tables(tmp_path: Path) -> None:
    """The first level listed is first, the last factor changes soonest; without a word about vary it is all."""
    plan = plan_from(tmp_path, SMALLEST + '[factors]\nmetrics = ["full", "none"]\nin_flight = [16, 64]\n')

    assert (plan.vary, plan.varied) == ("all", {"in_flight": (16, 64), "metrics": ("full", "none")})
    assert labels_of(plan, "health") == ["in_flight=16,metrics=full", "in_flight=16", "metrics=full", "default"]
    assert plan.load.in_flight == plan.scenario("health").load.in_flight == 16
    assert [plan.at(variant).scenario("health").load.in_flight for variant in plan.variants] == [16, 16, 64, 64]


def test_a_factor_varies_where_it_acts(tmp_path: Path) -> None:
    """Where it does not, the variant with its first level stands for all."""
    factors = '[factors]\ncache = ["none", "memory"]\ndb = ["sqlite", "mysql"]\npool = [10, 1]\n'
    more = (
        '[scenarios.cached]\nrequests = [{ get = "/api/cache" }]\n[scenarios.quote]\nrequests = [{ get = "/api/db" }]\n'
    )
    plan = plan_from(tmp_path, SMALLEST + more + factors)

    assert labels_of(plan, "health") == ["cache=none"]
    assert labels_of(plan, "cached") == ["cache=none", "default"]
    # The pool is one of connections to MySQL.
    assert labels_of(plan, "quote") == ["cache=none", "cache=none,db=mysql", "cache=none,db=mysql,pool=1"]
    assert idle_factors(plan) == {"health": ("cache", "db", "pool"), "cached": ("db", "pool"), "quote": ("cache",)}
    assert plan.left_out == ()


def test_what_cannot_be_together_is_left_out_with_a_line() -> None:
    """It says how many combinations, and why; and which levels would have changed nothing."""
    plan = plan_with({"http": ["1.1", "2"], "client_keepalive": ["on", "off"], "pool": [10, 1]}, {
        "health": SCENARIOS["health"],
    })  # fmt: skip

    assert labels_of(plan, "health") == ["default", "client_keepalive=off", "http=2"]
    assert plan.left_out == (
        '2 combinations: http = "2" needs client_keepalive at "on", found "off"',
        "pool = 1: it changes nothing in any scenario",
    )
    assert "# left out: pool = 1: it changes nothing in any scenario" in plan_toml(plan).splitlines()


def test_a_scenario_of_its_own_load_leaves_out_what_cannot_be_there() -> None:
    """What is impossible with the settings of one scenario is measured in the others."""
    alone = {"a": SCENARIOS["health"], "b": {**SCENARIOS["health"], "load": {"streams": 8}}}
    plan = plan_with({"http": ["1.1", "2"]}, alone)

    assert (labels_of(plan, "a"), labels_of(plan, "b")) == (["default", "http=2"], ["http=2"])
    assert plan.left_out == ('1 combination in b: streams = 8 needs http at "2", found "1.1"',)


BESIDE_FIRST = 'expected a level that can be beside the first ones of all others, or vary = "all": '
FIRST = "expected first levels of all factors that can be together: "
REFUSED = {
    'proxy = ["none", "nginx"]\ngzip = ["on"]': 'factors.proxy[0]: expected levels of other factors with which "none" '
    'can be, found none: gzip = "on" needs proxy at "nginx", found "none"',
    'proxy = ["none", "nginx"]\ngzip = ["off", "on"]\nvary = "one-at-a-time"': f"factors.gzip[1]: {BESIDE_FIRST}"
    'gzip = "on" needs proxy at "nginx", found "none"',
    'http = ["2", "1.1"]\nclient_keepalive = ["off", "on"]\nvary = "one-at-a-time"': f"factors.vary: {FIRST}"
    'http = "2" needs client_keepalive at "on", found "off"',
    'http = ["2"]\nstreams = [16, 1]\nin_flight = [24, 64]\nvary = "one-at-a-time"': f"factors.vary: {FIRST}"
    "streams = 16 does not divide in_flight = 24",
    f"pool = {list(range(1, 201))}\nin_flight = {list(range(1, 201))}": "factors: expected at most 20,000 "
    "combinations of levels and scenarios, found 40,000",
}


@pytest.mark.parametrize(("factors", "line"), REFUSED.items(), ids=lambda text: text[:30])
def test_levels_that_make_no_variant_are_refused(tmp_path: Path, factors: str, line: str) -> None:
    """What somebody named and nothing would measure has its line."""
    assert refusal_of(tmp_path, f"{SMALLEST}[factors]\n{factors}\n") == f"mine.toml: {line}"


def test_trials_are_counted_as_they_are_measured(tmp_path: Path) -> None:
    """Idle levels make no trials: what would be too many with them is not refused."""
    pools = f"[factors]\npool = {list(range(1, 1001))}\n"

    assert len(cases_of(plan_from(tmp_path, SMALLEST + pools, "repeats=1000"))) == 1
    assert "found 2,000,000" in refusal_of(tmp_path, SMALLEST + pools.replace("pool", "in_flight"), "repeats=1000")


def test_variants_differ_in_what_varies_and_nowhere_else(tmp_path: Path) -> None:
    """A plan cannot be made whose variants have loads that `at` does not know of."""
    plan = plan_from(tmp_path, SMALLEST)
    two: tuple[Variant, ...] = (*plan.variants, variant_of({"in_flight": 8}))

    with pytest.raises(PlanError, match="expected variants that differ in nothing"):
        replace(plan, variants=two)
    assert replace(plan, variants=two, factors={"in_flight": (64, 8)}).at(two[1]).load.in_flight == 8


def test_what_a_load_says_is_said_back() -> None:
    """The levels of factors and the settings of a load stand for each other."""
    levels: dict[str, Level] = {"in_flight": 5, "streams": 1, "http": "2", "client_keepalive": "off"}
    plan = plan_with({"in_flight": [5], "client_keepalive": ["off"]}, {"health": SCENARIOS["health"]})
    load = plan.load

    assert levels_said_by({"in_flight": 5, "streams": 1, "http": "2", "keepalive": False}) == levels
    assert (load.in_flight, load.keepalive) == (5, False)
    assert list(plan.asked_levels(plan.scenarios[0], plan.variants[0])) == list(FACTORS)


def test_what_runs_already_is_told_no_levels(tmp_path: Path) -> None:
    """Settings of servers cannot vary where a target is not started; those of the load can."""
    running = target_named("python-flask")
    targets: dict[str, Target] = {**TARGETS, "python-flask": replace(running, run=(), url="http://127.0.0.1:1")}
    load, cache = (plan_from(tmp_path, SMALLEST + f"[factors]\n{text}\n") for text in ("in_flight = [1, 2]", CACHES))

    refuse_untold(load, targets)
    refuse_untold(cache, TARGETS)
    with pytest.raises(PlanError, match=r"factors\.cache: expected one level, since python-flask runs already"):
        refuse_untold(cache, targets)


CACHES = 'cache = ["memory", "none"]'
