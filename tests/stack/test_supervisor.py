"""Programs below a supervisor: started as asked, and ended whole, whatever they do."""

import os
import resource
import signal
import threading
import time
from pathlib import Path

import pytest

from controller.errors import StackError
from controller.stack.procfs import is_alive, process_state
from controller.stack.supervisor import Launched, Supervisor, supervise
from tests.stack.programs import (
    DEAF_DAEMON,
    ENVIRONMENT,
    FORKS_TWICE,
    IGNORES_SIGTERM,
    SLEEPER,
    all_gone,
    left_of,
    python,
    text_of,
    until,
)


def launched(supervisor: Supervisor, script: str, logs: Path, **more: object) -> Launched:
    """Start a script that logs to a file of its own."""
    log = logs / f"{len(list(logs.iterdir()))}.log"
    return supervisor.launch("script", python(script), env=ENVIRONMENT, cwd=logs, log=log, **more)  # type: ignore[arg-type]


def test_a_program_runs_and_its_status_is_known(supervisor: Supervisor, logs: Path) -> None:
    """A running program has no status yet; afterwards it is what it ended with."""
    sleeps = launched(supervisor, SLEEPER, logs)
    ends = launched(supervisor, "raise SystemExit(7)", logs)
    until(lambda: ends.poll() is not None)

    assert sleeps.poll() is None
    assert sleeps.family() == [sleeps.pid]
    assert ends.poll() == 7
    assert ends.family() == []


def test_a_signal_is_a_negative_status(supervisor: Supervisor, logs: Path) -> None:
    """Who was killed can be told from who ended by itself."""
    program = launched(supervisor, SLEEPER, logs)
    os.kill(program.pid, signal.SIGKILL)
    until(lambda: program.poll() is not None)

    assert program.poll() == -signal.SIGKILL


def test_stop_is_asked_for_first(supervisor: Supervisor, logs: Path) -> None:
    """SIGTERM comes before SIGKILL, so a server can end in its own way, and stopping twice is no error."""
    script = (
        "import signal, sys, time; signal.signal(15, lambda *_: sys.exit(3)); print('up', flush=True); time.sleep(600)"
    )
    program = launched(supervisor, script, logs)
    until(lambda: "up" in text_of(program.log))
    program.stop()
    program.stop()

    assert program.poll() == 3


def test_what_ignores_sigterm_is_killed_after_the_grace(supervisor: Supervisor, logs: Path) -> None:
    """No program can refuse to end."""
    program = launched(supervisor, IGNORES_SIGTERM, logs)
    until(lambda: "up" in text_of(program.log))
    program.stop(grace_s=0.2)

    assert program.poll() == -signal.SIGKILL


def test_stop_ends_daemons_too(supervisor: Supervisor, logs: Path) -> None:
    """A daemon that was forked twice and ignores SIGTERM belongs to the family, and ends with it."""
    program = launched(supervisor, DEAF_DAEMON, logs)
    until(lambda: "daemon up" in text_of(program.log) and "parent up" in text_of(program.log))
    family = program.family()
    program.stop(grace_s=0.2)

    assert len(family) == 3
    assert all_gone(family)


def test_a_daemon_outlives_its_parent_but_not_its_keeper(supervisor: Supervisor, logs: Path) -> None:
    """When the main process has ended, what it left behind is still known and is asked to end at once."""
    script = "import os, time\nif os.fork(): os._exit(0)\nos.setsid()\nif os.fork(): os._exit(0)\ntime.sleep(600)"
    program = launched(supervisor, script, logs)
    until(lambda: program.poll() == 0 and len(program.family()) == 1)
    (daemon,) = program.family()
    program.stop(grace_s=60)

    assert program.poll() == 0
    assert not is_alive(daemon)


def test_leaving_the_block_ends_everything(logs: Path) -> None:
    """Whatever was not stopped ends with the supervisor, also when the block is left by an error."""
    families: list[list[int]] = []

    def fail_inside() -> None:
        with supervise(label="left", logs=logs) as supervisor:
            program = launched(supervisor, FORKS_TWICE, logs)
            until(lambda: "daemon up" in text_of(program.log))
            families.append(program.family())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_inside()

    assert len(families[0]) >= 2
    assert all_gone(families[0])
    assert left_of("left") == []


