"""A run whose factors have several levels: each variant is measured where it differs, and is what it says."""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.command import WENT_WELL, Done, Machine, rows_of, run_folder
from tests.e2e.project import add_server, new_project

MISS_S = 0.05
PLAN = """
name = "varied"
targets = ["one", "other"]
repeats = 1
repeat_doubted = false

[load]
warmup_s = 0.2
duration_s = 1

[environment]
cache_miss_ms = 50

[factors]
cache = ["none", "memory"]
in_flight = [4, 2]
vary = "one-at-a-time"

[scenarios.health]
requests = [{ get = "/api/health" }]

[scenarios.cached]
requests = [{ get = "/api/cache?key=a" }]
"""
BASE, IN_MEMORY, FEWER = "cache=none,in_flight=4", "in_flight=4", "cache=none,in_flight=2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Varied:
    """A finished run of two servers."""

    folder: Path
    told: Path
    planned: Done
    done: Done

    def rows(self, table: str) -> list[dict[str, str]]:
        """Return the rows of a table that have all endpoints together."""
        return [row for row in rows_of(self.folder / table) if row["endpoint"] == "*"]


@pytest.fixture(scope="module")
def varied(tmp_path_factory: pytest.TempPathFactory, machine: Machine) -> Varied:
    """The run, once it is over."""
    project, told = new_project(tmp_path_factory.mktemp("varied") / "project"), tmp_path_factory.mktemp("told")
    for name in ("one", "other"):
        add_server(project, name, env={"COUNT_FOLDER": str(told)})
    (project / "plans" / "varied.toml").write_text(PLAN)
    planned = machine.run("run", "varied", "--dry-run", cwd=project)
    done = machine.run("run", "varied", cwd=project)
    assert done.returncode in WENT_WELL, done
    return Varied(folder=run_folder(project / "fastserve-runs"), told=told, planned=planned, done=done)


def test_each_variant_has_its_rows_where_it_differs(varied: Varied) -> None:
    """Both servers in each variant of each scenario, the cache's levels once where nothing asks for it."""
    measured = {("health", BASE), ("health", FEWER), ("cached", BASE), ("cached", IN_MEMORY), ("cached", FEWER)}
    expected = sorted((target, *case) for target in ("one", "other") for case in measured)

    for table in ("trials.csv", "summary.csv"):
        rows = varied.rows(table)
        assert sorted((row["target"], row["scenario"], row["variant"]) for row in rows) == expected
        assert {(row["cache"], row["in_flight"]) for row in rows if row["scenario"] == "health"} == {
            ("", "4"),
            ("", "2"),
        }
        assert {(row["variant"], row["cache"], row["in_flight"]) for row in rows if row["scenario"] == "cached"} == {
            (BASE, "none", "4"),
            (IN_MEMORY, "memory", "4"),
            (FEWER, "none", "2"),
        }
    assert {row["outcome"] for row in varied.rows("trials.csv")} == {"ok"}


def test_a_variant_is_what_was_measured(varied: Varied) -> None:
    """Every miss waits, so throughput is at most requests in flight over that wait; from memory it is beyond."""
    for row in varied.rows("summary.csv"):
        if row["scenario"] == "cached":
            # What was in flight when the second began may be answered in it too.
            most_per_s = int(row["in_flight"]) * (1 + 1 / MISS_S)
            waited = float(row["throughput_per_s"]) <= most_per_s
            assert waited == (row["cache"] == "none"), row


def test_servers_are_told_and_checked_once_for_each_of_their_settings(varied: Varied) -> None:
    """A check, which waits longer for a miss, for each level of the cache; another load is no other server."""
    told = [json.loads(file.read_text()) for file in varied.told.glob("*.environment")]
    started = Counter((one["CACHE_MISS_MS"] == "50", one["CACHE_BACKEND"]) for one in told)

    assert started == {(False, "none"): 2, (False, "memory"): 2, (True, "none"): 2 * 4, (True, "memory"): 2}


def test_what_is_planned_is_said_before(varied: Varied) -> None:
    """How many trials, what is the same in which scenario, and that one block shows no effect."""
    said = varied.planned.stdout

    assert said.startswith("varied: 2 targets x 5 of (3 variants x 2 scenarios) x 1 block = 10 trials, ")
    assert "once:     health for all levels of cache, which cannot act there\n" in said
    assert "no effect of a factor: one block shows no spread" in said


def test_each_variant_has_its_own_ranking(varied: Varied) -> None:
    """In the order of the plan, and nothing of one variant is compared with another."""
    sentences = [line for line in varied.done.stdout.splitlines() if line.startswith(("health", "cached"))]
    scenes = [f"health ({BASE})", f"health ({FEWER})", f"cached ({BASE})", f"cached ({IN_MEMORY})", f"cached ({FEWER})"]

    assert [line.partition(":")[0] for line in sentences] == scenes
    assert {row["variant"] for row in rows_of(varied.folder / "comparison.csv")} == {BASE, IN_MEMORY, FEWER}
