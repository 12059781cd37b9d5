"""`fastserve compare` with limits, and of two runs."""

import csv
import io
import json
from pathlib import Path

import pytest

from tests.cli.folders import FACTS, make_project, store_run
from tests.conftest import Fastserve

FIRST, SECOND = "small-20261123T060000Z", "small-20261124T060000Z"
KEYS = {"one": "a" * 16, "other": "b" * 16}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with two stored runs: the second on a machine as it were half as fast, `other` was built anew."""
    made = make_project(tmp_path)
    store_run(made, builds=KEYS)
    store_run(made, builds={**KEYS, "other": "c" * 16}, rates={"one": 1500, "other": 4500}, day=24, seed=2)
    return made


@pytest.mark.parametrize(
    ("limits", "strict", "status", "said"),
    [
        (["throughput_per_s < 0.9 * baseline"], False, 0, ["kept: throughput_per_s < 0.9 * baseline: other in health"]),
        (["throughput_per_s > 1.1 * baseline"], False, 10, ["broken: throughput_per_s > 1.1 * baseline: other in"]),
        (["capacity_per_s < 5"], False, 0, ["cannot tell: capacity_per_s < 5: one in health"]),
        (["capacity_per_s < 5"], True, 10, ["cannot tell: capacity_per_s < 5: other in health"]),
        (["failures > 0"], True, 0, ["kept: failures > 0: one in health: 0", "kept: failures > 0: other in health: 0"]),
        (["failures > 0", "failures >= 0"], False, 10, ["kept: failures > 0: one", "broken: failures >= 0: one"]),
    ],
)
def test_limits_of_one_run(
    limits: list[str], strict: bool, status: int, said: list[str], project: Path, fastserve: Fastserve
) -> None:
    """The report comes first, then a line for each limit and target; the status is 10 where one is missed."""
    options = [argument for limit in limits for argument in ("--fail-if", limit)]
    done = fastserve("compare", FIRST, *options, *(["--strict"] if strict else []), cwd=project)
    lines = [line.removeprefix("limit").strip() for line in done.stdout.splitlines() if line.startswith("limit ")]

    assert (done.returncode, done.stderr) == (status, "")
    assert done.stdout.startswith("other answers health ")
    assert all(any(line.startswith(one) for line in lines) for one in said), lines


def test_programs_read_the_report_alone(project: Path, fastserve: Fastserve) -> None:
    """In other formats the limits go to stderr, and stdout stays what it is without them."""
    plain = fastserve("compare", FIRST, "--format", "csv", cwd=project)
    limited = fastserve("compare", FIRST, "--format", "csv", "--fail-if", "failures >= 0", cwd=project)

    assert (limited.returncode, limited.stdout) == (10, plain.stdout)
    assert limited.stderr.count("broken: failures >= 0") == 2


def test_two_runs_are_joined(project: Path, fastserve: Fastserve) -> None:
    """What changed is compared through what did not, whatever happened to the machine in between."""
    done = fastserve("compare", FIRST, SECOND, cwd=project)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("other of the second run answers health 1.")
    assert "through one: each target's ratio to it within its own run" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100


@pytest.mark.parametrize("format_", ["text", "markdown", "csv", "json"])
def test_two_runs_in_every_format(format_: str, project: Path, fastserve: Fastserve) -> None:
    """Each says the same ratio, about 1.5."""
    done = fastserve("compare", FIRST, SECOND, "--format", format_, cwd=project)

    assert done.returncode == 0
    if format_ == "csv":
        rows = list(csv.DictReader(io.StringIO(done.stdout)))
    elif format_ == "json":
        rows = json.loads(done.stdout)["comparison"]
    else:
        assert FIRST in done.stdout
        assert SECOND in done.stdout
        return
    (row,) = (row for row in rows if (row["endpoint"], row["metric"]) == ("*", "throughput_per_s"))
    assert (row["baseline_run"], row["candidate_run"], row["through"], row["verdict"]) == (
        FIRST,
        SECOND,
        "one",
        "faster",
    )
    assert float(row["ratio_low"]) < 1.5 < float(row["ratio_high"])


def test_a_changed_level_is_refused_with_just_that(project: Path, fastserve: Fastserve) -> None:
    """One line says what differs; --anyway prints it on top of numbers without a verdict."""
    store_run(project, builds=KEYS, day=25, overrides=["load.in_flight=8"])
    refused = fastserve("compare", FIRST, "small-20261125T060000Z", cwd=project)
    anyway = fastserve("compare", FIRST, "small-20261125T060000Z", "--anyway", cwd=project)

    assert (refused.returncode, refused.stdout) == (2, "")
    head, *lines = refused.stderr.splitlines()
    assert head.startswith("Error: compare: expected two runs that are alike, found ")
    assert lines == ["  load.in_flight: 64 in the first, 8 in the second"]
    assert (anyway.returncode, anyway.stderr) == (0, "")
    assert anyway.stdout.splitlines()[0] == "differs load.in_flight: 64 in the first, 8 in the second"


def test_an_older_run_is_not_known(project: Path, fastserve: Fastserve) -> None:
    """A run that was stored before a fact was is still read, and differs in what it does not know."""
    older = {key: value for key, value in FACTS.items() if key != "contract"}
    store_run(project, builds=KEYS, day=25, facts=older)
    alone = fastserve("compare", "small-20261125T060000Z", cwd=project)
    done = fastserve("compare", FIRST, "small-20261125T060000Z", cwd=project)

    assert alone.returncode == 0
    assert done.stderr.splitlines()[1:] == ["  contract: not known in either"]


def test_limits_of_two_runs(project: Path, fastserve: Fastserve) -> None:
    """The first run is the baseline then, and the status says whether the second keeps its limits."""
    kept = fastserve("compare", FIRST, SECOND, "--fail-if", "throughput_per_s < 1.1 * baseline", cwd=project)
    broken = fastserve("compare", FIRST, SECOND, "--fail-if", "throughput_per_s > 1.1 * baseline", cwd=project)

    assert (kept.returncode, broken.returncode) == (0, 10)
    assert "broken: throughput_per_s > 1.1 * baseline: other in health: 1." in broken.stdout
    assert "times that of other of the first run" in broken.stdout


def test_the_second_run_must_be_there(project: Path, fastserve: Fastserve) -> None:
    """A second name that is no run is one line with the status of the store."""
    done = fastserve("compare", FIRST, "nonesuch", cwd=project)

    assert (done.returncode, done.stderr.count("\n")) == (5, 1)


def test_two_runs_of_the_same_builds_have_nothing_to_limit(project: Path, fastserve: Fastserve) -> None:
    """Where nothing was built anew nothing changed, and a limit beside the first run says so."""
    store_run(project, builds=KEYS, day=26, seed=9)
    done = fastserve(
        "compare", FIRST, "small-20261126T060000Z", "--fail-if", "failures > 2 * baseline", "--strict", cwd=project
    )

    assert done.returncode == 10
    assert "no target differs in its build" in done.stdout
    assert "same build in both" in done.stdout
