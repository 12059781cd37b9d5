"""Plans are read whole or refused with every problem in one text."""

from pathlib import Path

import pytest

from controller.plan.plan import Cpus, Environment
from controller.plan.reader import read_plan
from controller.plan.scenario import Load, Request
from controller.plan.text import plan_toml
from controller.plan.trust import Trust
from tests.load.certificates import AUTHORITY_PEM
from tests.plan.given import SMALLEST, TARGETS, plan_from, refusal_of
from tests.sources import ROOT


def test_the_smallest_plan_gets_every_default(tmp_path: Path) -> None:
    """A name, targets and a scenario are enough."""
    plan = plan_from(tmp_path, SMALLEST)

    assert (plan.name, plan.question, plan.seed, plan.repeats) == ("a", "", 0, 5)
    assert (plan.baseline, plan.on_missing_tool, plan.skipped) == ("python-flask", "fail", ())
    assert (plan.load, plan.cpus, plan.environment) == (Load(), Cpus(), Environment())
    assert [variant.label for variant in plan.variants] == ["default"]
    assert plan.scenario("health").requests == (Request(path="/api/health"),)
    assert plan.load.warmup_s is None


def test_the_quick_plan_is_what_its_name_says() -> None:
    """plans/quick.toml compares the two Python servers in three short blocks."""
    plan = read_plan(ROOT / "plans" / "quick.toml", targets=TARGETS, available=TARGETS)

    assert (plan.targets, plan.baseline) == (("python-flask", "python-fastapi"), "python-flask")
    assert (plan.repeats, plan.load.warmup_s, plan.load.duration_s) == (3, 3.0, 4.0)
    assert [(scenario.name, scenario.endpoints) for scenario in plan.scenarios] == [
        ("health", ("/api/health",)),
        ("quote", ("/api/db",)),
    ]


def test_a_scenario_overrides_the_load(tmp_path: Path) -> None:
    """What a scenario says of its load counts there and nowhere else."""
    text = SMALLEST + 'load = { in_flight = 128 }\n[scenarios.b]\nrequests = [{ get = "/" }]\n[load]\nworkers = 2\n'
    plan = plan_from(tmp_path, text)

    assert plan.scenario("health").load == Load(in_flight=128, workers=2)
    assert plan.scenario("b").load == plan.load == Load(workers=2)


def test_a_locust_file_may_be_all_of_a_scenario(tmp_path: Path) -> None:
    """Its users come beside requests or instead of them, and every factor may reach what they ask for."""
    text = SMALLEST + "locustfile = 'a/b.py'\n[scenarios.alone]\nlocustfile = 'c.py'\n"
    plan = plan_from(tmp_path, text)

    assert [(scenario.locustfile, len(scenario.requests)) for scenario in plan.scenarios] == [
        ("a/b.py", 1),
        ("c.py", 0),
    ]
    assert "cache" in plan.levels(plan.scenario("alone"), plan.variants[0])


def test_a_factor_overrides_load_and_scenario(tmp_path: Path) -> None:
    """A factor that is a setting of the load decides on it everywhere, and is part of the variant's label."""
    factors = '[factors]\nin_flight = [16]\nclient_keepalive = ["off"]\ncpus = [2]\ncache = ["none"]\n'
    plan = plan_from(tmp_path, SMALLEST + "load = { in_flight = 128 }\n" + factors)

    assert plan.load == plan.scenario("health").load == Load(in_flight=16, keepalive=False)
    assert plan.cpus.target == 2
    assert [variant.label for variant in plan.variants] == ["client_keepalive=off,cache=none,cpus=2,in_flight=16"]


def test_levels_in_force_follow_the_load_and_leave_out_what_cannot_act(tmp_path: Path) -> None:
    """The columns of a scenario say what was in force there, and are empty where a factor cannot act."""
    plan = plan_from(tmp_path, SMALLEST + "load = { in_flight = 128, keepalive = false }\n[cpus]\ntarget = 2\n")
    levels = plan.levels(plan.scenario("health"), plan.variants[0])

    assert (levels["in_flight"], levels["client_keepalive"], levels["cpus"]) == (128, "off", 2)
    assert not levels.keys() & {"cache", "db", "pool", "db_delay_ms", "proxy_cache", "upstream_keepalive"}


def test_all_and_available_stand_for_folders(tmp_path: Path) -> None:
    """The word all is every target there is, available those that can run here."""
    everywhere = SMALLEST.replace('["python-flask", "python-fastapi"]', '"all"')
    here = everywhere.replace('"all"', '"available"')

    assert plan_from(tmp_path, everywhere, available=()).targets == tuple(TARGETS)
    assert plan_from(tmp_path, here, available={"python-flask", "go-fiber"}).targets == ("go-fiber", "python-flask")
    assert plan_from(tmp_path, here, available={"go-fiber"}).skipped == ()


