"""What cannot be done is said in one line with exit status 2, and never with a traceback."""

from pathlib import Path

import pytest

from tests.cli.folders import make_project
from tests.conftest import Fastserve


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nonesuch"], "nonesuch"),
        (["run"], "PLAN"),
        (["run", "small", "--wrong"], "--wrong"),
        (["run", "small", "--runtime", "podman"], "podman"),
        (["run", "small", "--runtime", "docker"], "not yet"),
        (["run", "small", "--machines", "machines.toml"], "not yet"),
        (["run", "small", "--influx", "http://127.0.0.1:8086"], "not yet"),
        (["run", "nonesuch"], "small"),
        (["run", "plans"], "small"),
        (["run", "small", "--set", "load.in_flight=many"], "load.in_flight"),
        (["run", "small", "--set", "load.in_flight=0"], "load.in_flight"),
        (["run", "small", "--set", "targets=[]"], "targets"),
        (["run", "small", "--dry-run", "--set", "load.duration_s=0"], "load.duration_s"),
        (["plan", "show", "small", "--set", "nonesuch=1"], "nonesuch"),
        (["targets", "serve", "nonesuch"], "one, other"),
        (["targets", "build", "one", "nonesuch"], "nonesuch"),
        (["targets", "serve", "one", "--port", "70000"], "--port"),
        (["compare", "latest", "--fail-if", "latency_p98_ms > 3"], "such as latency_p99_ms"),
        (["compare", "latest", "--strict"], "--fail-if"),
        (["compare", "latest", "--anyway"], "a second RUN"),
        (["compare", "latest", "another", "--format", "html"], "markdown"),
        (["run", "small", "--fail-if", "latency_p99_ms is bad"], "latency_p99_ms > 1.1 * baseline"),
        (["run", "small", "--dry-run", "--fail-if", "speed > 3"], "a number of summary.csv"),
        (["run", "small", "--strict"], "--fail-if"),
        (["compare", "latest", "--format", "pdf"], "pdf"),
        (["--project", "nonesuch", "targets", "list"], "nonesuch"),
        (["--project", "plans", "targets", "list"], "servers/"),
    ],
    ids=" ".join,
)
def test_wrong_usage_is_one_line(arguments: list[str], said: str, fastserve: Fastserve, tmp_path: Path) -> None:
    """Wrong usage ends with status 2 and one line that names what was wrong."""
    done = fastserve(*arguments, cwd=make_project(tmp_path))

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("Error: ")
    assert done.stderr.count("\n") == 1
    assert said in done.stderr


def test_all_problems_of_a_plan_are_said_at_once(fastserve: Fastserve, tmp_path: Path) -> None:
    """A plan with three mistakes is refused once, with a line for each: key path, expected, found."""
    project = make_project(tmp_path)
    plan = project / "plans" / "bad.toml"
    plan.write_text(
        'name = "B"\ntargets = ["one"]\nseed = "x"\n[load]\nin_flight = "many"\n'
        '[scenarios.a]\nrequests = [{ get = "/" }]\n'
    )

    done = fastserve("run", "bad", cwd=project)
    head, *lines = done.stderr.splitlines()

    assert done.returncode == 2
    assert "bad.toml: 3 problems" in head
    assert [line.split()[0] for line in lines] == ["name", "seed", "load.in_flight"]
    assert all("expected" in line and "found" in line for line in lines)


def test_the_setting_of_a_server_that_is_no_number(fastserve: Fastserve, tmp_path: Path) -> None:
    """`targets serve` takes settings from the environment, and names the one that is wrong."""
    done = fastserve("targets", "serve", "one", cwd=make_project(tmp_path), env={"SERVER_CPUS": "two"})

    assert done.returncode == 2
    assert "SERVER_CPUS" in done.stderr
    assert done.stderr.count("\n") == 1
