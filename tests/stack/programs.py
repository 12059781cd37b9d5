"""Programs to start, and what is left of them: small Python scripts, seen through /proc."""

import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from controller.plan.target import Target, read_target
from controller.stack.leftovers import labelled_processes
from controller.stack.procfs import is_alive

WITHIN_S = 20.0
ENVIRONMENT = {"PATH": os.environ["PATH"]}

SLEEPER = "import time; time.sleep(600)"
IGNORES_SIGTERM = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
)
# A parent, a child, and a daemon by the book: forked twice, in a session of its own.
FORKS_TWICE = """
import os, signal, time
if os.fork() == 0:
    time.sleep(600)
if os.fork() == 0:
    os.setsid()
    if os.fork():
        os._exit(0)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    print("daemon up", flush=True)
    time.sleep(600)
os.wait()
print("parent up", flush=True)
time.sleep(600)
"""
DEAF_DAEMON = FORKS_TWICE.replace("SIG_DFL", "SIG_IGN")
SERVER = """
import http.server, os
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(os.environ.get("STATUS", "200")))
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")
http.server.ThreadingHTTPServer((os.environ["BIND"], int(os.environ["PORT"])), Handler).serve_forever()
"""


def python(script: str) -> list[str]:
    """Return the arguments that run a script with nothing but the standard library."""
    return [sys.executable, "-S", "-c", script]


def until(holds: Callable[[], object], within_s: float = WITHIN_S) -> None:
    """Wait until something holds; fail when it does not in time."""
    until_s = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < until_s, f"did not hold within {within_s} s"
        time.sleep(0.01)


def all_gone(pids: list[int]) -> bool:
    """Return whether none of these processes runs."""
    return not any(is_alive(pid) for pid in pids)


def left_of(label: str) -> list[str]:
    """Return what is left of a run, in words that make a failing test easy to read."""
    return [str(process) for process in labelled_processes() if process.label == label]


def text_of(path: Path) -> str:
    """Return what a file says; empty before it is there."""
    return path.read_text(encoding="utf-8") if path.exists() else ""


def made_target(folder: Path, *, files: Mapping[str, str], **keys: object) -> Target:
    """Write a server's folder with its server.toml and return the target that is read from it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    known = {"language": "Python", "framework": "none", "style": "sync", "process_model": "one process", **keys}
    (folder / "server.toml").write_text("".join(f"{key} = {_toml(value)}\n" for key, value in known.items()))
    return read_target(folder / "server.toml")


def _toml(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(item)}" for key, item in value.items()) + "}"
    return json.dumps(value)
