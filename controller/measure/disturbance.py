"""Doubts that come from outside a trial: CPU that was stolen, taken by others, or withheld by a limit."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from controller.measure.doubt import Doubt, DoubtKind
from controller.measure.machine import MachineTime

# Shares of a used core's time.
MOST_STOLEN: Final = 0.02
MOST_OTHER_LOAD: Final = 0.05


@dataclass(frozen=True, slots=True)
class Pinned:
    """What a party of a trial used, and the cores that it was kept on."""

    cores: frozenset[int]
    cpu_s: float


def disturbance_doubts(
    machine: MachineTime, parties: Mapping[str, Pinned], *, charged: bool | None, others: bool = True
) -> list[Doubt]:
    """Return a doubt for each way in which a trial did not have the cores that its parties were given.

    charged says whether the kernel charges interrupts to the process that they interrupt: see other_load. others is
    False where it is not known of every process whether it belongs to the trial.
    """
    used = sorted(frozenset[int]().union(*(party.cores for party in parties.values())))
    return [
        *_stolen(machine, used),
        *(_other_load(machine, parties.values(), charged=charged) if others else ()),
        *_throttled(machine),
    ]


def _stolen(machine: MachineTime, used: Iterable[int]) -> Iterator[Doubt]:
    shares = {core: machine.cores[core].stolen_s / machine.seconds for core in used if core in machine.cores}
    worst = max(shares, key=lambda core: shares[core], default=None)
    if worst is not None and shares[worst] > MOST_STOLEN:
        evidence = (
            f"core {worst} was taken away {shares[worst]:.1%} of the time for other machines, limit {MOST_STOLEN:.0%}"
        )
        yield Doubt(DoubtKind.STOLEN, evidence)


def _other_load(machine: MachineTime, parties: Iterable[Pinned], *, charged: bool | None) -> Iterator[Doubt]:
    shares = {cores: other_load(machine, cores, cpu_s=cpu_s, charged=charged) for cores, cpu_s in _shared_out(parties)}
    above = {cores: share for cores, share in shares.items() if share is not None and share > MOST_OTHER_LOAD}
    if above:
        listed = ", ".join(f"{_named(cores)} {share:.1%}" for cores, share in above.items())
        yield Doubt(DoubtKind.OTHER_LOAD, f"others took part of the cores' time: {listed}, limit {MOST_OTHER_LOAD:.0%}")


def _named(cores: Iterable[int]) -> str:
    numbers = sorted(cores)
    return f"core{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))}"


def other_load(machine: MachineTime, cores: Iterable[int], *, cpu_s: float, charged: bool | None) -> float | None:
    """Return which share of some cores' time neither the trial's parties there, that used cpu_s, nor the kernel took.

    By the lower of two counts of what the cores did: what was not idle is exact, but has in it what the kernel takes
    to wake an idle core (some 10 us each time in a virtual machine, which is in no process); what timer ticks found has
    not, but scatters. So waking and chance alone raise nothing.
    On loopback the kernel's network work runs in interrupts. Most kernels charge that to the process that sends
    (charged), and it is in cpu_s; with CONFIG_IRQ_TIME_ACCOUNTING it is in no process, and nobody's but the trial's.
    Where that is not known (None) it is left out as well, so that the share is at most too low. None where
    a core is not known to the machine.
    """
    listed = list(cores)
    if not all(core in machine.cores for core in listed):
        return None
    found = [machine.cores[core] for core in listed]
    interrupts_s = sum(one.interrupts_s for one in found)
    not_idle_s = sum(one.busy_s for one in found) - (0.0 if charged else interrupts_s)
    by_ticks_s = sum(one.worked_s for one in found) + (interrupts_s if charged else 0.0)
    return max(0.0, (min(not_idle_s, by_ticks_s) - cpu_s) / (machine.seconds * len(listed)))


def _shared_out(parties: Iterable[Pinned]) -> list[tuple[frozenset[int], float]]:
    """Return cores with what all parties on them used together: of a party on several it is not known on which."""
    groups: list[tuple[frozenset[int], float]] = []
    for party in parties:
        touching = [group for group in groups if group[0] & party.cores]
        cores = party.cores.union(*(group[0] for group in touching))
        groups = [group for group in groups if group not in touching]
        groups.append((cores, party.cpu_s + sum(group[1] for group in touching)))
    return [group for group in groups if group[0]]


def _throttled(machine: MachineTime) -> Iterator[Doubt]:
    if machine.throttled:
        held = ", ".join(f"{group} in {times:,} periods" for group, times in machine.throttled.items())
        yield Doubt(DoubtKind.THROTTLED, f"a CPU limit held control groups back: {held}")
