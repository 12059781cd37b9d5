"""What the machine did: recorded trees of /proc and /sys, and the machine that the tests run on."""

import os
import time
from pathlib import Path

import pytest

from controller.measure.accounting import interrupts_charged
from controller.measure.cgroups import cgroup_folders, times_throttled
from controller.measure.machine import CoreTime, Machine
from tests.measure.recorded import show_cores, show_group

V2 = "usage_usec 900\nuser_usec 500\nsystem_usec 400\nnr_periods {n}\nnr_throttled {n}\nthrottled_usec 120000\n"
V1 = "nr_periods {n}\nnr_throttled {n}\nthrottled_time 120000000\n"


def test_cores_are_told_apart(tmp_path: Path) -> None:
    """A recorded tree: of ten seconds one core was idle for six and stolen for one, the other never rested."""
    machine = Machine(root=tmp_path)
    show_cores(tmp_path, {"busy": 5, "idle": 100, "iowait": 50, "steal": 7}, {"busy": 100})
    machine.look(20.0)
    show_cores(tmp_path, {"busy": 305, "idle": 600, "iowait": 150, "steal": 107}, {"busy": 900, "softirq": 200})
    machine.look(30.0)
    found = machine.between(20.0, 30.0)

    assert found is not None
    assert found.seconds == 10.0
    assert found.cores == {
        0: CoreTime(busy_s=pytest.approx(3.0), worked_s=3.0, stolen_s=pytest.approx(1.0), interrupts_s=0.0),
        1: CoreTime(busy_s=10.0, worked_s=8.0, stolen_s=0.0, interrupts_s=pytest.approx(2.0)),
    }
    assert found.throttled == {}


@pytest.mark.parametrize(("from_s", "to_s"), [(19.0, 25.0), (25.0, 31.0)])
def test_what_was_not_looked_at_is_not_known(tmp_path: Path, from_s: float, to_s: float) -> None:
    """Before the first look and after the last one nothing is said."""
    show_cores(tmp_path, {"busy": 5})
    machine = Machine(root=tmp_path)
    assert machine.between(from_s, to_s) is None
    machine.look(20.0)
    machine.look(30.0)

    assert machine.between(20.0, 30.0) is not None
    assert machine.between(from_s, to_s) is None


def test_a_kernel_that_says_nothing_is_no_error(tmp_path: Path) -> None:
    """Without /proc/stat no core is known; nobody was throttled as far as anybody can tell."""
    machine = Machine(root=tmp_path)
    machine.look(1.0)
    machine.look(2.0)
    found = machine.between(1.0, 2.0)

    assert found is not None
    assert (found.cores, found.throttled) == ({}, {})


@pytest.mark.parametrize(
    ("line", "folder", "stat", "shown"),
    [
        ("0::/box/own", "box/own", V2, "/box/own"),
        ("4:cpu,cpuacct:/box", "cpu,cpuacct/box", V1, "/cpu,cpuacct/box"),
        ("1:cpu:/box", "cpu/box", V1, "/cpu/box"),
        ("0::/", ".", V2, "/."),
    ],
    ids=["version 2", "version 1, both", "version 1", "inside a container"],
)
def test_a_limit_that_holds_back_is_counted(tmp_path: Path, line: str, folder: str, stat: str, shown: str) -> None:
    """A recorded tree of each version: periods in which the group was held back between the looks."""
    group = show_group(tmp_path, line, folder, stat.format(n=3))
    machine = Machine(root=tmp_path)
    machine.look(10.0)
    (group / "cpu.stat").write_text(stat.format(n=15))
    machine.look(20.0)
    found = machine.between(10.0, 20.0)

    assert found is not None
    assert found.throttled == {shown: 12}


def test_a_limit_above_holds_back_too(tmp_path: Path) -> None:
    """The group itself has no limit; that of the service around it does."""
    show_group(tmp_path, "0::/service/own", "service/own", V2.format(n=0))
    (tmp_path / "sys/fs/cgroup/service/cpu.stat").write_text(V2.format(n=7))

    folders = cgroup_folders("self", root=tmp_path)

    assert sorted(times_throttled(folder) or 0 for folder in folders) == [0, 7]


def test_a_process_elsewhere_is_followed(tmp_path: Path) -> None:
    """A target that ran already is in the group of its own service."""
    show_group(tmp_path, "0::/", "other", V2.format(n=0), pid="77")
    (tmp_path / "proc/77/cgroup").write_text("0::/other\n")
    machine = Machine(root=tmp_path)
    machine.follow([77, 78])
    machine.look(1.0)
    (tmp_path / "sys/fs/cgroup/other/cpu.stat").write_text(V2.format(n=2))
    machine.look(2.0)
    found = machine.between(1.0, 2.0)

    assert found is not None
    assert found.throttled == {"/other": 2}


@pytest.mark.parametrize(
    ("line", "folder"),
    [("0::/not/there", "elsewhere"), ("0::/../outside", "elsewhere"), ("5:memory:/own", "memory/own")],
)
def test_a_group_that_cannot_be_read_is_left_out(tmp_path: Path, line: str, folder: str) -> None:
    """The host's path inside a container, one that leads out of it, and a hierarchy without the CPU."""
    show_group(tmp_path, line, folder, V2.format(n=1))

    assert cgroup_folders("self", root=tmp_path) == set()


def test_a_group_without_limits_is_not_known(tmp_path: Path) -> None:
    """Where the CPU controller is off nobody counts, and that is not the same as never."""
    folder = show_group(tmp_path, "0::/own", "own", "usage_usec 5\n")

    assert times_throttled(folder) is None
    assert times_throttled(tmp_path / "nowhere") is None


def test_this_machine_says_what_its_cores_do() -> None:
    """A core with an endless loop on it is busy, or stolen, for all of the time."""
    core = min(os.sched_getaffinity(0))
    before = os.sched_getaffinity(0)
    machine = Machine()
    os.sched_setaffinity(0, {core})
    try:
        machine.look(from_s := time.monotonic())
        while time.monotonic() - from_s < 0.5:
            pass
        machine.look(time.monotonic())
    finally:
        os.sched_setaffinity(0, before)
    found = machine.between(from_s, from_s + 0.5)

    assert found is not None
    assert found.cores[core].busy_s + found.cores[core].stolen_s > 0.4
    assert found.cores[core].busy_s <= 0.5


@pytest.mark.parametrize(
    ("content", "charged"),
    [(b"CONFIG_IRQ_TIME_ACCOUNTING=y\n", False), (b"# CONFIG_IRQ_TIME_ACCOUNTING is not set\n", True), (b"junk", None)],
)
def test_how_the_kernel_counts_is_read_from_its_settings(tmp_path: Path, content: bytes, charged: bool | None) -> None:
    """A recorded /proc/config.gz; one that is damaged says nothing."""
    import gzip

    (tmp_path / "proc").mkdir()
    damaged = content == b"junk"
    (tmp_path / "proc/config.gz").write_bytes(content if damaged else gzip.compress(b"CONFIG_SMP=y\n" + content))

    assert interrupts_charged(root=tmp_path) is charged
    assert interrupts_charged(root=tmp_path / "nowhere") is None
