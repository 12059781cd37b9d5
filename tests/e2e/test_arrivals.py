"""An open and a closed scenario in one run on a real target: tables that add up, and words that are each one's own."""

import json
import shutil
from pathlib import Path

from controller.stack.cache import cache_folder
from tests.e2e.command import WENT_WELL, Machine, lines_of, rows_of, run_folder
from tests.e2e.project import ROOT

PLAN = """
name = "arrivals"
targets = ["python-flask"]
repeats = 1
repeat_doubted = false

[load]
in_flight = 8
workers = 2
warmup_s = 1
duration_s = 2

[scenarios.closed]
requests = [{ get = "/api/health" }]

[scenarios.open]
requests = [{ get = "/api/health", weight = 2 }, { get = "/api/db?count=2" }]
load = { model = "open", arrivals = "constant", stages = [
  { rate_per_s = 50, duration_s = 1 }, { rate_per_s = 150, duration_s = 2, ramp = true },
] }
"""


def test_an_open_and_a_closed_scenario_in_one_run(project: Path, machine: Machine) -> None:
    """Of the open one exactly the planned arrivals are requests, whenever answered; the closed one is as ever."""
    flask = ROOT / "servers" / "python-flask"
    ignored = shutil.ignore_patterns("__pycache__", ".*")
    shutil.copytree(flask, project / "servers" / "python-flask", ignore=ignored)
    (project / "plans" / "arrivals.toml").write_text(PLAN, encoding="utf-8")
    env = {"FASTSERVE_CACHE": str(cache_folder())}
    said = machine.run("run", "arrivals", "--dry-run", cwd=project, env=env)
    done = machine.run("run", "arrivals", cwd=project, env=env)

    assert done.returncode in WENT_WELL, done
    offered = "open: 50.0 → 150/s over 8 connections, constant arrivals"
    assert offered in said.stdout
    assert offered in done.stderr
    run = run_folder(project / "fastserve-runs")
    rows = {(row["scenario"], row["endpoint"]): row for row in rows_of(run / "trials.csv")}
    whole = rows["open", "*"]
    # 50 in the first second, and 100 a second on average of the ramp's two.
    assert abs(int(whole["requests"]) - 250) <= 1
    parts = [row for (scenario, endpoint), row in rows.items() if scenario == "open" and endpoint != "*"]
    assert sum(int(row["requests"]) for row in parts) == int(whole["requests"])
    assert whole["duration_s"] == "3.0"
    answered = int(whole["requests"]) - int(whole["failures"])
    assert (
        float(whole["throughput_per_s"]) * 3 == answered or abs(float(whole["throughput_per_s"]) * 3 - answered) < 1e-6
    )
    assert float(whole["latency_p99_ms"]) >= float(whole["service_p50_ms"])
    assert rows["closed", "*"]["duration_s"] == "2.0"

    orders = {row["scenario"]: row["order"] for row in lines_of(run / "trials.jsonl")}
    windows = lines_of(run / "windows.jsonl")
    for scenario, order in orders.items():
        mine = [one for one in windows if one["order"] == order]
        counts = [part for one in mine for part in (*one["endpoints"].values(), *one.get("earlier", {}).values())]
        assert all(("lag" in part) == (scenario == "open") for part in counts)
        samples = sum(sum(part["latency"][0][1::2]) for part in counts)
        assert samples == int(rows[scenario, "*"]["answered_total"])
    again = machine.run("report", run, cwd=project, env=env)
    assert again.returncode == 0, again
    assert {(row["scenario"], row["endpoint"]): row for row in rows_of(run / "trials.csv")} == rows
    assert (
        json.dumps(offered.removeprefix("open: "), ensure_ascii=False).strip('"') in (run / "report.html").read_text()
    )
