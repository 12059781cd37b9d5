"""While a run goes on, the machine and the run's folder are its own, and every command knows of it."""

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from controller.stack.leftovers import labelled_processes
from tests.e2e.command import Machine, one_line, run_folder, until, wait_for_window
from tests.e2e.project import add_plan, add_server, new_project


@dataclass(frozen=True, slots=True, kw_only=True)
class GoingOn:
    """A run that lasts longer than the tests that look at it."""

    project: Path
    folder: Path
    pid: int


@pytest.fixture(scope="module")
def going_on(tmp_path_factory: pytest.TempPathFactory, machine: Machine) -> Iterator[GoingOn]:
    """A run in the middle of its first trial."""
    project = new_project(tmp_path_factory.mktemp("long") / "project")
    add_server(project, "server", env={"MISBEHAVE": "forks"})
    add_plan(project, "long", "server", repeats=2)
    with machine.started("run", "long", "--set", "load.duration_s=120", cwd=project) as process:
        wait_for_window(project / "fastserve-runs", phase="measured")
        yield GoingOn(project=project, folder=run_folder(project / "fastserve-runs"), pid=process.pid)


def test_a_second_run_is_refused(going_on: GoingOn, machine: Machine) -> None:
    """One line says who has the machine, and what to do."""
    message = one_line(machine.run("run", "long", cwd=going_on.project), 3)

    assert f"found long (pid {going_on.pid}, since " in message
    assert "wait for it" in message


def test_a_run_that_is_written_cannot_be_resumed(going_on: GoingOn, machine: Machine) -> None:
    """On this machine the lock of the machine says so."""
    done = machine.run("run", "long", "--set", "load.duration_s=120", "--resume", going_on.folder, cwd=going_on.project)

    assert str(going_on.pid) in one_line(done, 3)


def test_a_second_writer_is_refused(going_on: GoingOn, machine: Machine, tmp_path: Path) -> None:
    """From elsewhere, such as another machine with the same disk, the lock of the folder says so."""
    (tmp_path / "another").mkdir()
    another = Machine(folder=tmp_path / "another")
    done = another.run("run", "long", "--set", "load.duration_s=120", "--resume", going_on.folder, cwd=going_on.project)

    assert f"found process {going_on.pid} writing to this run" in one_line(done, 5)


def test_it_is_listed_as_running(going_on: GoingOn, machine: Machine) -> None:
    """`runs` says who writes to it, and `runs rm` leaves it alone."""
    listed = machine.run("runs", cwd=going_on.project).stdout
    removed = machine.run("runs", "rm", going_on.folder.name, cwd=going_on.project)

    assert f"running (process {going_on.pid}): 0 of 2 trials" in listed
    assert str(going_on.pid) in one_line(removed, 5)
    assert going_on.folder.is_dir()


def test_doctor_says_that_a_run_is_under_way(going_on: GoingOn, machine: Machine) -> None:
    """Who wonders why nothing can be run is told."""
    done = machine.run("doctor", cwd=going_on.project)

    assert done.returncode == 0, done
    assert f"a run is under way: long (pid {going_on.pid}" in done.stdout
    assert "ready     server" in done.stdout


def test_it_can_be_looked_at(going_on: GoingOn, machine: Machine) -> None:
    """`compare` and `report` read what there is, and disturb nothing."""
    done = machine.run("compare", "latest", cwd=going_on.project)

    assert done.returncode == 0, done
    assert "no trial has ended yet" in done.stdout


def test_down_ends_what_a_crash_left_and_nothing_else(going_on: GoingOn, machine: Machine) -> None:
    """A run that is alive is left alone; once all that would end it were killed at once, `down` ends the rest."""
    label = going_on.folder.name

    def left() -> list[int]:
        return [process.pid for process in labelled_processes() if process.label == label]

    alive = machine.run("down", cwd=going_on.project)
    before = left()
    keepers = [process.pid for process in labelled_processes() if process.label == label and process.controller]
    # Stopped first: none of them sees another one go.
    for number in (signal.SIGSTOP, signal.SIGKILL):
        for pid in (going_on.pid, *keepers):
            with suppress(ProcessLookupError):
                os.kill(pid, number)
    until(lambda: not set(left()) & set(keepers))
    orphans = left()
    ended = machine.run("down", cwd=going_on.project)

    assert f"left alone {label}: its process {going_on.pid} is alive" in alive.stdout
    assert len(before) >= 5
    assert orphans
    assert ended.returncode == 0, ended
    # Most end with the keeper of theirs; the daemon, which nobody's end reaches, is what is left.
    assert [pid for pid in orphans if f"(pid {pid}) of {label}" in ended.stdout]
    assert left() == []
