"""Tools are asked for their version, and what is missing comes with the command that helps."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from controller.errors import StackError
from controller.plan.target import Target
from controller.stack.tools import advice, library_advice, missing_tools, require_tools
from controller.stack.versions import ask_versions, library_version, tool_version
from tests.stack.programs import made_target


@pytest.fixture
def bin_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that is first on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return folder


def put(folder: Path, name: str, script: str) -> None:
    """Put a shell script on PATH."""
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def needing(tmp_path: Path, **needs: str) -> Target:
    """Return a target that needs tools in some version."""
    return made_target(tmp_path / "servers" / "needy", files={}, run=["true"], needs=needs)


@pytest.mark.parametrize(
    ("name", "script", "version"),
    [
        ("plain", "echo Plain 1.22.3", "1.22.3"),
        ("go", '[ "$1" = version ] && echo go version go1.26.8 linux/amd64', "1.26.8"),
        ("java", """[ "$1" = -version ] && echo 'openjdk version "17.0.15" 2025-04-15' >&2""", "17.0.15"),
        (
            "java",
            """echo 'Picked up JAVA_TOOL_OPTIONS: -Xmx1.5g' >&2; echo 'openjdk version "21" 2023-09-19' >&2""",
            "21",
        ),
        ("coloured", r"printf '\033[1mApache Maven 3.8.7\033[m\n'", "3.8.7"),
        ("failing", "echo tool v4.1.0; exit 1", "4.1.0"),
        ("silent", "exit 0", None),
        ("complaining", "echo 'line 1: illegal option' >&2; exit 2", None),
    ],
)
def test_the_first_dotted_number_is_the_version(bin_folder: Path, name: str, script: str, version: str | None) -> None:
    """Whatever a tool says around it, on either stream and with any status."""
    put(bin_folder, name, script)

    assert tool_version(name) == version


def test_a_tool_is_asked_once(bin_folder: Path) -> None:
    """Some tools start a virtual machine to tell their version."""
    put(bin_folder, "slow", f"echo asked >> {bin_folder}/asked; echo 1.0")

    assert [tool_version("slow") for _ in range(3)] == ["1.0"] * 3
    assert (bin_folder / "asked").read_text() == "asked\n"


@pytest.mark.parametrize(
    ("script", "place", "times"),
    [("sleep 0.3; echo 1.0", "slow", 1), ("sleep 0.3; echo 1.0", "shims/slow", 2)],
    ids=["slow", "a shim"],
)
def test_a_slow_tool_is_asked_once_for_all_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, place: str, times: int
) -> None:
    """Until its file changes; what a manager of versions put in its place is asked each time."""
    tool = tmp_path / place
    tool.parent.mkdir(exist_ok=True)
    put(tool.parent, tool.name, f"echo asked >> {tmp_path}/asked; {script}")
    monkeypatch.setenv("PATH", f"{tool.parent}:{os.environ['PATH']}")
    ask = f"from controller.stack.versions import tool_version; print(tool_version({tool.name!r}))"

    def asked() -> str:
        return subprocess.run([sys.executable, "-c", ask], check=True, capture_output=True, text=True).stdout

    assert [asked(), asked()] == ["1.0\n"] * 2
    assert (tmp_path / "asked").read_text() == "asked\n" * times

    put(tool.parent, tool.name, "echo 1.1, released since")
    assert asked() == "1.1\n"


def test_a_link_to_a_manager_of_versions_is_asked_each_time(bin_folder: Path, tmp_path: Path) -> None:
    """The link and the manager stay the same files when another version is chosen."""
    put(bin_folder, "manager", f"sleep 0.3; cat {tmp_path}/chosen")
    (bin_folder / "compile").symlink_to("manager")
    (tmp_path / "chosen").write_text("1.0")
    ask_versions(["compile"])

    assert not (tmp_path / "cache" / "versions").exists()


def test_many_tools_are_asked_at_once(bin_folder: Path) -> None:
    """Asking four takes as long as the slowest."""
    for number in range(4):
        put(bin_folder, f"tool-{number}", "sleep 1; echo 1.0")
    began_s = time.monotonic()
    ask_versions([f"tool-{number}" for number in range(4)])

    assert [tool_version(f"tool-{number}") for number in range(4)] == ["1.0"] * 4
    assert time.monotonic() - began_s < 3


def test_a_tool_that_hangs_is_bounded(bin_folder: Path) -> None:
    """A tool that never ends, and a process of its that holds its output open, cost a bounded time."""
    put(bin_folder, "hanging", "sleep 600")
    put(bin_folder, "leaving", "sleep 600 & echo 2.5")
    began_s = time.monotonic()

    assert tool_version("hanging", within_s=0.3) is None
    assert tool_version("leaving", within_s=5) == "2.5"
    assert time.monotonic() - began_s < 10


def test_what_is_missing_or_too_old(bin_folder: Path, tmp_path: Path) -> None:
    """None on PATH, too old and of no known version are three findings; what is new enough is none."""
    put(bin_folder, "old", "echo 1.9.9")
    put(bin_folder, "new", "echo 1.10")
    put(bin_folder, "mute", "true")
    target = needing(tmp_path, old=">=1.10", new=">=1.10.0", mute=">=1", nowhere=">=2.0")

    assert [tool.text for tool in missing_tools(target)] == [
        "old 1.10 or later, found 1.9.9",
        "mute 1 or later, found no version",
        "nowhere 2.0 or later, found none on PATH",
    ]
    assert missing_tools(needing(tmp_path, new=">=1.9")) == ()


PKG_CONFIG = """for word in "$@"; do library=$word; done
case $library in
  known) echo 0.0.5-git20220901;;
  *) echo "Package '$library' was not found" >&2; exit 1;;
