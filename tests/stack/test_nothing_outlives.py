"""Whatever happens to the controller, nothing that it has started outlives it."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from controller.errors import StackError
from controller.stack.lock import lock_holder, machine_lock
from controller.stack.procfs import process_state
from tests.needs import require
from tests.stack.programs import DEAF_DAEMON, FORKS_TWICE, all_gone, left_of, python, until

ROOT = Path(__file__).resolve().parents[2]
NGINX = """
daemon off; worker_processes 2; pid {folder}/nginx.pid; error_log {folder}/logs/log;
events {{}}
http {{ access_log off; server {{ listen unix:{folder}/nginx.sock; return 200; }} }}
"""


@contextmanager
def controller(label: str, folder: Path, argv: list[str]) -> Iterator["subprocess.Popen[str]"]:
    """Run a controller of its own that starts a program, with a lock of its own."""
    (folder / "logs").mkdir(exist_ok=True)
    command = [sys.executable, "-m", "tests.stack.controller_process", label, str(folder / "logs"), *argv]
    env = {**os.environ, "TMPDIR": str(folder)}
    with (folder / "errors").open("wb") as errors:
        process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=errors, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=30)


def started(process: "subprocess.Popen[str]") -> list[int]:
    """Wait until the program runs and return supervisor, keeper and all processes of the program."""
    assert process.stdout is not None
    keeper, *family = json.loads(process.stdout.readline())
    state = process_state(keeper)
    assert state is not None
    return [state.parent, keeper, *family]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_after_a_signal_to_the_controller(number: signal.Signals, tmp_path: Path) -> None:
    """Killed, asked to end or interrupted: children and daemons end with it."""
    label = f"signalled-{number.name}-{tmp_path.name}"
    with controller(label, tmp_path, ["--once", *python(FORKS_TWICE)]) as process:
        pids = started(process)
        process.send_signal(number)
        until(lambda: all_gone(pids))

        assert len(pids) == 5
        assert left_of(label) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_nginx_ends_with_its_workers(number: signal.Signals, tmp_path: Path) -> None:
    """A master with workers, which are not ended by a signal to the master alone when that is SIGKILL."""
    require("nginx")
    label = f"nginx-{number.name}-{tmp_path.name}"
    (tmp_path / "nginx.conf").write_text(NGINX.format(folder=tmp_path))
    (tmp_path / "logs").mkdir()
    script = f"nginx -p {tmp_path} -c nginx.conf & sleep 0.3; echo up; wait"
    with controller(label, tmp_path, ["--once", "sh", "-c", script]) as process:
        pids = started(process)
        process.send_signal(number)
        until(lambda: all_gone(pids))

        # supervisor, keeper, shell, master and two workers
        assert len(pids) == 6
        assert left_of(label) == []


def test_after_killing_controller_and_supervisor(tmp_path: Path) -> None:
    """Keepers need neither of them to end what they keep, daemons that ignore SIGTERM included."""
    label = f"both-killed-{tmp_path.name}"
    with controller(label, tmp_path, ["--once", *python(DEAF_DAEMON)]) as process:
        pids = started(process)
        process.kill()
        os.kill(pids[0], signal.SIGKILL)
        until(lambda: all_gone(pids))

        assert left_of(label) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_at_any_moment(number: signal.Signals, tmp_path: Path) -> None:
    """Starting, running or ending: there is no moment at which something could get away."""
    moments = random.Random(number)
    for attempt in range(4):
        label = f"moment-{number.name}-{attempt}-{tmp_path.name}"
        with controller(label, tmp_path, python(FORKS_TWICE)) as process:
            time.sleep(moments.uniform(0.05, 0.5))
            process.send_signal(number)
            process.wait(30)
            until(lambda label=label: left_of(label) == [])


def test_the_lock_is_held_until_all_are_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that was killed keeps the machine until its last process is gone; the next one waits that long."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    label = f"locked-{tmp_path.name}"
    with controller(label, tmp_path, ["--once", *python(DEAF_DAEMON)]) as process:
        pids = started(process)
        with (
            pytest.raises(StackError, match=rf"found {label} \(pid {process.pid}, since ") as caught,
            machine_lock("next"),
        ):
            pass
        process.kill()
        process.wait(30)
        held = lock_holder() is not None and not all_gone(pids)
        with machine_lock("next"):
            left = not all_gone(pids[2:])

    assert "\n" not in str(caught.value)
    assert held
    assert not left
