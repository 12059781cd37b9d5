"""A plan from the command line to its tables, with real Locust, and every way out of it."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.folders import SERVER, add_server, make_project
from tests.conftest import FASTSERVE

WITHIN_S = 120.0


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with two small servers, and a folder for temporary files of its own, where the machine's lock is."""
    (tmp_path / "tmp").mkdir()
    return make_project(tmp_path / "project")


def start(project: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start `fastserve run` in a project."""
    return subprocess.Popen(
        [FASTSERVE, "run", *arguments, "--set", "load.in_flight=4"],
        cwd=project,
        env={**os.environ, "TMPDIR": str(project.parent / "tmp")},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Wait for a run to end and return its status and what it said on stdout and stderr."""
    try:
        out, err = process.communicate(timeout=WITHIN_S)
    finally:
        process.kill()
    return process.returncode, out, err


def wait_for_line(process: subprocess.Popen[str], pattern: str) -> str:
    """Read stderr up to the line that matches, and return it."""
    assert process.stderr is not None
    for line in process.stderr:
        if re.search(pattern, line):
            return line
    raise AssertionError(f"no line matches {pattern}")


def names(folder: Path) -> set[str]:
    """Return the names of the files in a folder."""
    return {path.name for path in folder.iterdir() if path.is_file()}


@pytest.mark.e2e
def test_a_run_ends_with_its_tables(project: Path) -> None:
    """In a pipe a run says plain lines, ends with the answer and the paths, and its folder is `latest`."""
    status, out, err = finish(start(project, "small", "--set", "repeats=2"))
    folder = project / "fastserve-runs" / "latest"

    assert status in {0, 11}
    assert all(line.isprintable() for line in (out + err).splitlines())
    assert re.search(r"^health: cannot tell|answers health", out)
    assert (status == 11) is ("doubt" in out)
    assert len(re.findall(r"^trial \d of 4 .*/s", err, flags=re.MULTILINE)) == 4
    assert names(folder) >= {
        "summary.csv",
        "trials.csv",
        "comparison.csv",
        "errors.csv",
        "report.html",
        "plan.toml",
        "facts.json",
    }
    assert f"fastserve-runs/{folder.resolve().name}/report.html" in out


@pytest.mark.e2e
def test_the_first_interrupt_keeps_what_was_measured_and_resume_finishes(project: Path) -> None:
    """Ctrl-C once: the tables of what there is, status 130, and the way to go on, which works."""
    process = start(project, "small")
    wait_for_line(process, r"^trial 1 of 6")
    process.send_signal(signal.SIGINT)
    status, out, err = finish(process)
    resumed = re.search(r"--resume (\S+)", out)

    assert status == 130
    assert "Traceback" not in err
    assert resumed is not None
    assert "summary.csv" in names(project / "fastserve-runs" / "latest")

    status, out, err = finish(start(project, "small", "--resume", resumed[1]))

    assert status in {0, 11}
    assert "trial 5 of 5" in err
    assert len(list((project / "fastserve-runs").glob("small-*"))) == 1


@pytest.mark.e2e
@pytest.mark.parametrize("ways", [(signal.SIGINT, signal.SIGINT), (signal.SIGTERM,), (signal.SIGHUP,)], ids=str)
def test_an_abort_leaves_nothing_running(ways: tuple[signal.Signals, ...], project: Path) -> None:
    """Ctrl-C twice, SIGTERM and a closed terminal end a run at once, with all that it started."""
    process = start(project, "small")
    wait_for_line(process, r"^trial 1 of 6")
    for way in ways:
        process.send_signal(way)
    status, _, err = finish(process)

    assert status == 130
    assert "Traceback" not in err
    assert labelled(project) == []


def labelled(project: Path) -> list[str]:
    """Return the command lines of all processes that were started in a project."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(project) in line:
            found.append(line)
    return found


@pytest.mark.e2e
def test_a_target_that_dies_makes_the_status_3(project: Path) -> None:
    """A target that ends in the middle of its trial: a failed trial with its reason, and the others are measured."""
    dying = "import os, threading\nthreading.Timer(2.5, os._exit, [7]).start()\n"
    add_server(project, "third", source=dying + SERVER)
    status, out, err = finish(start(project, "small", "--set", 'targets=["one", "third"]', "--set", "repeats=1"))

    assert status == 3
    assert "third health: failed" in err
    assert "status 7" in out
    assert "one" in out
    assert "trials.csv" in names(project / "fastserve-runs" / "latest")


@pytest.mark.e2e
def test_the_controller_never_imports_locust(project: Path) -> None:
    """Locust patches what it is imported into: a whole run, from plan to report, does without it."""
    script = (
        "import sys; from controller.cli.app import run_command_line as run; "
        "status = run(['run', 'small', '--set', 'repeats=1', '--set', 'load.in_flight=4']); "
        "print(*sorted(sys.modules)); sys.exit(0 if status in (0, 11) else status)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=project, capture_output=True, text=True, timeout=WITHIN_S, check=True
    )
    imported = {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}

    assert imported & {"locust", "gevent", "geventhttpclient", "flask"} == set()


def test_a_dry_run_says_all_and_does_nothing(project: Path) -> None:
    """Trials, time, order and what can be told; no folder, no build."""
    status, out, _ = finish(start(project, "small", "--dry-run"))

    assert status == 0
    assert out.startswith("small: 2 targets x 1 scenario x 3 blocks = 6 trials, ")
    assert "can see:" in out
    assert [len(re.findall(name, out.partition("order:")[2])) for name in ("one health", "other health")] == [3, 3]
    assert not (project / "fastserve-runs").exists()


@pytest.mark.e2e
def test_a_second_run_at_the_same_time_is_refused(project: Path) -> None:
    """One run at a time on a machine: the second one says who has it, and ends with the stack's status."""
    first = start(project, "small")
    wait_for_line(first, r"^trial 1 of 6")
    status, out, err = finish(start(project, "small"))
    first.send_signal(signal.SIGTERM)
    finish(first)

    assert (status, out) == (3, "")
    assert f"pid {first.pid}" in err
