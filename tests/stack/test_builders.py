"""Several builds at once: each on its own, none in the way of another, all ended with whoever asked."""

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from signal import SIGINT

import pytest

from controller.errors import StackError
from controller.plan.target import Target
from controller.stack.build import Build
from controller.stack.builders import Underway, build_targets, builds_at_once, find_builds
from tests.stack.programs import left_of, made_target, text_of, until

ROOT = Path(__file__).resolve().parents[2]
NO_TIME = 0.0


class Heard:
    """What a watcher heard, in order, and the most that it saw going on at once."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.most = 0

    def started(self, job: Underway) -> None:
        """Note it."""
        self.lines.append(f"started {job.target}")

    def building(self, jobs: Sequence[Underway]) -> None:
        """Note how many there are."""
        self.most = max(self.most, len(jobs))

    def ended(self, build: Build, took_s: float) -> None:
        """Note it."""
        self.lines.append(f"ended {build.target}")
        assert took_s > NO_TIME

    def failed(self, target: str, error: StackError, took_s: float) -> None:
        """Note it."""
        self.lines.append(f"failed {target}")


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Target]:
    """Return a maker of a target that is built by one line of shell."""

    def made(name: str, line: str) -> Target:
        return made_target(tmp_path / "servers" / name, files={}, run=["true"], build=[["sh", "-c", line]])

    return made


def test_builds_go_on_side_by_side(
    make: Callable[..., Target], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two that wait for each other both end, where there are cores for two."""
    monkeypatch.setattr("controller.stack.builders.usable_cores", lambda: (0, 1))
    wait = "touch {tmp}/{mine}; for i in $(seq 200); do [ -e {tmp}/{other} ] && exit 0; sleep 0.1; done; exit 1"
    targets = [
        make("left", wait.format(tmp=tmp_path, mine="a", other="b")),
        make("right", wait.format(tmp=tmp_path, mine="b", other="a")),
    ]
    heard = Heard()
    results = build_targets(targets, heard)

    assert [type(result) for result in results.values()] == [Build, Build]
    assert sorted(heard.lines) == ["ended left", "ended right", "started left", "started right"]
    assert heard.most == 2


def test_one_that_fails_stops_no_other(make: Callable[..., Target], cache: Path) -> None:
    """Its error is told with its log, the others are built and found by the next call."""
    targets = [make("bad", "echo no such library; exit 4"), make("good", "true"), make("fine", "true")]
    heard = Heard()
    results = build_targets(targets, heard)

    assert isinstance(results["bad"], StackError)
    assert str(cache / "logs" / "bad-") in str(results["bad"])
    assert [line for line in heard.lines if "bad" in line] == ["started bad", "failed bad"]
    assert find_builds(targets) == {"bad": None, "good": results["good"], "fine": results["fine"]}


def test_a_missing_tool_fails_its_target_alone(make: Callable[..., Target], tmp_path: Path) -> None:
    """What cannot be built here is told like what failed."""
    lacking = made_target(tmp_path / "servers" / "lacking", files={}, run=["true"], needs={"nowhere": ">=1"})
    results = build_targets([lacking, make("good", "true")], Heard())

    assert "needs nowhere" in str(results["lacking"])
    assert isinstance(results["good"], Build)


def test_as_many_at_once_as_there_is_room_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One a core, 2 GiB of free memory each, never more than there are, and always one."""
    meminfo = tmp_path / "meminfo"
    monkeypatch.setattr("controller.stack.builders._MEMINFO", meminfo)
    monkeypatch.setattr("controller.stack.builders.usable_cores", lambda: tuple(range(8)))

    def at_once(targets: int, *, free_gib: float) -> int:
        meminfo.write_text(f"MemTotal: 1 kB\nMemAvailable: {int(free_gib * 1024 * 1024)} kB\n")
        return builds_at_once(targets)

    assert at_once(12, free_gib=64) == 8
    assert at_once(12, free_gib=7) == 3
    assert at_once(12, free_gib=0.5) == 1
    assert at_once(2, free_gib=64) == 2


def test_an_interrupt_ends_all_builds(make: Callable[..., Target], tmp_path: Path) -> None:
    """Ctrl-C leaves no command of any of them running, and none is taken for finished."""
    names = [f"stopped-{time.time_ns()}-{n}" for n in range(2)]
    targets = [make(name, f"touch {tmp_path}/{name}; sleep 600") for name in names]
    script = f"""
from pathlib import Path
from controller.plan.target import read_target
from controller.stack.builders import build_targets
from tests.stack.test_builders import Heard
folders = {[str(target.folder) for target in targets]!r}
build_targets([read_target(Path(folder, "server.toml")) for folder in folders], Heard())
"""
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stderr=subprocess.PIPE, text=True) as builder:
        until(lambda: any((tmp_path / name).exists() for name in names))
        builder.send_signal(SIGINT)
        said = builder.communicate(timeout=30)[1]

    assert "KeyboardInterrupt" in said
    assert [left_of(f"build-{name}") for name in names] == [[], []]
    assert list(find_builds(targets).values()) == [None, None]


def test_somebody_elses_build_is_not_waited_for_once_stopped(make: Callable[..., Target], tmp_path: Path) -> None:
    """A builder that waits for another one's lock ends with Ctrl-C too."""
    target = make("locked", f"echo >> {tmp_path}/begun; sleep 600")
    script = f"""
from pathlib import Path
from controller.plan.target import read_target
from controller.stack.builders import build_targets
from tests.stack.test_builders import Heard
build_targets([read_target(Path({str(target.folder / "server.toml")!r}))], Heard())
"""
    command = [sys.executable, "-c", script]
    with (
        subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as first,
        subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as second,
    ):
        until(lambda: text_of(tmp_path / "begun"))
        time.sleep(1)
        for builder in (second, first):
            builder.send_signal(SIGINT)
        assert second.wait(30) != 0
        assert first.wait(30) != 0

    assert text_of(tmp_path / "begun") == "\n"
    assert left_of("build-locked") == []
