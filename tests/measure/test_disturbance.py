"""Doubts from outside: each provoked by what a machine showed, and none where it did not."""

from pathlib import Path

import pytest

from controller.measure.disturbance import Pinned, disturbance_doubts, other_load
from controller.measure.doubt import DoubtKind
from controller.measure.machine import CoreTime, Machine, MachineTime
from tests.measure.recorded import show_cores, show_group

SERVER, GENERATOR = Pinned(frozenset({0}), 3.0), Pinned(frozenset({1}), 2.0)
THROTTLED = "nr_periods 100\nnr_throttled {n}\nthrottled_usec 5000\n"


def machine_time(*cores: tuple[float, float, float], throttled: dict[str, int] | None = None) -> MachineTime:
    """Return ten seconds of a machine whose cores were (busy, stolen, in interrupts) for so many seconds."""
    times = {
        n: CoreTime(busy_s=busy, worked_s=busy - interrupts, stolen_s=stolen, interrupts_s=interrupts)
        for n, (busy, stolen, interrupts) in enumerate(cores)
    }
    return MachineTime(seconds=10.0, cores=times, throttled=throttled or {})


def doubted(machine: MachineTime, *parties: Pinned, charged: bool | None = True, others: bool = True) -> list[str]:
    """Return the kinds and the evidence of the doubts, as reports write them."""
    named = {str(n): party for n, party in enumerate(parties)}
    return [f"{one.kind}: {one.evidence}" for one in disturbance_doubts(machine, named, charged=charged, others=others)]


def test_a_quiet_machine_is_not_doubted() -> None:
    """Every core did what its party did, give or take what the kernel does beside it."""
    assert doubted(machine_time((3.4, 0.19, 0.0), (2.4, 0.0, 0.0)), SERVER, GENERATOR) == []


def test_stolen_time_is_doubted_above_two_percent_on_a_used_core() -> None:
    """What the hypervisor took on a core that nobody of the trial uses does not matter."""
    machine = machine_time((3.0, 0.31, 0.0), (2.0, 0.21, 0.0), (0.0, 5.0, 0.0))

    assert doubted(machine, SERVER, GENERATOR) == [
        "CPU stolen: core 0 was taken away 3.1% of the time for other machines, limit 2%"
    ]
    assert doubted(machine_time((3.0, 0.2, 0.0)), SERVER) == []


def test_steal_and_throttling_of_a_recorded_machine_are_doubted(tmp_path: Path) -> None:
    """The whole way from recorded trees of /proc and /sys: looked at twice, ten seconds apart."""
    show_cores(tmp_path, {"busy": 100, "steal": 20}, {"busy": 100, "idle": 300})
    group = show_group(tmp_path, "0::/box", "box", THROTTLED.format(n=1))
    machine = Machine(root=tmp_path)
    machine.look(100.0)
    show_cores(tmp_path, {"busy": 400, "idle": 620, "steal": 100}, {"busy": 300, "idle": 1100})
    (group / "cpu.stat").write_text(THROTTLED.format(n=1_234))
    machine.look(110.0)
    found = machine.between(100.0, 110.0)

    assert found is not None
    assert doubted(found, SERVER, GENERATOR) == [
        "CPU stolen: core 0 was taken away 8.0% of the time for other machines, limit 2%",
        "throttled: a CPU limit held control groups back: /box in 1,233 periods",
    ]


def test_other_load_is_doubted_above_a_twentieth_of_a_core() -> None:
    """A core that worked longer than the parties on it worked for somebody else; an unused one may."""
    machine = machine_time((3.6, 0.0, 0.0), (2.4, 0.0, 0.0), (10.0, 0.0, 0.0))

    assert doubted(machine, SERVER, GENERATOR) == [
        "other load: others took part of the cores' time: core 0 6.0%, limit 5%"
    ]
    assert doubted(machine, SERVER, GENERATOR, others=False) == []
    assert doubted(machine_time((9.0, 0.0, 0.0), (9.0, 0.0, 0.0)), SERVER, GENERATOR) == [
        "other load: others took part of the cores' time: core 0 60.0%, core 1 70.0%, limit 5%"
    ]


def test_parties_that_share_cores_are_counted_together() -> None:
    """A party on two cores may have worked on either: what counts is the sum over all that touch."""
    wide = Pinned(frozenset({0, 1}), 4.0)
    beside = Pinned(frozenset({1}), 3.0)
    machine = machine_time((5.0, 0.0, 0.0), (2.9, 0.0, 0.0))

    assert doubted(machine, wide, beside) == []
    assert doubted(machine, wide) == ["other load: others took part of the cores' time: cores 0, 1 19.5%, limit 5%"]


@pytest.mark.parametrize(("charged", "share"), [(True, 0.3), (False, 0.1), (None, 0.1)])
def test_interrupts_are_nobodys_where_the_kernel_keeps_them_apart(charged: bool | None, share: float) -> None:
    """Where they are charged to who sends, they are in a party's time already; else they are the trial's own."""
    machine = machine_time((6.0, 0.0, 2.0))

    assert other_load(machine, [0], cpu_s=3.0, charged=charged) == pytest.approx(share)


@pytest.mark.parametrize(("busy_s", "worked_s"), [(4.0, 3.1), (3.1, 4.0)])
def test_waking_a_core_or_chance_alone_are_no_load(busy_s: float, worked_s: float) -> None:
    """A tenth of the time not idle and in no process is the kernel's, that wakes; one seen at ticks alone is chance."""
    time = CoreTime(busy_s=busy_s, worked_s=worked_s, stolen_s=0.0, interrupts_s=0.0)

    assert other_load(MachineTime(seconds=10.0, cores={0: time}), [0], cpu_s=3.0, charged=True) == pytest.approx(0.01)


def test_parties_that_seem_to_have_done_more_than_their_core_did_nothing_else() -> None:
    """Rounding of the kernel's counts makes no negative load; a core that is not known makes no load at all."""
    assert other_load(machine_time((2.9, 0.0, 0.0)), [0], cpu_s=3.0, charged=True) == 0.0
    assert other_load(machine_time((2.9, 0.0, 0.0)), [0, 7], cpu_s=0.0, charged=True) is None
    assert doubted(MachineTime(seconds=10.0), SERVER, GENERATOR) == []


def test_disturbances_may_pass() -> None:
    """All that comes from outside is worth a second try."""
    machine = machine_time((9.0, 0.9, 0.0), throttled={"/box": 3})
    found = disturbance_doubts(machine, {"server": SERVER}, charged=True)

    assert [one.kind for one in found] == [DoubtKind.STOLEN, DoubtKind.OTHER_LOAD, DoubtKind.THROTTLED]
    assert all(one.passing for one in found)
