"""Limits and two runs, on real servers: exit statuses, lines, and what is refused."""

import csv
import io
from pathlib import Path

import pytest

from tests.e2e.command import WENT_WELL, Done, Machine, rows_of
from tests.e2e.project import add_plan, add_server, new_project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with two servers."""
    made = new_project(tmp_path_factory.mktemp("limits") / "project")
    for name in ("plain", "mine"):
        add_server(made, name)
    add_plan(made, "two", "plain", "mine", repeats=2)
    return made


@pytest.fixture(scope="module")
def runs(project: Path, machine: Machine) -> tuple[str, str, Done]:
    """Two runs with a new build of `mine` in between, their names, and what the second said that had limits to keep."""
    first = machine.run("run", "two", cwd=project)
    assert first.returncode in WENT_WELL, first
    before = (project / "fastserve-runs" / "latest").resolve().name
    with (project / "servers" / "mine" / "server.py").open("a") as source:
        source.write("\n# Another build.\n")
    limits = ["--fail-if", "failures > 0", "--fail-if", "throughput_per_s < 0.000000001 * baseline"]
    second = machine.run("run", "two", *limits, cwd=project)
    return before, (project / "fastserve-runs" / "latest").resolve().name, second


def limit_lines(done: Done) -> list[str]:
    """Return the lines of limits that a command printed, without what a busy machine put in doubt."""
    lines = [line.removeprefix("limit").strip() for line in done.stdout.splitlines() if line.startswith("limit ")]
    return [line.partition("; in doubt: ")[0] for line in lines]


def test_a_run_that_keeps_its_limits(runs: tuple[str, str, Done]) -> None:
    """Its tables come first, then a line for each limit and target; its status is what it is without limits."""
    done = runs[2]

    assert done.returncode in WENT_WELL, done
    assert limit_lines(done)[:2] == ["kept: failures > 0: mine in health: 0", "kept: failures > 0: plain in health: 0"]
    assert limit_lines(done)[2].startswith("kept: throughput_per_s < 1e-09 * baseline: mine in health: ")


def test_a_run_that_breaks_a_limit(project: Path, machine: Machine) -> None:
    """A limit that no server keeps makes the status 10, or 11 where results are in doubt as well; so does an SLO."""
    out = project / "broken"
    slo = "scenarios.health.slo={ p50_ms = 0.001, failures = 1 }"
    done = machine.run("run", "two", "--fail-if", "throughput_per_s > 1", "--set", slo, "--out", out, cwd=project)
    doubted = any(row["doubts"] for row in rows_of(out / "latest" / "trials.csv"))

    assert done.returncode == (11 if doubted else 10), done
    assert [line.split(":")[0] for line in limit_lines(done)] == ["broken", "broken"]
    held = [line.split(": ") for line in done.stdout.splitlines() if line.startswith("slo ")]
    assert [line[:2] for line in held] == [
        *[["slo     broken", "latency_p50_ms > 0.001"]] * 2,
        *[["slo     kept", "failure_share > 1"]] * 2,
    ]


@pytest.mark.parametrize(
    ("limit", "strict", "status", "outcome"),
    [
        ("throughput_per_s > 0.000000001 * baseline", False, 10, "broken"),
        ("failures > 0", True, 0, "kept"),
        ("proxy_cpu_us_per_request > 1", False, 0, "cannot tell"),
        ("proxy_cpu_us_per_request > 1", True, 10, "cannot tell"),
    ],
)
def test_a_stored_run_and_its_limits(
    limit: str, strict: bool, status: int, outcome: str, runs: tuple[str, str, Done], project: Path, machine: Machine
) -> None:
    """What a run keeps can be asked of it at any time: 0, 10, and with --strict 10 where nobody can tell."""
    done = machine.run("compare", runs[0], "--fail-if", limit, *(["--strict"] if strict else []), cwd=project)

    assert done.returncode == status, done
    assert {line.split(":")[0] for line in limit_lines(done)} == {outcome}


def test_a_wrong_limit_starts_nothing(project: Path, machine: Machine) -> None:
    """A limit that cannot be read is one line, before anything runs."""
    done = machine.run("run", "two", "--fail-if", "p99 > 20 ms", "--out", project / "never", cwd=project)

    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert "expected METRIC, one of > >= < <=, and NUMBER or NUMBER * baseline" in done.stderr
    assert not (project / "never").exists()


def test_two_runs_are_joined_through_the_same_build(
    runs: tuple[str, str, Done], project: Path, machine: Machine
) -> None:
    """Real runs of one machine are alike; the server that was built anew is compared through the other one."""
    done = machine.run("compare", *runs[:2], "--format", "csv", cwd=project)
    (row,) = (row for row in csv_rows(done) if (row["endpoint"], row["metric"]) == ("*", "throughput_per_s"))
    each = [rows_of(project / "fastserve-runs" / run / "comparison.csv") for run in runs[:2]]
    ratios = [
        float(one["ratio"])
        for rows in each
        for one in rows
        if (one["endpoint"], one["metric"]) == ("*", "throughput_per_s")
    ]

    assert (done.returncode, done.stderr) == (0, "")
    assert (row["through"], row["baseline"], row["candidate"], row["same_build"]) == ("plain", "mine", "mine", "no")
    assert float(row["ratio"]) == pytest.approx(ratios[1] / ratios[0])
    assert float(row["ratio_low"]) < float(row["ratio"]) < float(row["ratio_high"])
    assert row["verdict"] in {"faster", "slower", "cannot tell"}


def test_a_changed_level_is_refused_with_exactly_that(
    runs: tuple[str, str, Done], project: Path, machine: Machine
) -> None:
    """Another level of a factor is one line, and nothing else differs; --anyway shows the numbers below that line."""
    other = machine.run("run", "two", "--set", 'factors.metrics=["full"]', "--out", project / "other", cwd=project)
    assert other.returncode in WENT_WELL, other
    path = project / "other" / "latest"
    refused = machine.run("compare", runs[1], path, cwd=project)
    anyway = machine.run("compare", runs[1], path, "--anyway", cwd=project)

    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.splitlines()[1:] == ["  factors.metrics: none in the first, full in the second"]
    assert anyway.returncode == 0
    assert anyway.stdout.splitlines()[0] == "differs factors.metrics: none in the first, full in the second"


def csv_rows(done: Done) -> list[dict[str, str]]:
    """Return the rows that a command printed as CSV."""
    return list(csv.DictReader(io.StringIO(done.stdout)))
