"""`down` ends what a crash left, by its label, and nothing else."""

import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.stack.leftovers import down, labelled_processes, living_runs
from controller.stack.procfs import is_alive, process_state
from controller.stack.supervisor import supervise
from tests.stack.programs import ENVIRONMENT, FORKS_TWICE, IGNORES_SIGTERM, SLEEPER, all_gone, python, text_of, until


@pytest.fixture
def orphan(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Return a process with a label whose run is long gone."""
    env = {**os.environ, "FASTSERVE_RUN": f"crashed-{tmp_path.name}"}
    with subprocess.Popen(python(SLEEPER), env=env) as process:
        yield process
        process.kill()


def test_only_what_is_labelled_is_ended(orphan: "subprocess.Popen[bytes]", tmp_path: Path) -> None:
    """A process of ours without a label stays, and so does the caller; what was ended is named."""
    label = f"crashed-{tmp_path.name}"
    with subprocess.Popen(python(SLEEPER), env={**os.environ, "NOT_FASTSERVE_RUN": "x"}) as other:
        ended = down(label=label)
        orphan.wait(10)
        stays = is_alive(other.pid)
        other.kill()

    assert [(left.pid, left.label) for left in ended] == [(orphan.pid, label)]
    assert str(ended[0]).endswith(f"(pid {orphan.pid}) of {label}")
    assert orphan.returncode == -signal.SIGTERM
    assert stays


def test_a_living_run_is_left_alone(tmp_path: Path, logs: Path) -> None:
    """What belongs to a controller that lives is only ended when that is asked for."""
    label = f"living-{tmp_path.name}"
    with supervise(label=label, logs=logs) as supervisor:
        program = supervisor.launch("forks", python(FORKS_TWICE), env=ENVIRONMENT, cwd=logs, log=logs / "log")
        until(lambda: "daemon up" in text_of(program.log))
        family = program.family()
        ended = down(label=label)
        alive = all(map(is_alive, family))
        runs = living_runs()

        assert (ended, alive, runs[label]) == ([], True, os.getpid())
        assert len(down(force=True, label=label)) >= len(family)
        assert all_gone(family)


def test_what_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    """Three seconds after it was asked."""
    label = f"deaf-{tmp_path.name}"
    env = {**os.environ, "FASTSERVE_RUN": label}
    log = tmp_path / "log"
    with log.open("wb") as output, subprocess.Popen(python(IGNORES_SIGTERM), env=env, stdout=output) as process:
        until(lambda: "up" in text_of(log))
        down(label=label)
        process.wait(10)

    assert process.returncode == -signal.SIGKILL


def test_all_processes_of_a_run_carry_its_label(tmp_path: Path, logs: Path) -> None:
    """Supervisor, keeper and program can be found should all else fail."""
    label = f"labelled-{tmp_path.name}"
    with supervise(label=label, logs=logs) as supervisor:
        program = supervisor.launch("sleeper", python(SLEEPER), env=ENVIRONMENT, cwd=logs, log=logs / "log")
        keeper = process_state(program.keeper)
        assert keeper is not None
        pids = {left.pid for left in labelled_processes() if left.label == label}

    assert pids == {keeper.parent, program.keeper, program.pid}
