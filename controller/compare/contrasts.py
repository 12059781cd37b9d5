"""Which cells differ in the level of one factor alone: what the effect of that factor is read from."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from controller.compare.blocks import Cell
from controller.measure.trial import TrialResult
from controller.plan.factors import FACTORS, Level

Levels: TypeAlias = Mapping[str, Level]
# Each factor that varies, with its levels; every other one is compared with the first.
Varied: TypeAlias = Mapping[str, tuple[Level, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two cells that are equal but for one factor; beside holds the levels that both have of the other factors."""

    cell: Cell
    base: Cell
    beside: Levels


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """One level of a factor against its first one, at one target, in every combination of the others that has both.

    With one factor varied at a time there is a single pair, with all combinations there are several; none where the
    first level was never tried beside this one.
    """

    factor: str
    level: Level
    against: Level
    target: str
    pairs: tuple[Pair, ...]


def levels_seen(trials: Iterable[TrialResult]) -> Varied:
    """Return each factor of which trials of one scenario have several levels, in the order of all tables.

    The default comes first, the others as they appear: what a plan said of their order is not in a trial.
    """
    seen: dict[str, dict[Level, None]] = {name: {} for name in FACTORS}
    for trial in sorted(trials, key=lambda trial: trial.order):
        for name, level in trial.factors.items():
            seen.setdefault(name, {})[level] = None
    several = {name: list(levels) for name, levels in seen.items() if len(levels) > 1}
    return {
        name: tuple(sorted(levels, key=lambda level: name not in FACTORS or level != FACTORS[name].default))
        for name, levels in several.items()
    }


def contrasts(grouped: Mapping[Cell, Sequence[TrialResult]], varied: Varied) -> Iterator[Contrast]:
    """Yield the contrasts of one scenario, by factor, level and target; a level that no trial has is left out."""
    levels = {cell: found[0].factors for cell, found in grouped.items()}
    firsts = {name: some[0] for name, some in varied.items() if some}
    for factor, against in firsts.items():
        for level in varied[factor][1:]:
            for target in dict.fromkeys(cell.target for cell in grouped):
                mine = {cell: its for cell, its in levels.items() if cell.target == target}
                if any(its.get(factor) == level for its in mine.values()):
                    pairs = _pairs(mine, factor=factor, level=level, firsts=firsts)
                    yield Contrast(factor=factor, level=level, against=against, target=target, pairs=tuple(pairs))


def _pairs(levels: Mapping[Cell, Levels], *, factor: str, level: Level, firsts: Levels) -> Iterator[Pair]:
    """Yield the pairs of one target's cells that differ in this level of the factor and its first one."""
    bases = {cell: its for cell, its in levels.items() if its.get(factor) == firsts[factor]}
    for cell, its in levels.items():
        if its.get(factor) != level:
            continue
        for base, others in bases.items():
            if _alike(its, others, factor=factor, firsts=firsts):
                beside = {name: one for name, one in its.items() if name != factor and name in others}
                yield Pair(cell=cell, base=base, beside=beside)


def _alike(one: Levels, other: Levels, *, factor: str, firsts: Levels) -> bool:
    """Return whether two sets of levels are equal but for a factor.

    A factor that only one of them has cannot act beside the other's level, such as the pool beside SQLite: it has to
    be at its first level, so that such a pair shows one change from where the plan starts and not two.
    """
    for name in (one.keys() | other.keys()) - {factor}:
        if name in one and name in other:
            if one[name] != other[name]:
                return False
        elif name in firsts and (one.get(name) if name in one else other.get(name)) != firsts[name]:
            return False
    return True