def test_skipping_leaves_out_what_lacks_a_tool(tmp_path: Path) -> None:
    """Left-out targets are named, and the first that is left is the baseline."""
    plan = plan_from(tmp_path, SMALLEST, 'on_missing_tool="skip"', available={"python-fastapi"})

    assert (plan.targets, plan.baseline, plan.skipped) == (("python-fastapi",), "python-fastapi", ("python-flask",))
    assert plan_from(tmp_path, SMALLEST, available=()).targets == ("python-flask", "python-fastapi")


def test_a_run_with_nothing_left_is_refused(tmp_path: Path) -> None:
    """Neither no target at all nor a named baseline that cannot run is silently replaced."""
    skip = 'on_missing_tool="skip"'
    baseline = 'baseline="python-flask"'

    assert refusal_of(tmp_path, SMALLEST, skip, available=()) == (
        "mine.toml: targets: expected a target whose tools are here, found none of python-flask, python-fastapi"
    )
    assert refusal_of(tmp_path, SMALLEST, skip, baseline, available={"python-fastapi"}) == (
        "mine.toml: --set baseline: expected a target that can run here, found python-flask, which lacks a tool"
    )


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    """The text has one aligned line for each problem, as the reader of a terminal needs it."""
    text = SMALLEST + 'slo = { p9 = 1 }\n[load]\nin_flight = "many"\n'

    assert refusal_of(tmp_path, text).splitlines() == [
        "mine.toml: 2 problems",
        '  load.in_flight           expected a whole number from 1 to 100,000, found "many"',
        "  scenarios.health.slo.p9  unknown key; known are p50_ms, p90_ms, p95_ms, p99_ms, p999_ms, failures",
    ]


def test_what_comes_from_the_command_line_is_named_so(tmp_path: Path) -> None:
    """A problem in an override points at --set, one in the file does not."""
    lines = refusal_of(tmp_path, SMALLEST + "[load]\nworkers = -1\n", "load.in_flight=0").splitlines()

    assert lines == [
        "mine.toml: 2 problems",
        "  --set load.in_flight  expected a whole number from 1 to 100,000, found 0",
        "  load.workers          expected a whole number from 0 to 1,000, found -1",
    ]


def test_sources_say_where_a_setting_came_from(tmp_path: Path) -> None:
    """Default, plan and command line are told apart, also through a factor."""
    sources = plan_from(
        tmp_path, SMALLEST + "[factors]\nin_flight = [8]\n", "load.workers=2", "scenarios.health.load.timeout_s=3"
    ).sources

    assert [sources[key] for key in ("name", "seed", "load.workers", "load.in_flight", "factors.in_flight")] == [
        "plan",
        "default",
        "--set",
        "plan",
        "plan",
    ]
    assert sources["scenarios.health.load.timeout_s"] == "--set"


def test_authorities_are_looked_for_beside_the_plan(tmp_path: Path) -> None:
    """A ca_file is named as seen from the plan's folder, for all scenarios or one, and read where it is used."""
    (tmp_path / "ca.pem").write_text(AUTHORITY_PEM, encoding="ascii")
    text = (
        SMALLEST
        + 'load = { ca_file = "ca.pem" }\n[scenarios.b]\nrequests = [{ get = "/" }]\n[load]\ntls_verify = false\n'
    )
    plan = plan_from(tmp_path, text)

    assert plan.load.trust() == Trust(verify=False)
    assert plan.scenario("health").load.trust() == Trust(verify=False, authorities=AUTHORITY_PEM)
    # As text, it is read again from another folder.
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert plan_from(elsewhere, plan_toml(plan)).scenarios == plan.scenarios


@pytest.mark.parametrize(
    ("content", "found"),
    [
        (None, "expected a file of certificates, found: No such file or directory"),
        ("", "expected certificates in PEM, found: "),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "expected certificates in PEM, found: "),
    ],
)
def test_authorities_that_are_none_are_refused(tmp_path: Path, content: str | None, found: str) -> None:
    """Before anything runs: the setting and the file are named."""
    if content is not None:
        (tmp_path / "ca.pem").write_text(content, encoding="ascii")
    refusal = refusal_of(tmp_path, SMALLEST + '[load]\nca_file = "ca.pem"\n')

    assert refusal.startswith(f"mine.toml: load.ca_file: {tmp_path}/ca.pem: {found}")