def test_nothing_but_what_was_given_reaches_the_program(supervisor: Supervisor, logs: Path) -> None:
    """A program gets the given environment and the label, three descriptors, a session and default signals."""
    read_end, write_end = os.pipe()
    os.set_inheritable(write_end, True)
    program = launched(supervisor, SLEEPER, logs)
    proc = Path(f"/proc/{program.pid}")
    variables = dict(line.split("=", 1) for line in (proc / "environ").read_text().split("\0") if line)
    status = dict(line.split(":\t", 1) for line in (proc / "status").read_text().splitlines())

    assert variables == {**ENVIRONMENT, "FASTSERVE_RUN": supervisor.label}
    assert sorted(os.listdir(proc / "fd")) == ["0", "1", "2"]
    assert [str((proc / link).readlink()) for link in ("fd/0", "fd/2", "cwd")] == [
        "/dev/null",
        str(program.log),
        str(logs),
    ]
    assert os.getsid(program.pid) == program.pid
    assert int(status["SigBlk"], 16) == 0
    # Python itself ignores SIGPIPE and SIGXFSZ once it has started; Ctrl-C and hang-ups must not be ignored.
    assert not int(status["SigIgn"], 16) & (1 << signal.SIGINT - 1 | 1 << signal.SIGHUP - 1)
    os.close(read_end)
    os.close(write_end)


def test_signals_are_reset_before_a_program_that_does_not_touch_them(supervisor: Supervisor, logs: Path) -> None:
    """What Python and the supervisor ignore is not ignored in a program that leaves signals alone."""
    program = supervisor.launch("sleep", ["sleep", "600"], env=ENVIRONMENT, cwd=logs, log=logs / "sleep.log")
    lines = Path(f"/proc/{program.pid}/status").read_text().splitlines()
    status = dict(line.split(":\t", 1) for line in lines if line.startswith("Sig"))
    # 32 and 33 are the C library's own: nobody can set them, and what make starts has them ignored.
    changeable = ~(1 << 32 - 1 | 1 << 33 - 1)

    assert int(status["SigIgn"], 16) & changeable == 0
    assert int(status["SigCgt"], 16) & changeable == 0


def test_cores_are_set_before_the_program_starts(supervisor: Supervisor, logs: Path) -> None:
    """A program that counts its cores when it starts counts those it was given, and so do its children."""
    core = max(os.sched_getaffinity(0))
    program = launched(supervisor, "import os; print(sorted(os.sched_getaffinity(0)), flush=True)", logs, cpus=[core])
    until(lambda: program.poll() is not None)
    anywhere = launched(supervisor, SLEEPER, logs)

    assert program.tail() == f"[{core}]"
    assert os.sched_getaffinity(anywhere.pid) == os.sched_getaffinity(0)


def test_the_limit_of_open_files_is_raised(supervisor: Supervisor, logs: Path) -> None:
    """A program may have as many files open as the hard limit says."""
    program = launched(supervisor, "import resource; print(*resource.getrlimit(resource.RLIMIT_NOFILE))", logs)
    until(lambda: program.poll() is not None)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]

    assert program.tail() == f"{hard} {hard}"


def test_a_program_that_is_not_there_is_one_line(supervisor: Supervisor, logs: Path) -> None:
    """Everything that can keep a program from starting is told with its name, and the supervisor goes on."""
    (logs / "text").write_text("no program")
    (logs / "script").write_text("#!/no/interpreter\n")
    (logs / "script").chmod(0o755)
    (logs / "empty").write_text("nor this")
    (logs / "empty").chmod(0o755)
    wrong = {
        "no 'nowhere' on PATH": (["nowhere"], logs),
        "found no file": (["./nowhere"], logs),
        "to be executable": (["./text"], logs),
        "interpreter": (["./script"], logs),
        "neither one nor a first line": (["./empty"], logs),
        "expected to start in the folder": (["true"], logs / "nowhere"),
        "embedded null": (["tr\0ue"], logs),
    }
    for part, (argv, cwd) in wrong.items():
        with pytest.raises(StackError, match=f"^program: .*{part}") as caught:
            supervisor.launch("program", argv, env=ENVIRONMENT, cwd=cwd, log=logs / "wrong.log")
        assert "\n" not in str(caught.value)
    with pytest.raises(StackError, match=r"expected to run on cores \[99999\]"):
        supervisor.launch("program", ["true"], env=ENVIRONMENT, cwd=logs, cpus=[99999], log=logs / "wrong.log")
    with pytest.raises(StackError, match="expected to write its log"):
        supervisor.launch("program", ["true"], env=ENVIRONMENT, cwd=logs, log=logs / "nowhere" / "wrong.log")

    assert launched(supervisor, SLEEPER, logs).poll() is None


