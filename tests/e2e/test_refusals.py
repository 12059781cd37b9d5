"""What cannot be run is one clear line, with the status that says whose turn it is, before anything is measured."""

import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import FASTSERVE
from tests.e2e.command import WENT_WELL, Machine, one_line, rows_of, until
from tests.e2e.project import add_plan, add_server, new_project

TARGETS = {
    "plain": {},
    "poor": {"needs": {"nosuchtool": ">=1.0"}},
    "old": {"needs": {"python3": ">=99"}},
    "failing": {"env": {"MISBEHAVE": "fails"}},
    "breaking": {"env": {"MISBEHAVE": "breaks"}},
    "elsewhere": {"env": {"MISBEHAVE": "elsewhere"}, "pass_env": ["TAKEN_PORT"]},
    "deaf": {"env": {"MISBEHAVE": "deaf"}},
    "gone": {"run": ["/bin/false"]},
    "absent": {"run": ["no-such-program"]},
    "unbuildable": {"build": [["sh", "-c", "echo the compiler says no; exit 3"]]},
}


NEVER_READY = {"deaf": "nothing listens there", "failing": "status 500"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A run that goes on beside the tests, and where what it says goes."""

    run: "subprocess.Popen[str]"
    folder: Path


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a server for each kind of trouble, and a plan for each."""
    project = new_project(tmp_path_factory.mktemp("many") / "project")
    for name, keys in TARGETS.items():
        add_server(project, name, **keys)
        add_plan(project, name, name)
    add_plan(project, "some", "plain", "poor")
    return project


@pytest.fixture(scope="module", autouse=True)
def waiting(many: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Waiting]]:
    """Runs of servers that never get ready; they wait for half a minute beside the other tests."""
    with ExitStack() as stack:
        runs = {}
        for name in NEVER_READY:
            folder = tmp_path_factory.mktemp(name)
            aside = Machine(folder=tmp_path_factory.mktemp("aside"))
            run = stack.enter_context(aside.started("--project", many, "run", name, cwd=folder))
            runs[name] = Waiting(run=run, folder=folder)
        yield runs


@pytest.mark.parametrize(
    ("plan", "arguments", "status", "said"),
    [
        ("plain", ["--set", 'targets=["nonesuch"]'], 2, "nonesuch"),
        ("plain", ["--set", "targets=[]"], 2, "targets"),
        ("plain", ["--set", "load.duration_s=0"], 2, "load.duration_s"),
        ("plain", ["--set", "load.in_flight=100001"], 2, "load.in_flight"),
        ("plain", ["--set", "factors.network=['bridge']"], 2, "not yet"),
        ("nonesuch", [], 2, "nonesuch"),
        ("poor", [], 3, "poor needs nosuchtool 1.0 or later, found none on PATH"),
        ("old", [], 3, "old needs python3 99 or later, found 3."),
        ("breaking", [], 3, "breaking: GET /api/compute"),
        ("gone", [], 3, "ended with status 1"),
        ("absent", [], 3, "no-such-program"),
        ("unbuildable", [], 3, "the compiler says no"),
        ("plain", ["--out", "/proc/1/runs"], 5, "/proc/1/runs"),
        ("plain", ["--out", "plans/plain.toml"], 5, "plans/plain.toml"),
        ("plain", ["--resume", "nonesuch"], 5, "nonesuch"),
        ("plain", ["--resume", "plans"], 5, "plans"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value)[:20],
)
def test_it_is_one_line(plan: str, arguments: list[str], status: int, said: str, many: Path, machine: Machine) -> None:
    """One message names what was expected or found; the status says plan, stack, load or store; no folder is left."""
    message = one_line(machine.run("run", plan, *arguments, cwd=many), status)

    assert said in message
    assert [path for path in many.rglob("fastserve-runs/*") if path.is_dir() and path.name != "latest"] == []


def test_a_port_that_is_taken(many: Path, machine: Machine) -> None:
    """A server that finds its port taken by somebody else is told so, with the end of its log."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = machine.run("run", "elsewhere", cwd=many, env={"TAKEN_PORT": str(port)})

    assert "taken by someone else" in one_line(done, 3)


def test_more_connections_than_open_files(many: Path, machine: Machine) -> None:
    """Above the hard limit of open files the run is refused with the way to raise it; below, it is raised."""

    def limited(*arguments: str) -> subprocess.CompletedProcess[str]:
        script = 'ulimit -Sn 50; ulimit -Hn 500; exec "$0" "$@"'
        return subprocess.run(
            ["bash", "-c", script, FASTSERVE, "run", "plain", *arguments],
            cwd=many,
            env=machine.environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    message = one_line(limited("--set", "load.in_flight=400"), 4)
    went = limited("--set", "load.in_flight=100", "--out", str(many.parent / "raised"))

    assert "found a limit of 500" in message
    assert "ulimit -Hn" in message
    assert went.returncode in WENT_WELL, went
    assert "failed" not in went.stdout


def test_a_folder_for_temporary_files_with_a_long_name(many: Path, machine: Machine) -> None:
    """Locust's socket cannot be made there: one line says the way out, with the status of the load."""
    long = machine.folder / ("long" * 25)
    long.mkdir()
    done = machine.run("run", "plain", "--out", many.parent / "long", cwd=many, env={"TMPDIR": str(long)})

    assert "set TMPDIR to another one" in one_line(done, 4)


def test_a_missing_tool_can_be_skipped(many: Path, machine: Machine) -> None:
    """With on_missing_tool = "skip" the others run, and screen and report say who was left out and why."""
    out = many.parent / "skipped"
    done = machine.run("run", "some", "--set", 'on_missing_tool="skip"', "--out", out, cwd=many)
    page = (out / "latest" / "report.html").read_text()

    assert done.returncode in WENT_WELL, done
    assert {row["target"] for row in rows_of(out / "latest" / "summary.csv")} == {"plain"}
    assert "poor" in done.stdout
    assert "poor" in page


@pytest.mark.parametrize("name", NEVER_READY)
def test_a_server_that_never_gets_ready(name: str, waiting: dict[str, Waiting]) -> None:
    """It is given half a minute, and then a line says where 2xx was expected and what was found instead."""
    run = waiting[name].run
    until(lambda: run.poll() is not None, within_s=90)
    said = (waiting[name].folder / "stderr.said").read_text()

    assert run.returncode == 3, said
    assert f"Error: {name}: expected GET http://127.0.0.1:" in said
    assert "to answer 2xx within 30 s, found" in said
    assert NEVER_READY[name] in said
    assert "Traceback" not in said
