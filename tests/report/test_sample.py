"""The runs that come with FastServe, in exports/sample/: whole, of the plans that they say, and from no named place."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from controller.compare.words import ratio_texts
from controller.plan.schedule import count_trials
from controller.plan.target import read_targets
from controller.report.stored import stored_plan
from tests.e2e.command import rows_of
from tests.sources import ROOT

SAMPLE = ROOT / "exports" / "sample"
TARGETS = list(read_targets(ROOT / "servers"))
HYPOTHESES = SAMPLE / "hypotheses"
# Those of every scenario, then those that single ones name.
ALL_ASKED = (
    *("go-nethttp", "go-fiber", "rust-actix", "rust-axum"),
    *("cpp-pistache", "node-fastify", "spring-tomcat", "python-fastapi", "spring-netty", "python-flask"),
)


def test_it_is_a_whole_run_of_the_frameworks_plan() -> None:
    """Every target in every scenario and block of plans/frameworks.toml; each row of the summary is of its trials."""
    plan = tomllib.loads((ROOT / "plans" / "frameworks.toml").read_text(encoding="utf-8"))
    ran = tomllib.loads((SAMPLE / "plan.toml").read_text(encoding="utf-8"))
    trials = [row for row in rows_of(SAMPLE / "trials.csv") if row["endpoint"] == "*"]

    assert ran["targets"] == TARGETS
    assert {name: one["requests"] for name, one in ran["scenarios"].items()} == {
        name: one["requests"] for name, one in plan["scenarios"].items()
    }
    assert len(trials) == len(TARGETS) * len(plan["scenarios"]) * plan["repeats"]
    assert {row["outcome"] for row in trials} == {"ok"}
    for row in rows_of(SAMPLE / "summary.csv"):
        mine = [one for one in trials if (one["target"], one["scenario"]) == (row["target"], row["scenario"])]
        assert int(row["trials"]) == len(mine) == plan["repeats"]


def test_the_hypotheses_were_asked_of_a_whole_run() -> None:
    """Every hypothesis of plans/hypotheses.toml has its row, every trial of the plan as resolved its own."""
    asked = tomllib.loads((ROOT / "plans" / "hypotheses.toml").read_text(encoding="utf-8"))
    plan = stored_plan(HYPOTHESES)
    rows = rows_of(HYPOTHESES / "hypotheses.csv")
    trials = {row["trial"] for row in rows_of(HYPOTHESES / "trials.csv")}

    assert [row["says"] for row in rows] == [one["says"] for one in asked["hypotheses"]]
    assert {row["verdict"] for row in rows} <= {"supported", "refuted", "undecided"}
    assert plan.targets == ALL_ASKED
    assert len(trials) == count_trials(plan)


def test_the_findings_are_those_of_the_run() -> None:
    """docs/findings.md has each hypothesis with its verdict and its numbers, as the tables have them."""
    text = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")

    for row in rows_of(HYPOTHESES / "hypotheses.csv"):
        numbers = [float(row[name]) for name in ("ratio", "ratio_low", "ratio_high")]
        ratio, low, high = ratio_texts(*numbers)
        assert f"| {row['says']} | {row['verdict']} | {ratio} ({low} to {high}) |" in text


@pytest.mark.parametrize(
    "file",
    sorted(path for path in SAMPLE.rglob("*") if path.is_file()),
    ids=lambda path: f"{path.parent.name}/{path.name}",
)
def test_it_names_no_place_of_a_machine(file: Path) -> None:
    """No absolute path and no name of a host, but everything about the machine that its numbers depend on."""
    text = file.read_text(encoding="utf-8")
    facts = json.loads((file.parent / "facts.json").read_text(encoding="utf-8"))["machine"]

    assert not re.search(r"(?<![\w.:/])/(?:home|root|tmp|work|usr|var|opt)/", text)
    assert {"model", "cores", "memory_bytes"} <= facts["machine"].keys()
    assert facts["git"]["dirty"] is False