def test_tail_is_fit_for_a_terminal(supervisor: Supervisor, logs: Path) -> None:
    """The last lines that say something, without control characters; none of a log that is empty."""
    program = launched(supervisor, r"print('\n'.join(map(str, range(20))) + '\n\n\x1b[31mred\a\n')", logs)
    until(lambda: program.poll() is not None)

    assert program.tail(lines=3) == "18\n19\n [31mred"
    assert launched(supervisor, SLEEPER, logs).tail() == ""


def test_several_threads_may_use_it_at_once(supervisor: Supervisor, logs: Path) -> None:
    """Answers reach the thread that asked, while others start and stop programs."""
    statuses: dict[int, int | None] = {}

    def run(number: int) -> None:
        program = launched_to(number)
        until(lambda: program.poll() is not None)
        statuses[number] = program.poll()
        program.stop()

    def launched_to(number: int) -> Launched:
        argv = ["sh", "-c", f"exit {number}"]
        return supervisor.launch("sh", argv, env=ENVIRONMENT, cwd=logs, log=logs / f"{number}.log")

    threads = [threading.Thread(target=run, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == {number: number for number in range(12)}


def test_ctrl_c_in_the_terminal_does_not_reach_it(supervisor: Supervisor, logs: Path) -> None:
    """Supervisor, keeper and program are in sessions of their own; it is the controller that ends them, in order."""
    program = launched(supervisor, SLEEPER, logs)
    keeper = process_state(program.keeper)
    assert keeper is not None
    sessions = [os.getsid(pid) for pid in (keeper.parent, program.keeper, program.pid)]

    assert sessions == [keeper.parent, keeper.parent, program.pid]
    assert os.getsid(0) not in sessions


def test_a_slow_stop_keeps_nobody_waiting(supervisor: Supervisor, logs: Path) -> None:
    """While one program takes its time to end, others are answered for."""
    slow, other = launched(supervisor, IGNORES_SIGTERM, logs), launched(supervisor, SLEEPER, logs)
    until(lambda: "up" in text_of(slow.log))
    stopping = threading.Thread(target=slow.stop, kwargs={"grace_s": 1.0})
    stopping.start()
    asked = 0
    while stopping.is_alive():
        assert other.poll() is None
        asked += 1
        time.sleep(0.01)

    assert asked > 5
    assert slow.poll() == -signal.SIGKILL


def test_a_killed_supervisor_leaves_nothing(logs: Path) -> None:
    """Keepers end their trees when the supervisor is killed, and whoever asks it gets one clear line."""
    with supervise(label="killed", logs=logs) as supervisor:
        program = launched(supervisor, FORKS_TWICE, logs)
        until(lambda: "daemon up" in text_of(program.log))
        family = program.family()
        keeper = process_state(program.keeper)
        assert keeper is not None
        os.kill(keeper.parent, signal.SIGKILL)
        until(lambda: all_gone(family))

        with pytest.raises(StackError, match="expected the supervisor of this run to answer"):
            program.poll()
        with pytest.raises(StackError, match="expected the supervisor of this run to answer"):
            launched(supervisor, SLEEPER, logs)

    assert left_of("killed") == []


def test_a_killed_keeper_leaves_nothing(supervisor: Supervisor, logs: Path) -> None:
    """The supervisor ends what a keeper cannot end any more, and goes on with the others."""
    program, other = launched(supervisor, FORKS_TWICE, logs), launched(supervisor, SLEEPER, logs)
    until(lambda: "daemon up" in text_of(program.log))
    family = program.family()
    os.kill(program.keeper, signal.SIGKILL)
    until(lambda: all_gone(family))

    assert program.poll() == -signal.SIGKILL
    assert other.poll() is None
