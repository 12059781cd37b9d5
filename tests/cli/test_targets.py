"""Servers on the command line: listed, built, served, and ended with the command."""

import os
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError

import pytest

from tests.cli.folders import add_server, make_project
from tests.conftest import FASTSERVE, Fastserve


@contextmanager
def served(
    project: Path, *arguments: str, env: dict[str, str] | None = None
) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Serve a target for the time of the block; yields the process and the first line it printed."""
    process = subprocess.Popen(
        [FASTSERVE, "targets", "serve", *arguments],
        cwd=project,
        env={**os.environ, **(env or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def answer(url: str) -> bytes:
    """Return what a URL answers."""
    with urllib.request.urlopen(url, timeout=10) as response:
        body: bytes = response.read()
    return body


def test_a_folder_is_a_target(fastserve: Fastserve, tmp_path: Path) -> None:
    """Adding a folder adds a target: nothing else names it."""
    project = make_project(tmp_path)
    add_server(project, "third")
    done = fastserve("targets", "list", cwd=project)

    assert [line.split()[0] for line in done.stdout.splitlines()] == ["target", "one", "other", "third"]


def test_without_a_project_the_package_brings_its_own(fastserve: Fastserve) -> None:
    """In any folder there are servers to compare and a plan to run."""
    done = fastserve("targets", "list")

    assert done.returncode == 0
    assert "python-flask" in done.stdout


def test_project_names_another_folder(fastserve: Fastserve, tmp_path: Path) -> None:
    """--project takes servers and plans from elsewhere."""
    project = make_project(tmp_path / "elsewhere")

    assert "other" in fastserve("--project", project, "targets", "list").stdout
    assert 'name = "small"' in fastserve("--project", project, "plan", "show", "small").stdout


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_served_target_answers_and_ends_with_its_command(number: signal.Signals, tmp_path: Path) -> None:
    """Line 1 is the URL, which answers at once; after Ctrl-C or SIGTERM nobody listens there any more."""
    project = make_project(tmp_path)
    with served(project, "one") as (process, url):
        assert answer(f"{url}/api/health") == b"ok"
        process.send_signal(number)
        assert process.wait(timeout=20) == 130

    with pytest.raises(URLError, match="refused"):
        answer(url)


@pytest.mark.parametrize("by", ["--port", "PORT"])
def test_the_port_can_be_chosen(by: str, tmp_path: Path) -> None:
    """--port is where it listens, and so is PORT in the environment."""
    project = make_project(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
    options, variables = (("--port", port), {}) if by == "--port" else ((), {"PORT": port})

    with served(project, "one", *options, env=variables) as (_, url):
        assert url == f"http://127.0.0.1:{port}"


def test_a_taken_port_is_one_message(fastserve: Fastserve, tmp_path: Path) -> None:
    """A port that somebody else has is the stack's trouble, and no URL is printed."""
    project = make_project(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = fastserve("targets", "serve", "one", "--port", taken.getsockname()[1], cwd=project)

    assert (done.returncode, done.stdout) == (3, "")
    assert "Traceback" not in done.stderr.splitlines()[0]


def test_a_target_that_does_not_start_says_why(fastserve: Fastserve, tmp_path: Path) -> None:
    """The last lines of its log are in the error."""
    project = make_project(tmp_path)
    add_server(project, "broken", source="raise SystemExit('no licence for Tuesdays')")
    done = fastserve("targets", "serve", "broken", cwd=project)

    assert done.returncode == 3
    assert "no licence for Tuesdays" in done.stderr


def test_down_ends_what_is_labelled_and_nothing_else(fastserve: Fastserve) -> None:
    """A process with a dead run's label is ended; one without is not."""
    labelled = subprocess.Popen(["sleep", "60"], env={**os.environ, "FASTSERVE_RUN": "gone-20261123T060000Z"})
    other = subprocess.Popen(["sleep", "60"])
    try:
        done = fastserve("down")
        assert done.returncode == 0
        assert f"pid {labelled.pid}" in done.stdout
        assert labelled.wait(timeout=10) == -signal.SIGTERM
        assert other.poll() is None
    finally:
        for process in (labelled, other):
            process.kill()
            process.wait()


def test_doctor_names_what_is_missing_and_what_adds_it(fastserve: Fastserve, tmp_path: Path) -> None:
    """A target whose tool is missing is listed with the tool and a way to get it; the others are ready."""
    project = make_project(tmp_path)
    add_server(project, "future")
    toml = project / "servers" / "future" / "server.toml"
    toml.write_text(toml.read_text().replace("needs = {}", 'needs = { nonesuch = ">=1.2" }'))
    done = fastserve("doctor", cwd=project)

    assert done.returncode == 0
    assert "ready     one  other" in done.stdout
    assert "nonesuch 1.2" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 120
