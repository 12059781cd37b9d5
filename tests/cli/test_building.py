"""`fastserve targets build`: what is missing, several at once, and what came of each."""

import io
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from controller.cli.building import LiveBuilds
from controller.errors import StackError
from controller.stack.build import Build
from controller.stack.builders import Underway
from tests.cli.folders import add_server, make_project
from tests.conftest import FASTSERVE, Fastserve


def add_build(project: Path, name: str, line: str) -> None:
    """Add a server that is built by one line of shell."""
    add_server(project, name)
    toml = project / "servers" / name / "server.toml"
    toml.write_text(toml.read_text().replace("build = []", f"build = {json.dumps([['sh', '-c', line]])}"))


@pytest.fixture(autouse=True)
def cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A cache in which nothing is built yet, however often the tests run."""
    monkeypatch.setenv("FASTSERVE_CACHE", str(tmp_path / "cache"))


def test_what_is_missing_is_built_and_the_second_call_finds_it(fastserve: Fastserve, tmp_path: Path) -> None:
    """A line for each on stdout, what begins on stderr; to find twelve that are built takes less than to build them."""
    project = make_project(tmp_path)
    for number in range(10):
        add_build(project, f"built-{number}", "head -c 3000000 /dev/zero > {out}/zeros")
    began_s = time.monotonic()
    first = fastserve("targets", "build", cwd=project)
    built_s = time.monotonic()
    second = fastserve("targets", "build", cwd=project)
    found_s = time.monotonic()

    assert (first.returncode, second.returncode) == (0, 0)
    assert "building built-3\n" in first.stderr
    assert len(first.stdout.splitlines()) == len(second.stdout.splitlines()) == 12
    assert "built-3: built in 0 s, 2.9 MiB\n" in first.stdout
    assert "built-3: was built, 2.9 MiB\n" in second.stdout
    assert second.stderr == ""
    assert found_s - built_s < built_s - began_s


def test_what_fails_is_told_at_the_end_in_one_line_each(fastserve: Fastserve, tmp_path: Path) -> None:
    """The others are built; the log's last words come when it fails, its place with the reason."""
    project = make_project(tmp_path)
    add_build(project, "bad", "echo no such library; exit 4")
    add_build(project, "worse", "exit 5")
    done = fastserve("targets", "build", cwd=project)

    assert done.returncode == 3
    assert sorted(line.partition(":")[0] for line in done.stdout.splitlines()) == ["one", "other"]
    assert "  no such library\n" in done.stderr
    last = done.stderr.splitlines()[-2:]
    assert last[0].startswith("Error: bad: expected the build step")
    assert last[1].startswith("worse: expected the build step")
    assert Path(last[0].rpartition(" ")[2]).read_text().endswith("no such library\n")


def test_served_targets_keep_stdout_for_the_url(fastserve: Fastserve, tmp_path: Path) -> None:
    """What is built on the way is told on stderr, and a failure there is the command's."""
    project = make_project(tmp_path)
    add_build(project, "bad", "exit 4")
    done = fastserve("targets", "serve", "bad", cwd=project)

    assert (done.returncode, done.stdout) == (3, "")


def test_an_interrupt_ends_the_command(tmp_path: Path) -> None:
    """Ctrl-C is one word and status 130."""
    project = make_project(tmp_path)
    add_build(project, "long", f"touch {tmp_path}/begun; sleep 600")
    with subprocess.Popen(
        [FASTSERVE, "targets", "build", "long"], cwd=project, env=os.environ, stderr=subprocess.PIPE, text=True
    ) as process:
        while not (tmp_path / "begun").exists():
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=30)[1]

    assert (process.returncode, said.split()) == (130, ["building", "long", "interrupted"])


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def test_a_terminal_shows_a_line_for_each_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its time and the last line of its log, cut to the width; results stay above."""
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "60")
    log = tmp_path / "log"
    log.write_text(f"Compiling first\nCompiling {'second' * 20}\n")
    stream = Terminal()
    with LiveBuilds(stream) as live:
        job = Underway(target="rust", log=log, started_s=time.monotonic() - 75)
        live.started(job)
        live.building([job])
        live.ended(Build(target="go", key="k", out=tmp_path, size_bytes=34 << 20), 12.2)
        live.failed("bad", StackError("bad: expected it to succeed; the end of its log x:\n  [red] words"), 3.0)

    shown = stream.getvalue()
    assert "rust    01:15  Compiling secondsecond" in shown
    assert "second" * 8 not in shown
    assert "go: built in 12 s, 34 MiB" in shown
    assert "bad: not built, failed after 3 s" in shown
    assert "  [red] words" in shown
