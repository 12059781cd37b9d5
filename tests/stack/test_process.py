"""A target runs as its server.toml says, and every way of not getting ready is told."""

import os
import re
import signal
import socket
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.errors import StackError
from controller.plan.target import Target
from controller.stack.build import Build
from controller.stack.ports import free_port
from controller.stack.process import Running, run_target
from controller.stack.settings import Settings
from controller.stack.supervisor import Supervisor
from tests.needs import require
from tests.stack.programs import SERVER, all_gone, made_target, text_of, until

RUN = ["python3", "-S", "server.py"]
# Tells its port, and listens once it may.
HESITANT = """
import os, pathlib, time
with open("ports", "a") as file:
    print(os.environ["PORT"], file=file, flush=True)
while not os.path.exists("go"):
    time.sleep(0.01)
"""
NGINX_CONF = """
daemon off; worker_processes 2; pid {out}/nginx.pid; error_log stderr;
events {}
http { access_log off; server { listen 127.0.0.1:{port}; location /ok { return 204; } } }
"""
NGINX_RUN = 'sed "s#{port}#$PORT#" nginx.conf > $OUT/nginx.conf; exec nginx -p $OUT -e stderr -c $OUT/nginx.conf'


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., tuple[Target, Build]]:
    """Return a maker of targets, each with the empty build of one that needs none."""

    def made(script: str, **keys: object) -> tuple[Target, Build]:
        target = made_target(tmp_path / "servers" / "made", files={"server.py": script}, **{"run": RUN, **keys})
        out = tmp_path / "out"
        out.mkdir(exist_ok=True)
        return target, Build(target=target.name, key="0", out=out, size_bytes=0)

    return made


def refusal(
    supervisor: Supervisor, made: tuple[Target, Build], logs: Path, *, within_s: float = 20, port: int = 0
) -> str:
    """Run a target that must not get ready, and return what is said of it."""
    with (
        pytest.raises(StackError) as caught,
        run_target(
            supervisor, *made, settings=Settings(port=port), cores=None, log=logs / "made.log", ready_within_s=within_s
        ),
    ):
        pytest.fail("it got ready")
    return str(caught.value)


