"""A run that searches for a capacity: its tables add up, whatever the machine could hold."""

from collections import Counter
from pathlib import Path

from tests.e2e.command import Machine, interrupt, lines_of, rows_of, run_folder, until
from tests.e2e.project import add_plan, add_server

# A second is short for a step: what is found is not asked here, only that it adds up.
SEARCH = """
slo = { p90_ms = 20 }
[scenarios.health.load]
model = "capacity"
in_flight = 8
capacity = { from_per_s = 500, to_per_s = 2000, step_s = 1, step_requests = 1_000 }
"""


def searching(project: Path, counts: Path) -> dict[str, str]:
    """Make a plan that searches a server, and return the variables with which the server counts."""
    add_server(project, "one", pass_env=["COUNT_FOLDER"])
    add_plan(project, "search", "one", more=SEARCH)
    counts.mkdir()
    return {"COUNT_FOLDER": str(counts)}


def attempts_of(window: dict[str, object]) -> int:
    """Return how many attempts came to an end in a window of the journal, whenever they were planned."""
    parts = [window.get("endpoints"), window.get("earlier") or {}]
    listed = [counts for part in parts if isinstance(part, dict) for counts in part.values()]
    return sum(sum(counts["latency"][0][1::2]) + sum(counts["errors"].values()) for counts in listed)


def test_a_search_adds_up(project: Path, machine: Machine, tmp_path: Path) -> None:
    """Every attempt of every step is in the journal once, and the tables have the step that showed the capacity."""
    env = searching(project, tmp_path / "counts")
    done = machine.run("run", "search", cwd=project, env=env)
    run = run_folder(project / "fastserve-runs")
    (trial,) = lines_of(run / "trials.jsonl")
    whole = rows_of(run / "trials.csv")[0]
    steps, windows = rows_of(run / "steps.csv"), lines_of(run / "windows.jsonl")

    # Whatever else the machine does may keep any rate from being kept.
    assert done.returncode in {0, 10, 11}, done
    assert sum(map(attempts_of, windows)) == trial["attempts_total"]
    assert [window["index"] for window in windows] == list(range(len(windows)))
    # The first file was written when the contract was checked; what was asked before load: ready, each kind once.
    counted = int(max((tmp_path / "counts").glob("one-*.count")).read_text())
    assert counted == trial["answered_total"] + 2

    measured = Counter[int]()
    for window in windows:
        if window["phase"] != "warmup":
            measured[window["step"]] += sum(
                attempts_of({"endpoints": {"": one}}) for one in window["endpoints"].values()
            )
    assert {int(row["step"]): int(row["offered"]) for row in steps} == measured
    assert len(steps) == len(trial["steps"])

    best = trial["capacity"]["step"]
    assert whole["capacity_per_s"] == (steps[best - 1]["rate_per_s"] if best else "")
    assert whole["requests"] == (steps[best - 1]["offered"] if best else "")
    assert whole["latency_p99_ms"] == (steps[best - 1]["latency_p99_ms"] if best else "")
    assert (f"one holds {float(whole['capacity_per_s']):,.0f}/s of health with p90 <= 20 ms" in done.stdout) == bool(
        best
    )


def test_a_search_that_is_interrupted_keeps_its_steps(project: Path, machine: Machine, tmp_path: Path) -> None:
    """Ctrl-C in the middle of the second step: the first is stored with the trial, which has to run again."""
    env = searching(project, tmp_path / "counts")
    with machine.started("run", "search", cwd=project, env=env) as process:
        out = project / "fastserve-runs"
        until(lambda: any(window.get("step") == 2 for window in windows_of(out)), within_s=60.0, what="a second step")
        status = interrupt(process)
    (trial,) = lines_of(run_folder(out) / "trials.jsonl")

    assert (status, trial["outcome"]) == (130, "interrupted")
    assert trial["steps"]
    assert [int(row["step"]) for row in rows_of(run_folder(out) / "steps.csv")] == [
        step["step"] for step in trial["steps"]
    ]


def windows_of(out: Path) -> list[dict[str, object]]:
    """Return the windows that a run has stored so far; none before it has a folder."""
    found = list(out.glob("search-*/windows.jsonl"))
    return lines_of(found[0]) if found else []
