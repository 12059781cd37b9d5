"""Findings: everything a report needs, from trials alone if need be."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from controller.compare.findings import findings, scenario_text, settings_of
from controller.compare.words import scene
from controller.plan.scenario import Load, Request, Scenario
from tests.factories.trials import run_of, windows_of
from tests.plan.given import SMALLEST, plan_from


def test_scenarios_stand_in_the_plans_order() -> None:
    """The plan's order, not the alphabet's nor that of shuffled blocks."""
    trials = run_of({"a": 1000, "b": 2000}, scenarios=("zebra", "apple"))

    in_order = findings(trials, run_id="r", baseline="a", settings={"zebra": "", "apple": ""})
    unknown = findings(trials, run_id="r", baseline="a")

    assert [one.scenario for one in in_order.rankings] == ["zebra", "apple"]
    assert [one.scenario for one in unknown.rankings] == ["apple", "zebra"]


def test_variants_stand_in_the_plans_order(tmp_path: Path) -> None:
    """As the plan lists the levels, each with the load that it has there."""
    plan = plan_from(tmp_path, SMALLEST + "[factors]\nin_flight = [9, 64, 8]\n")
    trials = run_of({"a": 1000}, scenarios=("health",))
    labels = ("default", "in_flight=8", "in_flight=9")
    varied = [replace(one, variant=label, order=n) for n, label in enumerate(labels) for one in trials[:1]]
    settings = settings_of(plan)

    found = findings(varied, run_id="r", baseline="a", settings=settings)

    assert [scene(one) for one in found.rankings] == list(settings)
    assert [text.split(" · ")[1].split(",")[0] for text in settings.values()] == [
        "9 in flight",
        "64 in flight",
        "8 in flight",
    ]


def test_the_same_trials_give_the_same_findings() -> None:
    """Whatever order they come in."""
    trials = run_of({"a": 1000, "b": 2000})
    windows = windows_of(trials)

    assert findings(trials, run_id="r", baseline="a", windows=windows) == findings(
        reversed(trials), run_id="r", baseline="a", windows=reversed(windows)
    )


def test_a_run_without_trials_has_findings() -> None:
    """They are empty."""
    found = findings([], run_id="r", baseline="a")

    assert (found.summary, found.rankings, found.comparisons, found.remarks) == ((), (), (), ())


def test_a_scenario_in_words() -> None:
    """What is asked, how many at once, over what."""
    scenario = Scenario(name="quote", requests=(Request(path="/api/db"),), load=Load(in_flight=128))

    assert scenario_text(scenario) == "GET /api/db · 128 in flight, closed loop, HTTP/1.1, keep-alive"


def test_importing_the_rooms_does_not_import_scipy_or_pandas() -> None:
    """They take a third of a second and more, and `fastserve --help` needs neither."""
    code = "import sys, controller.report; print(sorted({'scipy', 'pandas', 'numpy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"
