"""Build outputs: one for each content, kept, and never half of one."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from controller.errors import StackError
from controller.plan.target import Target
from controller.stack.build import Build, build_key, build_target, find_build
from tests.stack.programs import left_of, made_target, text_of, until

ROOT = Path(__file__).resolve().parents[2]
COUNTED = ["sh", "-c", "echo built >> $COUNT; cp source {out}/copy; pwd > {out}/cwd"]


@pytest.fixture
def make(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Target]:
    """Return a maker of a target that counts how often it is built."""
    monkeypatch.setenv("COUNT", str(tmp_path / "count"))

    def made(*steps: list[str], name: str = "made", **files: str) -> Target:
        files = {"source": "one", **files}
        return made_target(tmp_path / "servers" / name, files=files, run=["true"], build=list(steps) or [COUNTED])

    return made


def times_built(tmp_path: Path) -> int:
    """Return how often a build has run."""
    return len(text_of(tmp_path / "count").splitlines())


def test_a_build_is_kept(make: Callable[..., Target], tmp_path: Path, cache: Path) -> None:
    """It runs in the target's folder with the caller's environment, and once: the second call is fast."""
    target = make()
    nothing = find_build(target)
    build = build_target(target)
    began_s = time.monotonic()
    again = build_target(target)
    took_s = time.monotonic() - began_s

    assert nothing is None
    assert build == again == find_build(target)
    assert times_built(tmp_path) == 1
    assert took_s < 1
    assert build.out.parent == cache / "builds"
    assert (build.out / "copy").read_text() == "one"
    assert (build.out / "cwd").read_text() == f"{target.folder}\n"
    assert build.size_bytes == sum(path.stat().st_size for path in build.out.iterdir()) > 0
    assert f"$ {COUNTED[0]} -c" in text_of(cache / "logs" / f"made-{build.key}.log")


def test_the_key_changes_with_all_that_is_built_from(make: Callable[..., Target]) -> None:
    """Content, names, modes, links and commands count."""
    target = make()
    folder = target.folder
    (folder / "deep" / "build").mkdir(parents=True)
    changes: list[Callable[[], object]] = [
        lambda: (folder / "source").write_text("two"),
        lambda: (folder / "deep" / "build" / "file").write_text("counts"),
        lambda: (folder / "source").rename(folder / "renamed"),
        lambda: (folder / "renamed").chmod(0o755),
        lambda: (folder / "link").symlink_to("renamed"),
        lambda: (folder / ".config").write_text("a tool's settings"),
    ]
    keys = {build_key(target), build_key(replace(target, build=(("true",),)))}
    for change in changes:
        change()
        keys.add(build_key(target))

    assert len(keys) == 2 + len(changes)


def test_what_tools_leave_behind_does_not_change_the_key(make: Callable[..., Target]) -> None:
    """Otherwise running a target once would mean building it twice; a pipe is not waited for."""
    target = make()
    before = build_key(target)
    for name in ("__pycache__", "node_modules", ".git", "target", "build", ".venv"):
        (target.folder / name).mkdir()
        (target.folder / name / "left").write_text("over")
    after = build_key(target)
    os.mkfifo(target.folder / "pipe")

    assert after == before != build_key(target)


def test_the_key_changes_with_the_tools(
    make: Callable[..., Target], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another version of a compiler, or another compiler of that name, builds anew."""
    keys = set()
    for folder, version in (("a", "1.0"), ("b", "1.1"), ("c", "1.1")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "compile").write_text(f"#!/bin/sh\necho {version}\n")
        (tmp_path / folder / "compile").chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path / folder}:/usr/bin:/bin")
        keys.add(build_key(make(["compile"])))

    assert len(keys) == 3


