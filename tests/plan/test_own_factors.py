"""Scenarios with targets and levels of their own, in place of those of the plan."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from controller.errors import PlanError
from controller.plan.cases import Case, cases_of
from controller.plan.factors import Level
from controller.plan.plan import Plan
from controller.plan.schedule import count_trials, expected_seconds, trials_of
from controller.plan.text import plan_toml
from tests.plan.given import SMALLEST, TARGETS, plan_from, refusal_of
from tests.plan.test_variants import LEVELS, SCENARIOS, VARY, orders_of_some, plan_with

TWO = """\
name = "a"
targets = ["python-flask", "python-fastapi"]
baseline = "python-fastapi"
repeats = 2
[load]
in_flight = 48
[factors]
metrics = ["none", "full"]
[scenarios.health]
requests = [{ get = "/api/health" }]
[scenarios.quote]
requests = [{ get = "/api/db" }]
targets = ["node-fastify", "python-flask"]
factors = { metrics = ["none"], db = ["mysql"], pool = [50, 10], in_flight = [16] }
"""


def measured(plan: Plan, scenario: str) -> list[tuple[Mapping[str, Level], int, int]]:
    """Return what is in force in the cases of a scenario: levels, connections and cores."""
    mine = [case for case in cases_of(plan) if case.scenario.name == scenario]
    return [(case.levels, case.scenario.load.connections, plan.at(case.variant).cpus.target) for case in mine]


# Factors whose levels can be together in most cases: what cannot be is refused, and shows nothing here.
FREE = ("proxy", "http", "cache", "db", "pool", "cpus", "in_flight", "metrics")
LEVELS_OF_SOME = st.dictionaries(st.sampled_from(FREE), st.none(), min_size=1, max_size=4).flatmap(
    lambda names: st.fixed_dictionaries({name: orders_of_some(LEVELS[name]) for name in names})
)


@settings(max_examples=80, deadline=None)
@given(LEVELS_OF_SOME, LEVELS_OF_SOME, VARY)
def test_own_levels_are_as_if_the_plan_had_named_them_for_that_scenario_alone(
    general: dict[str, list[Level]], own: dict[str, list[Level]], vary: str
) -> None:
    """Beside other scenarios the cases of one are those of a plan that has nothing else."""
    scenarios = {"mixed": {**SCENARIOS["mixed"], "factors": own}, "health": SCENARIOS["health"]}
    try:
        both = plan_with({**general, "vary": vary}, scenarios)
        alone = plan_with({**general, **own, "vary": vary}, {"mixed": SCENARIOS["mixed"]})
        other = plan_with({**general, "vary": vary}, {"health": SCENARIOS["health"]})
    except PlanError:
        assume(False)

    assert measured(both, "mixed") == measured(alone, "mixed")
    assert measured(both, "health") == measured(other, "health")


def test_a_scenario_is_measured_at_its_own_levels(tmp_path: Path) -> None:
    """What it does not name is as the plan says; what it names is so here only."""
    plan = plan_from(tmp_path, TWO)

    assert [case.variant.label for case in cases_of(plan) if case.scenario.name == "health"] == [
        "default",
        "metrics=full",
    ]
    quotes = [case for case in cases_of(plan) if case.scenario.name == "quote"]
    assert [case.variant.label for case in quotes] == ["db=mysql,pool=50,in_flight=16", "db=mysql,in_flight=16"]
    assert {case.scenario.load.in_flight for case in quotes} == {16}
    assert plan.scenario("health").load.in_flight == 48
    assert plan.varied == {"pool": (50, 10), "metrics": ("none", "full")}


def test_a_scenario_is_for_its_own_targets(tmp_path: Path) -> None:
    """They come after those of the plan, are asked nothing else, and the first of them is compared with."""
    plan = plan_from(tmp_path, TWO)
    asked = {(trial.target, trial.scenario) for trial in trials_of(plan)}

    assert plan.targets == ("python-flask", "python-fastapi", "node-fastify")
    assert asked == {
        ("python-flask", "health"),
        ("python-fastapi", "health"),
        ("python-flask", "quote"),
        ("node-fastify", "quote"),
    }
    assert plan.baselines == {"health": "python-fastapi", "quote": "node-fastify"}
    assert count_trials(plan) == len(trials_of(plan)) == 2 * (2 * 2 + 2 * 2)
    one = expected_seconds(plan_from(tmp_path, TWO, "repeats=1"), TARGETS)
    assert expected_seconds(plan, TARGETS) == pytest.approx(2 * one)


def test_the_plan_as_resolved_is_the_same_plan(tmp_path: Path) -> None:
    """Written down and read again it has the same targets and levels everywhere."""
    plan = plan_from(tmp_path, TWO)
    text = plan_toml(plan)

    assert plan_from(tmp_path, text) == plan
    assert 'targets = ["node-fastify", "python-flask"]' in text
    assert "in_flight = 16 # plan" in " ".join(text.split("[scenarios.quote.load]")[1].split())


def test_targets_of_a_scenario_that_lack_a_tool_are_skipped(tmp_path: Path) -> None:
    """As those of the plan; a scenario with none left is refused."""
    skip = TWO.replace("repeats = 2", 'repeats = 2\non_missing_tool = "skip"')
    some = plan_from(tmp_path, skip, available=["python-flask", "python-fastapi"])
    line = "scenarios.quote.targets: expected a target whose tools are here, found none of node-fastify"

    assert some.skipped == ("node-fastify",)
    assert some.scenario("quote").targets == ("python-flask",)
    assert refusal_of(
        tmp_path,
        skip.replace('["node-fastify", "python-flask"]', '["node-fastify"]'),
        available=["python-flask", "python-fastapi"],
    ) == (f"mine.toml: {line}")


REFUSED = {
    'targets = ["flask"]': 'scenarios.health.targets[0]: unknown target "flask"; known are go-fiber, node-fastify, '
    "python-fastapi, python-flask",
    "targets = []": "scenarios.health.targets: expected at least one target, found none",
    "factors = { gzip = ['on'] }": 'scenarios.health.factors.gzip[0]: "on" needs the factor proxy at "nginx", '
    'found ["none"]',
    "factors = { vary = 'all' }": "scenarios.health.factors.vary: unknown factor",
    "factors = { streams = [2] }": 'scenarios.health.factors.streams: expected 1 with http = "1.1", found 2',
    "factors = { cpus = [2] }\n[cpus]\ntarget = 2": "scenarios.health.factors.cpus: expected this factor or "
    "cpus.target, found both",
}


@pytest.mark.parametrize(("said", "line"), REFUSED.items(), ids=lambda text: text[:30])
def test_what_cannot_be_is_refused_where_it_stands(tmp_path: Path, said: str, line: str) -> None:
    """A scenario's own table has the same lines as the plan's, with its own path."""
    assert f"mine.toml: {line}" in refusal_of(tmp_path, f"{SMALLEST}{said}\n")


def test_levels_that_make_nothing_in_their_scenario_are_refused(tmp_path: Path) -> None:
    """Beside the plan's other levels; where some combination can be, the others are left out with a line."""
    nothing = SMALLEST + "factors = { proxy = ['none'] }\n[factors]\nproxy = ['nginx']\ntls = ['on']\n"
    some = SMALLEST + "factors = { proxy = ['none', 'nginx'] }\n[factors]\nproxy = ['nginx']\ntls = ['off', 'on']\n"

    assert refusal_of(tmp_path, nothing) == (
        'mine.toml: scenarios.health.factors.proxy[0]: expected levels of other factors with which "none" can be, '
        'found none: tls = "on" needs proxy at "nginx", found "none"'
    )
    assert plan_from(tmp_path, some).left_out == ('1 combination: tls = "on" needs proxy at "nginx", found "none"',)


def test_one_factor_at_a_time_holds_in_each_scenario(tmp_path: Path) -> None:
    """The first levels of the scenario's own are where it starts."""
    plan = plan_from(tmp_path, TWO.replace("[factors]", '[factors]\nvary = "one-at-a-time"\ngzip = ["off"]'))
    cases: list[Case] = [case for case in cases_of(plan) if case.scenario.name == "quote"]

    assert [case.levels["pool"] for case in cases] == [50, 10]
