"""The whole command, once, on a machine that has what it needs and on one that has not."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.rounds import places_of
from benchmarks.workloads import BESIDE_LOCUST, WORKLOADS
from controller.errors import PlanError, StackError
from tests.needs import require, unmet
from tests.sources import ROOT

WITHIN_S = 120.0


def benchmark(tmp_path: Path, *arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run the command with a folder of its own for temporary files, and so with a lock of its own."""
    env = {**os.environ, "TMPDIR": str(tmp_path), **({} if path is None else {"PATH": path})}
    argv = [sys.executable, "-m", "benchmarks", "--out", str(tmp_path / "out"), *arguments]
    return subprocess.run(argv, cwd=ROOT, env=env, capture_output=True, text=True, timeout=WITHIN_S, check=False)


@pytest.mark.e2e
@pytest.mark.slow
def test_every_generator_is_measured(tmp_path: Path) -> None:
    """One short round gives every generator a row at every workload, and FastHttpUser is the dearest of the three."""
    require("nginx", "wrk", "h2load", "openssl")
    if len(os.sched_getaffinity(0)) < 2:
        unmet("two cores are needed, one for Nginx and one for the generator")

    ended = benchmark(tmp_path, "--rounds", "1", "--seconds", "1", "--no-plan", "--no-figures")

    assert (ended.returncode, ended.stderr) == (0, "")
    with (tmp_path / "out" / "generators.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["workload"], row["generator"]) for row in rows] == [
        (workload.name, generator) for workload in WORKLOADS for generator in workload.generators
    ]
    cost_us = {(row["workload"], row["generator"]): float(row["cpu_us_per_request"]) for row in rows}
    beside = [row for row in rows if row["workload"] in BESIDE_LOCUST]
    assert all(cost_us[row["workload"], "FastHttpUser"] >= cost_us[row["workload"], row["generator"]] for row in beside)
    assert {row["verdict"] for row in rows if row["generator"] == "FastServe"} <= {"reached", "missed"}


def test_a_missing_tool_is_one_line(tmp_path: Path) -> None:
    """Without wrk the command says what to install, and has measured nothing."""
    ended = benchmark(tmp_path, "--no-plan", path=str(tmp_path))

    assert ended.returncode == StackError.exit_code
    assert ended.stderr.startswith("Error: expected wrk, h2load, nginx, openssl, found no wrk")
    assert ended.stderr.count("\n") == 1
    assert "apt-get install" in ended.stderr


def test_server_and_generator_never_share_a_core() -> None:
    """With two cores the master is beside Nginx, with three it has its own, with one nothing is measured."""
    two, three = places_of([4, 5]), places_of([0, 1, 2])

    assert (two.server, two.generator, two.control) == (4, 5, 4)
    assert (three.server, three.generator, three.control) == (0, 1, 2)
    with pytest.raises(StackError, match="expected two cores"):
        places_of([0])


@pytest.mark.parametrize("option", ["--rounds", "--seconds"])
def test_nothing_asked_is_refused(tmp_path: Path, option: str) -> None:
    """No round, no second and no connection measure nothing: one line says so."""
    ended = benchmark(tmp_path, option, "0")

    assert ended.returncode == PlanError.exit_code
    assert ended.stderr.startswith("Error: expected rounds and seconds of at least 1")