esac"""


def test_libraries_are_what_pkg_config_knows(bin_folder: Path, tmp_path: Path) -> None:
    """A library that is not there or too old is missing like a tool; a number in its name is no version."""
    put(bin_folder, "pkg-config", PKG_CONFIG.replace('"Package', '"$*" | grep -q silence || echo "Package'))
    libraries = {"known": ">=0.0.5", "gone-3.0": ">=3", "sqlite3": ">=3.40"}
    target = made_target(tmp_path / "servers" / "linked", files={}, run=["true"], libraries=libraries)

    assert (library_version("known"), library_version("gone-3.0")) == ("0.0.5", None)
    assert [(tool.text, tool.advice) for tool in missing_tools(target)] == [
        ("gone-3.0 3 or later, found none by pkg-config", "install gone-3.0 3 or later, so that pkg-config knows it"),
        ("sqlite3 3.40 or later, found none by pkg-config", "apt-get install libsqlite3-dev"),
    ]


def test_without_pkg_config_there_are_no_libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be asked for is not there."""
    monkeypatch.setenv("PATH", str(tmp_path))

    assert library_version("sqlite3") is None
    assert library_advice("sqlite3", least="4.0").startswith("apt-get install libsqlite3-dev gives 3.40.1 on Debian 12")


def test_the_error_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first line says what is needed and found, the others how to get it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StackError) as caught:
        require_tools(needing(tmp_path, cargo=">=1.80", cmake=">=3.20"))

    assert str(caught.value).splitlines() == [
        "needy needs cargo 1.80 or later, found none on PATH; cmake 3.20 or later, found none on PATH",
        "  apt-get install cargo gives 1.65.0 on Debian 12, too old: install a current Rust toolchain",
        "  apt-get install cmake",
    ]


def test_advice_for_tools_of_any_kind() -> None:
    """Debian's package where it is new enough, another way where it is not or where there is none."""
    assert advice("python3", least="3.11") == "apt-get install python3 python3-venv"
    assert advice("dotnet", least="8.0") == "install the .NET SDK"
    assert advice("zig", least="0.13") == "install zig 0.13 or later, so that it is on PATH"
