"""Plans as text read back as the plans they were."""

from pathlib import Path

import pytest

from controller.plan.text import plan_template, plan_toml
from tests.plan.given import SMALLEST, plan_from, refusal_of
from tests.sources import ROOT

MIXED = (
    SMALLEST
    + """\
headers = { Accept = "text/plain", X-Quote = 'say "x" \\' }
preload = true
load = { in_flight = 128, warmup_s = 0.1, keepalive = false }
[scenarios."a.b"]
requests = [{ get = "/a?b=c", weight = 0.1 }, { get = "/x", weight = 3 }, { get = "/x" }]
locustfile = "locustfiles/login.py"
load = { warmup_s = "auto" }
[scenarios.script]
locustfile = "mine.py"
[load]
warmup_s = 1e-7
duration_s = 1.5
"""
)

OPEN = (
    SMALLEST
    + """\
load = { model = "closed" }
[scenarios.staged]
requests = [{ get = "/" }]
load = { stages = [{ rate_per_s = 5, duration_s = 2 }, { rate_per_s = 7.5, duration_s = 1, ramp = true }] }
[scenarios.even]
requests = [{ get = "/" }]
load = { arrivals = "constant", duration_s = 7 }
[load]
model = "open"
rate_per_s = 1000
duration_s = 5
"""
)

REQUESTS = (
    SMALLEST.partition("requests")[0]
    + """\
requests = [
  { head = "/a", weight = 1.0 },
  { delete = "/a/{id}", draw = { id = "choice(a b, c%)" }, expect = { status = 204 } },
  { post = "/a", json = { "a.b" = [1, 1.0, -0.5, true, "x {n} \\" \\\\ \\u007f ü"], c = {} }, draw = { n = "uuid" } },
  { put = "/%{k}", json = "{k}", draw = { k = "zipf(3, 0.5)" }, expect = { json = { a.b = 1.0, "c.d" = "e" } } },
  { patch = "/", json = 1e300, expect = { status = 200, contains = "a\\nb" } },
]
"""
)


@pytest.mark.parametrize(
    "text",
    [
        SMALLEST,
        MIXED,
        REQUESTS,
        plan_template(),
        (ROOT / "plans" / "quick.toml").read_text(encoding="utf-8"),
        SMALLEST.replace('name = "a"', 'name = "a"\nquestion = "\\"ä\\" or \\\\?"'),
        SMALLEST + 'slo = { p99_ms = 20, p50_ms = 1.5, failures = 0 }\n[load]\nmodel = "capacity"\n',
        SMALLEST + 'slo = { p95_ms = 9 }\nload = { model = "capacity", capacity = { to_per_s = 9e3, step_s = 0.5 } }\n',
        SMALLEST + "[cpus]\ntarget = 3\n",
        SMALLEST + '[factors]\ncpus = [3]\nin_flight = [5]\nclient_keepalive = ["off"]\ncache = ["none"]\n',
        OPEN,
        SMALLEST + '[factors]\ncpus = [1]\nin_flight = [64]\nclient_keepalive = ["on"]\n[load]\nin_flight = 7\n',
    ],
)
def test_a_resolved_plan_reads_back_as_itself(tmp_path: Path, text: str) -> None:
    """What is written into a run folder is the plan, all of it, and writing it again changes nothing but sources."""
    plan = plan_from(tmp_path, text)
    again = plan_from(tmp_path, plan_toml(plan))

    assert again == plan
    assert plan_from(tmp_path, plan_toml(again)) == plan


def test_every_setting_says_where_it_came_from(tmp_path: Path) -> None:
    """Each line of a setting ends with default, plan or --set."""
    lines = plan_toml(plan_from(tmp_path, SMALLEST, "load.workers=2", "seed=7")).splitlines()

    assert "workers = 2        # --set" in lines
    assert "in_flight = 64     # default" in lines
    assert [line.split("#")[1] for line in lines if line.startswith(("name", "seed"))] == [" plan", " --set"]
    assert all(
        " = " not in line or line.split("  # ")[-1] in ("default", "plan", "--set")
        for line in lines
        if line[:1] not in " #"
    )


def test_skipped_targets_are_written_beside_the_plan(tmp_path: Path) -> None:
    """A plan that lost targets says which."""
    plan = plan_from(tmp_path, SMALLEST, 'on_missing_tool="skip"', available={"python-flask"})

    assert "# left out for a missing tool: python-fastapi" in plan_toml(plan).splitlines()


def test_the_template_names_what_can_be_set(tmp_path: Path) -> None:
    """The plan to start from is right as it is, and still right with all that is commented out."""
    text = plan_template()
    settings = [line for line in text.splitlines() if line.startswith("# ") and (" = " in line or line[2] == "[")]
    everything = text
    for line in settings:
        everything = everything.replace(line, line.removeprefix("# "))

    assert len(settings) > 15
    assert plan_from(tmp_path, text).targets == ("python-flask", "python-fastapi")
    assert plan_from(tmp_path, everything).scenario("mixed").load.in_flight == 128
    assert "unknown" in refusal_of(tmp_path, everything.replace("workers", "worker"))


def test_a_resolved_open_plan_says_only_what_counts(tmp_path: Path) -> None:
    """Stages take the place of a rate and decide on the length; a closed load has no arrivals."""
    plan = plan_from(tmp_path, OPEN)
    staged, even, health = (plan.scenario(name).load for name in ("staged", "even", "health"))

    assert (staged.rate_per_s, staged.duration_s, len(staged.stages)) == (None, 3.0, 2)
    assert (even.rate_per_s, even.duration_s, even.stages, even.arrivals) == (1000.0, 7.0, (), "constant")
    assert (health.model, health.rate_per_s, health.arrivals, health.duration_s) == ("closed", None, "poisson", 5.0)
    text = plan_toml(plan)
    assert (
        "stages = [{ rate_per_s = 5, duration_s = 2 }, { rate_per_s = 7.5, duration_s = 1, ramp = true }]  # plan"
        in text
    )
    assert text.count("rate_per_s = 1000 ") == 1
    assert plan.sources["scenarios.staged.load.duration_s"] == "plan"


def test_stages_of_the_plan_give_way_to_a_rate_of_a_scenario(tmp_path: Path) -> None:
    """The more particular setting counts: with a rate of its own a scenario has no stages, and its own duration."""
    stages = 'model = "open"\nstages = [{ rate_per_s = 5, duration_s = 2 }]\n'
    text = SMALLEST + "load = { rate_per_s = 3, duration_s = 4 }\n[load]\n" + stages

    plan = plan_from(tmp_path, text)

    assert (plan.load.duration_s, plan.load.rate_per_s) == (2.0, None)
    own = plan.scenario("health").load
    assert (own.duration_s, own.rate_per_s, own.stages) == (4.0, 3.0, ())
    assert plan_from(tmp_path, plan_toml(plan)) == plan