def test_the_key_changes_with_the_libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is linked with is part of what is built."""
    keys = set()
    for folder, version in (("a", "1.0"), ("b", "1.1")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "pkg-config").write_text(f"#!/bin/sh\necho {version}\n")
        (tmp_path / folder / "pkg-config").chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path / folder}:/usr/bin:/bin")
        libraries = {"libx": ">=1.0"}
        keys.add(build_key(made_target(tmp_path / "linked", files={}, run=["true"], libraries=libraries)))

    assert len(keys) == 2


def test_the_place_of_the_folder_counts_only_where_it_is_named(make: Callable[..., Target], tmp_path: Path) -> None:
    """A second checkout needs no second build, unless the commands put the folder's place into it."""

    def key_in(checkout: str, step: list[str]) -> str:
        return build_key(made_target(tmp_path / checkout / "made", files={}, run=["true"], build=[step]))

    assert key_in("one", ["true"]) == key_in("two", ["true"])
    assert key_in("one", ["true", "{src}"]) != key_in("two", ["true", "{src}"])


def test_a_target_without_steps_needs_no_build(tmp_path: Path) -> None:
    """It has an output folder all the same, an empty one."""
    build = build_target(made_target(tmp_path / "servers" / "plain", files={}, run=["true"]))

    assert list(build.out.iterdir()) == []
    assert build.size_bytes == 0


def test_a_failing_step_is_told(make: Callable[..., Target], tmp_path: Path, cache: Path) -> None:
    """The step, its status, its last words and the log's place; the next call tries again."""
    target = make(COUNTED, ["sh", "-c", "echo no such library; exit 4"], ["touch", str(tmp_path / "too far")])
    words = (
        r"^made: expected the build step `sh -c .*` to succeed, found that it ended with status 4; the end of its log"
    )
    for _ in range(2):
        with pytest.raises(StackError, match=words) as caught:
            build_target(target)

    assert str(caught.value).endswith("\n  no such library")
    assert str(cache / "logs" / f"made-{build_key(target)}.log") in str(caught.value)
    assert find_build(target) is None
    assert times_built(tmp_path) == 2
    assert not (tmp_path / "too far").exists()


def test_a_missing_tool_is_told_before_anything_is_built(tmp_path: Path) -> None:
    """Not a step's odd words, but what is needed."""
    target = made_target(tmp_path / "servers" / "made", files={}, run=["true"], needs={"nowhere": ">=1.2"})
    with pytest.raises(StackError, match=r"^made needs nowhere 1\.2 or later, found none on PATH"):
        build_target(target)


def test_several_builders_build_once(make: Callable[..., Target], tmp_path: Path) -> None:
    """Those who come second wait, and take what the first has built."""
    target = make(["sh", "-c", "echo built >> $COUNT; sleep 0.3; echo whole > {out}/file"])
    script = f"""
from pathlib import Path
from controller.plan.target import read_target
from controller.stack.build import build_target
print((build_target(read_target(Path({str(target.folder / "server.toml")!r}))).out / "file").read_text())
"""
    builders = [
        subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(3)
    ]

    assert [builder.communicate(timeout=30)[0].strip() for builder in builders] == ["whole"] * 3
    assert times_built(tmp_path) == 1


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_an_interrupted_build_leaves_nothing_running_and_is_made_anew(
    make: Callable[..., Target], tmp_path: Path, number: signal.Signals
) -> None:
    """Its commands end with the controller, and half an output is never taken for a whole one."""
    name = f"made-{number.name.lower()}-{tmp_path.name.rstrip('_').lower()}"[:60]
    name = re.sub(r"[^a-z0-9.-]", "-", name).rstrip("-")
    step = ["sh", "-c", "echo built >> $COUNT; touch {out}/$$; [ -e $COUNT.go ] || sleep 600"]
    target = make(step, name=name)
    script = f"""
from pathlib import Path
from controller.plan.target import read_target
from controller.stack.build import build_target
build_target(read_target(Path({str(target.folder / "server.toml")!r})))
"""
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stderr=subprocess.DEVNULL) as builder:
        until(lambda: times_built(tmp_path) == 1)
        builder.send_signal(number)
        builder.wait(30)
    until(lambda: not left_of(f"build-{name}"))
    before: Build | None = find_build(target)
    (tmp_path / "count.go").touch()
    build = build_target(target)

    assert before is None
    assert len(list(build.out.iterdir())) == 1
