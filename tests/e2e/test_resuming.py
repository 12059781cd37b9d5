"""A stored run goes on where it stopped, with the plan and the targets it began with, and with no others."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.e2e.command import WENT_WELL, Done, Machine, lines_of, one_line, run_folder, until
from tests.e2e.project import add_plan, add_server
from tests.e2e.sample import BLOCKS, TARGETS, Sample
from tests.needs import unmet

TRIALS = len(TARGETS) * 2 * BLOCKS
Resume = Callable[..., Done]


@pytest.fixture
def copy(sample: Sample, tmp_path: Path) -> Path:
    """The project of the sample with its finished run, to be changed; returns the run's folder."""
    shutil.copytree(sample.project, tmp_path / "project", symlinks=True)
    return tmp_path / "project" / "fastserve-runs" / sample.folder.name


@pytest.fixture
def resume(copy: Path, machine: Machine, tmp_path: Path) -> Resume:
    """Resume the copied run."""

    def resumed(*arguments: object) -> Done:
        project = copy.parents[1]
        env = {"COUNT_FOLDER": str(tmp_path)}
        return machine.run("run", "sample", "--resume", copy, *arguments, cwd=project, env=env)

    return resumed


def cut(path: Path, *, lines: int, extra: int = 0) -> None:
    """Leave so many lines of a file, and some bytes of the next."""
    kept = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(kept[:lines]) + kept[lines][:extra] if lines < len(kept) else b"".join(kept))


def test_another_plan_is_refused(copy: Path, resume: Resume) -> None:
    """The message says which setting was and is now what."""
    before = (copy / "windows.jsonl").read_bytes()
    message = one_line(resume("--set", "load.duration_s=3"), 5)

    assert "load.duration_s: was 1, now 3" in message
    assert (copy / "windows.jsonl").read_bytes() == before


def test_a_changed_target_is_refused(copy: Path, resume: Resume) -> None:
    """A source that was touched since makes another target: the message names it."""
    source = copy.parents[1] / "servers" / "second" / "server.py"
    source.write_text(source.read_text() + "# faster now\n")
    message = one_line(resume(), 5)

    assert "build of target second" in message
    assert "build of target plain" not in message


@pytest.mark.parametrize("command", ["compare", "report", "run"])
def test_a_newer_format_is_refused(command: str, copy: Path, resume: Resume, machine: Machine) -> None:
    """What a later FastServe wrote is not guessed at, by no command."""
    facts = json.loads((copy / "facts.json").read_text())
    (copy / "facts.json").write_text(json.dumps({**facts, "format": 99}))
    done = resume() if command == "run" else machine.run(command, copy, cwd=copy.parent)

    assert "found format 99" in one_line(done, 5)


def test_a_finished_run_has_nothing_to_go_on_with(copy: Path, resume: Resume) -> None:
    """Resuming it builds and runs nothing, writes the same tables and prints them."""
    tables = {name: (copy / name).read_bytes() for name in ("summary.csv", "trials.csv", "windows.jsonl")}
    done = resume()

    assert done.returncode in WENT_WELL, done
    assert "requests/s" in done.stdout
    assert "building" not in done.stderr
    assert {name: (copy / name).read_bytes() for name in tables} == tables


def test_a_journal_that_was_cut_off(copy: Path, resume: Resume, machine: Machine) -> None:
    """A line cut in its middle is left out with a warning, and its trial runs again; all before it is kept."""
    windows, trials = copy / "windows.jsonl", copy / "trials.jsonl"
    last = len(windows.read_bytes().splitlines()) - 1
    cut(windows, lines=last, extra=40)
    cut(trials, lines=TRIALS - 1, extra=25)
    kept = windows.read_bytes().splitlines(keepends=True)[:last]
    read = machine.run("compare", copy, cwd=copy.parent)
    listed = machine.run("runs", "--out", copy.parent, cwd=copy.parent)
    done = resume()

    assert read.returncode == 0, read
    assert read.stderr.count("the last line is cut off") == 2
    assert f"unfinished: {TRIALS - 1} of {TRIALS} trials" in listed.stdout
    assert done.returncode in WENT_WELL, done
    assert windows.read_bytes().splitlines(keepends=True)[:last] == kept
    assert sorted(row["trial"] for row in lines_of(trials)) == list(range(1, TRIALS + 1))
    assert lines_of(trials)[-1]["order"] > TRIALS


def test_a_damaged_journal_is_one_line(copy: Path, resume: Resume) -> None:
    """Damage in the middle is not passed over: file and line are named, and nothing is changed."""
    lines = (copy / "windows.jsonl").read_bytes().splitlines(keepends=True)
    lines[2] = lines[2][:50] + b"\n"
    (copy / "windows.jsonl").write_bytes(b"".join(lines))

    assert "windows.jsonl, line 3: expected a whole JSON line" in one_line(resume(), 5)
    assert (copy / "windows.jsonl").read_bytes() == b"".join(lines)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A small file system, by a real mount where that is allowed."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except OSError:
        mounted = False
    if not mounted:
        unmet("a file system cannot be mounted here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


def fill(disk: Path) -> None:
    """Take all the space that is left, to the last byte."""
    with (disk / "filler").open("wb", buffering=0) as filler:
        for step in (4096, 1):
            with suppress(OSError):
                while True:
                    filler.write(b"x" * step)


def test_a_disk_that_fills_up(small_disk: Path, project: Path, machine: Machine) -> None:
    """The run ends with one line and status 5; what was written is kept and can be gone on with elsewhere."""
    add_server(project, "plain")
    add_plan(project, "full", "plain", repeats=3)
    with machine.started("run", "full", "--out", small_disk, cwd=project) as process:
        until(lambda: lines_of(small_disk / "latest" / "trials.jsonl"), within_s=60)
        fill(small_disk)
        status = process.wait(60)
    said = (project / "stdout.said").read_text() + (project / "stderr.said").read_text()
    run = run_folder(small_disk)
    trials, roomy = lines_of(run / "trials.jsonl"), project / "fastserve-runs" / run.name
    shutil.copytree(run, roomy)
    resumed = machine.run("run", "full", "--resume", roomy, cwd=project)

    assert status == 5, said
    assert said.count("Error: ") == 1
    assert "No space left on device" in said
    assert "Traceback" not in said
    assert 1 <= len(trials) < 3
    assert resumed.returncode in WENT_WELL, resumed
    assert sorted(row["trial"] for row in lines_of(roomy / "trials.jsonl")) == [1, 2, 3]
    assert lines_of(roomy / "trials.jsonl")[: len(trials)] == trials
