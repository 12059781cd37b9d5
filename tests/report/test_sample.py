"""The run that comes with FastServe, in exports/sample/: whole, of the plan that it says, and from no named place."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from controller.plan.target import read_targets
from tests.e2e.command import rows_of
from tests.sources import ROOT

SAMPLE = ROOT / "exports" / "sample"
TARGETS = list(read_targets(ROOT / "servers"))


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


@pytest.mark.parametrize("file", sorted(SAMPLE.iterdir()), ids=lambda path: path.name)
def test_it_names_no_place_of_a_machine(file: Path) -> None:
    """No absolute path and no name of a host, but everything about the machine that its numbers depend on."""
    text = file.read_text(encoding="utf-8")
    facts = json.loads((SAMPLE / "facts.json").read_text(encoding="utf-8"))["machine"]

    assert not re.search(r"(?<![\w.:/])/(?:home|root|tmp|work|usr|var|opt)/", text)
    assert {"model", "cores", "memory_bytes"} <= facts["machine"].keys()
    assert facts["git"]["dirty"] is False
