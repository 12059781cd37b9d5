"""A server that runs already is found by where it listens, and never stopped."""

import subprocess
import sys
from pathlib import Path

from controller.plan.target import Target
from controller.plan.trust import BY_THIS_MACHINE
from controller.stack.ports import free_port
from controller.stack.procfs import is_alive
from controller.stack.reached import Reached, reach_target
from tests.load.scripts import answers
from tests.load.servers import ScriptedServer, answer_of
from tests.stack.programs import until

# Two processes hold one listening socket, as a pre-forking server's do; each has a child.
PREFORKED = """
import http.server, os, sys
server = http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), http.server.SimpleHTTPRequestHandler)
server.RequestHandlerClass.log_message = lambda *_: None
if os.fork() == 0:
    server.serve_forever()
if os.fork() == 0:
    server.socket.close()
    import time
    time.sleep(600)
os.wait()
"""
# Asked by a process below the one that listens.
FROM_BELOW = """
import sys
from tests.stack.test_reached import reach
print(*reach(sys.argv[1]).listeners, *reach(sys.argv[1]).notes, sep="\\n")
"""
SEEN = "target ran already: not started for the trial, reached by no setting, on cores of its own choice"


def target_at(url: str) -> Target:
    """Return a target that runs already."""
    return Target(
        name="there",
        folder=Path("/servers/there"),
        language="Python",
        framework="http.server",
        style="sync",
        process_model="one process",
        contract=False,
        ready="/",
        url=url,
    )


def reach(url: str) -> Reached:
    """Reach a server at a URL."""
    return reach_target(target_at(url), trust=BY_THIS_MACHINE)


def test_all_its_processes_are_found_and_none_is_ended(tmp_path: Path) -> None:
    """Who listens, and what came of it: also what does not listen itself. When they have ended it is said."""
    port = free_port()
    with subprocess.Popen([sys.executable, "-c", PREFORKED, str(port)], cwd=tmp_path) as process:
        until(lambda: len(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()) == 2)
        children = [*map(int, Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split())]
        reached = reach(f"http://127.0.0.1:{port}")
        family, died = reached.family(), reached.died()

        assert sorted(family) == sorted([process.pid, *children])
        assert died is None
        assert reached.notes == (SEEN,)
        assert reached.cores
        assert all(map(is_alive, family))
        for pid in (*children, process.pid):
            subprocess.run(["kill", "-9", str(pid)], check=True)
    until(lambda: reached.died() is not None)
    assert reached.died() == f"there: expected http://127.0.0.1:{port} to stay, found that its processes have ended"


def test_what_is_above_everything_is_no_server() -> None:
    """Where a process listens for others, such as an init, all that runs would be taken for the server: none is."""
    with ScriptedServer(answers(answer_of())) as server:
        said = subprocess.run(
            [sys.executable, "-c", FROM_BELOW, server.url], capture_output=True, text=True, check=True, timeout=60
        )

    assert said.stdout.splitlines() == [SEEN, "target is on this machine, but not its processes: its CPU is not seen"]