def test_a_target_runs_as_described(
    supervisor: Supervisor, logs: Path, make: Callable[..., tuple[Target, Build]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gets its settings, a clean environment, its own variables with places filled in, and its cores."""
    monkeypatch.setenv("PASSED", "through")
    monkeypatch.setenv("NOT_PASSED", "secret")
    core = min(os.sched_getaffinity(0))
    made = make(
        SERVER, run=["sh", "-c", "exec env python3 -S {src}/server.py"], env={"PLACE": "{out}/x"}, pass_env=["PASSED"]
    )
    settings = Settings(server_cpus=1, sqlite_path=logs / "db")
    with run_target(supervisor, *made, settings=settings, cores=[core], log=logs / "made.log") as running:
        with urllib.request.urlopen(running.url + "/anything") as answer:
            body = answer.read()
        environ = Path(f"/proc/{running.launched.family()[-1]}/environ").read_text()
        variables = dict(line.split("=", 1) for line in environ.split("\0") if line)
        cores = os.sched_getaffinity(running.launched.pid)
        family, died = running.launched.family(), running.died()

    assert body == b"ok"
    assert died is None
    assert cores == {core}
    assert running.url == f"http://127.0.0.1:{running.port}"
    assert 0 < running.startup_s < 20
    assert variables["PLACE"] == str(made[1].out / "x")
    assert variables["PASSED"] == "through"
    assert variables["PORT"] == str(running.port)
    assert variables["SQLITE_PATH"] == str(logs / "db")
    assert variables["FASTSERVE_RUN"] == supervisor.label
    assert {"PATH", "HOME", "LANG"} <= variables.keys()
    assert "NOT_PASSED" not in variables
    assert all_gone(family)


def test_startup_is_execution_to_first_answer(
    supervisor: Supervisor, logs: Path, make: Callable[..., tuple[Target, Build]]
) -> None:
    """A target that takes half a second before it listens did not start in less."""
    made = make("import time; time.sleep(0.5)\n" + SERVER)
    with run_target(supervisor, *made, settings=Settings(), log=logs / "made.log") as running:
        passed_s = time.monotonic() - running.launched.started_s

    assert 0.5 < running.startup_s < passed_s


def test_a_target_that_answers_500(
    supervisor: Supervisor, logs: Path, make: Callable[..., tuple[Target, Build]]
) -> None:
    """What was expected, where, what was found, and the end of its log with the log's place."""
    text = refusal(supervisor, make(SERVER, env={"STATUS": "500"}), logs, within_s=0.6)

    assert re.match(
        r"made: expected GET http://127.0.0.1:\d+/api/health to answer 2xx within 0.6 s, found status 500;", text
    )
    assert str(logs / "made.log") in text
    assert '"GET /api/health HTTP/1.1" 500' in text


def test_a_target_that_never_listens(
    supervisor: Supervisor, logs: Path, make: Callable[..., tuple[Target, Build]]
) -> None:
    """A silent one is told from one that listens elsewhere, which may not have read PORT."""
    silent = refusal(supervisor, make("import time; time.sleep(600)"), logs, within_s=0.3)
    port = free_port()
    elsewhere = refusal(supervisor, make(SERVER.replace('os.environ["PORT"]', f'"{port}"')), logs, within_s=2)

    assert "found that nothing listens there; it wrote nothing to its log" in silent
    assert f"it listens on port {port} and should listen on PORT" in elsewhere


def test_a_target_that_listens_and_says_nothing(
    supervisor: Supervisor, logs: Path, make: Callable[..., tuple[Target, Build]]
) -> None:
    """Neither silence nor something that is no HTTP keeps anybody waiting longer than asked for."""
    listen = "import os, socket, time; s = socket.create_server(('', int(os.environ['PORT'])))\n"
    began_s = time.monotonic()
    mute = refusal(supervisor, make(listen + "time.sleep(600)"), logs, within_s=0.5)
    babble = refusal(
        supervisor, make(listen + "while True: s.accept()[0].sendall(b'220 mail\\r\\n\\r\\n')"), logs, within_s=0.5
    )

    assert "found no answer within that time" in mute
    assert "found no HTTP answer" in babble
    assert time.monotonic() - began_s < 15


def test_a_target_that_ends(supervisor: Supervisor, logs: Path, make: Callable[..., tuple[Target, Build]]) -> None:
    """How it ended is said at once, with its last words; status 0 is the sign of a server in the background."""
    broken = refusal(supervisor, make("raise SystemExit('CACHE_BACKEND: expected none or memory')"), logs)
    killed = refusal(supervisor, make("import os; os.kill(os.getpid(), 9)"), logs)
    background = refusal(supervisor, make("import os, time\nif os.fork(): os._exit(0)\ntime.sleep(600)"), logs)
    absent = refusal(supervisor, make("", run=["{out}/server"]), logs)

    assert "found that it ended with status 1; the end of its log" in broken
    assert broken.endswith("\n  CACHE_BACKEND: expected none or memory")
    assert "found that it was ended by SIGKILL" in killed
    assert "expected it to stay in the foreground" in background
    assert absent.startswith("made: expected a program to run, found no file ")


def test_a_target_that_dies_later(
    supervisor: Supervisor, logs: Path, make: Callable[..., tuple[Target, Build]]
) -> None:
    """After it was ready its death is data, in words, and the block is left without an error."""
    made = make(SERVER)
    with run_target(supervisor, *made, settings=Settings(), log=logs / "made.log") as running:
        os.kill(running.launched.pid, signal.SIGSEGV)
        until(running.died)
        died = running.died()

    assert died is not None
    assert died.startswith("made: was ended by SIGSEGV; the end of its log")


def test_a_missing_variable(supervisor: Supervisor, logs: Path, make: Callable[..., tuple[Target, Build]]) -> None:
    """A variable that should be passed on and is not there is named before anything is started."""
    text = refusal(supervisor, make(SERVER, pass_env=["FASTSERVE_TEST_UNSET"]), logs)

    assert text == "made: expected FASTSERVE_TEST_UNSET in the environment (pass_env of server.toml), found unset"


def test_another_port_when_somebody_was_faster(
    supervisor: Supervisor, logs: Path, make: Callable[..., tuple[Target, Build]]
) -> None:
    """A port that is taken between choosing it and listening on it costs a second try and no more."""
    made = make(HESITANT + SERVER)
    taken: list[socket.socket] = []

    def take_first_port() -> None:
        until(lambda: text_of(made[0].folder / "ports").endswith("\n"))
        taken.append(socket.create_server(("127.0.0.1", int(text_of(made[0].folder / "ports")))))
        (made[0].folder / "go").touch()

    thread = threading.Thread(target=take_first_port)
    thread.start()
    with run_target(supervisor, *made, settings=Settings(), log=logs / "made.log") as running:
        thread.join()

    ports = text_of(made[0].folder / "ports").split()
    assert len(ports) == 2
    assert running.port == int(ports[1]) != taken[0].getsockname()[1]
    taken[0].close()


def test_a_fixed_port_that_is_taken(
    supervisor: Supervisor, logs: Path, make: Callable[..., tuple[Target, Build]]
) -> None:
    """A port that was asked for by number is not exchanged: the line says that somebody else has it."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        text = refusal(supervisor, make(SERVER), logs, port=taken.getsockname()[1])

    assert f"itself, found it taken by pid {os.getpid()} (" in text


def test_somebody_elses_answers_are_not_taken_for_the_targets(
    supervisor: Supervisor, logs: Path, make: Callable[..., tuple[Target, Build]]
) -> None:
    """Where another server answers on the port, a target that is alive without listening is not ready."""
    other = make(SERVER)
    with run_target(supervisor, *other, settings=Settings(), log=logs / "other.log") as running:
        idle = make("import time; time.sleep(600)")
        text = refusal(supervisor, idle, logs, port=running.port)

    assert (
        f"expected to listen on port {running.port} of 127.0.0.1 itself, found it taken by pid {running.launched.pid} "
        in text
    )


def test_nginx_as_a_target(supervisor: Supervisor, logs: Path, tmp_path: Path) -> None:
    """A server with a master and workers, dropped in as a folder with routes of its own, runs and ends whole."""
    require("nginx")
    target = made_target(
        tmp_path / "servers" / "web-nginx",
        files={"nginx.conf": NGINX_CONF.replace("{out}", str(tmp_path))},
        run=["sh", "-c", NGINX_RUN],
        env={"OUT": "{out}"},
        contract=False,
        ready="/ok",
    )
    build = Build(target=target.name, key="0", out=tmp_path, size_bytes=0)
    with run_target(supervisor, target, build, settings=Settings(), log=logs / "nginx.log") as running:
        until(lambda: len(running.launched.family()) == 3)
        family = running.launched.family()
        assert isinstance(running, Running)

    assert len(family) == 3
    assert all_gone(family)
