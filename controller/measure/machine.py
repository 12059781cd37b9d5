"""What the machine did beside the parties of a trial: idle, stolen and interrupt time of each core, and throttling.

Read from /proc and /sys, or from recorded trees of the same layout.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from controller.measure.cgroups import cgroup_folders, times_throttled
from controller.measure.series import Series

ROOT: Final = Path("/")

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
# Places on a core's line of /proc/stat (proc(5)): user, nice, system, idle, iowait, irq, softirq, steal.
_USER, _NICE, _SYSTEM, _IDLE, _IOWAIT, _IRQ, _SOFTIRQ, _STEAL = range(8)


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreTime:
    """Seconds of one core, as the kernel counts them in steps of 10 ms.

    busy_s is what was neither idle nor stolen: exact, but with what the kernel takes to wake an idle core. worked_s is
    time in processes, interrupts_s in interrupts and what follows them, most of it network work: both are free of
    waking, and sampled at timer ticks (250 a second, say), so they scatter. stolen_s the hypervisor gave to others.
    """

    busy_s: float
    worked_s: float
    stolen_s: float
    interrupts_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineTime:
    """What each core did between two moments, and in how many periods each CPU limit held the parties back.

    throttled has the folders of control groups, by their paths below the hierarchy.
    """

    seconds: float
    cores: Mapping[int, CoreTime] = field(default_factory=dict)
    throttled: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Core:
    idle: Series = field(default_factory=Series)
    worked: Series = field(default_factory=Series)
    stolen: Series = field(default_factory=Series)
    interrupts: Series = field(default_factory=Series)


class Machine:
    """The history of all cores and of the limits over the parties, look by look; times are of time.monotonic()."""

    def __init__(self, *, root: Path = ROOT) -> None:
        """Read below root; the limits over this process are followed from the first look on."""
        self._root = root
        self._looked_at_s: tuple[float, float] | None = None
        self._cores: dict[int, _Core] = {}
        self._folders = set(cgroup_folders("self", root=root))
        self._throttled: dict[Path, Series] = {}

    def follow(self, pids: Iterable[int]) -> None:
        """Look at the limits over these processes too."""
        for pid in pids:
            self._folders |= cgroup_folders(str(pid), root=self._root)

    def look(self, at_s: float) -> None:
        """Take in what the kernel says now."""
        for number, ticks in _core_ticks(self._root / "proc/stat"):
            core = self._cores.setdefault(number, _Core())
            core.idle.append(at_s, (ticks[_IDLE] + ticks[_IOWAIT]) / _TICKS_PER_S)
            core.worked.append(at_s, (ticks[_USER] + ticks[_NICE] + ticks[_SYSTEM]) / _TICKS_PER_S)
            core.stolen.append(at_s, ticks[_STEAL] / _TICKS_PER_S)
            core.interrupts.append(at_s, (ticks[_IRQ] + ticks[_SOFTIRQ]) / _TICKS_PER_S)
        for folder in self._folders:
            if (times := times_throttled(folder)) is not None:
                self._throttled.setdefault(folder, Series()).append(at_s, times)
        self._looked_at_s = (at_s if self._looked_at_s is None else self._looked_at_s[0], at_s)

    def between(self, from_s: float, to_s: float) -> MachineTime | None:
        """Return what happened between two moments; None where that was not, or not all, looked at."""
        if self._looked_at_s is None or not self._looked_at_s[0] <= from_s < to_s <= self._looked_at_s[1]:
            return None
        seconds = to_s - from_s
        return MachineTime(
            seconds=seconds,
            cores={number: _core_time(core, from_s, to_s) for number, core in sorted(self._cores.items())},
            throttled={
                _shown(folder, root=self._root): times
                for folder, series in sorted(self._throttled.items())
                if (times := round(series.growth(from_s, to_s))) > 0
            },
        )


def _core_time(core: _Core, from_s: float, to_s: float) -> CoreTime:
    stolen_s = core.stolen.growth(from_s, to_s)
    return CoreTime(
        busy_s=max(0.0, to_s - from_s - core.idle.growth(from_s, to_s) - stolen_s),
        worked_s=core.worked.growth(from_s, to_s),
        stolen_s=stolen_s,
        interrupts_s=core.interrupts.growth(from_s, to_s),
    )


def _core_ticks(path: Path) -> Iterable[tuple[int, list[int]]]:
    """Yield each core's number with its ticks since boot; nothing where the kernel does not say."""
    try:
        text = path.read_text(encoding="ascii")
    except OSError:
        return
    # The sum over all cores comes first, then the cores, then what else is counted.
    for line in text.splitlines():
        name, *ticks = line.split()
        if not name.startswith("cpu"):
            return
        if name != "cpu" and len(ticks) > _STEAL:
            yield int(name.removeprefix("cpu")), list(map(int, ticks))


def _shown(folder: Path, *, root: Path) -> str:
    """Return which control group a folder is, by its path below /sys/fs/cgroup."""
    return f"/{folder.relative_to(root / 'sys/fs/cgroup')}"
