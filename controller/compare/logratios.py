"""Logarithms of ratios by block: what paired comparisons add, average and take from one another."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from math import log
from statistics import fmean
from typing import Final

from controller.units import AtLeast

NO_PAIR: Final = "no block measured both"
NO_WHOLE_BLOCK: Final = "no block measured all that are averaged"
NO_ANSWERS: Final = "no ratio: a trial without a single right answer"
NOT_KNOWN: Final = "no ratio: a trial whose arrivals were not all answered has only a lower bound"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRatios:
    """The logarithm of a ratio in each block that has both sides.

    blocks are those with both sides, also where a ratio has no logarithm: logs is empty then, and why_not says why.
    """

    blocks: frozenset[int] = frozenset()
    logs: Mapping[int, float] = field(default_factory=dict)
    why_not: str | None = None


def log_ratios(candidate: Mapping[int, float], baseline: Mapping[int, float]) -> LogRatios:
    """Return the logarithms of the ratios of two sets of values of 0 or more, each by block.

    Blocks that only one side has are left out. A value of 0 has no ratio, and leaving its block out would
    flatter who failed in it, so there is no ratio at all then; nor where a value is a lower bound.
    """
    both = candidate.keys() & baseline.keys()
    if not both:
        return LogRatios(why_not=NO_PAIR)
    values = [side[block] for block in both for side in (candidate, baseline)]
    if 0 in values:
        return LogRatios(blocks=frozenset(both), why_not=NO_ANSWERS)
    if any(isinstance(value, AtLeast) for value in values):
        return LogRatios(blocks=frozenset(both), why_not=NOT_KNOWN)
    logs = {block: log(candidate[block] / baseline[block]) for block in sorted(both)}
    return LogRatios(blocks=frozenset(both), logs=logs)


def averaged(parts: Iterable[LogRatios]) -> LogRatios:
    """Return the mean of logarithms within each block: the geometric mean of the ratios, the block still one value.

    What was measured in no block is left out. A block in which one of the others lacks is left out: its mean would be
    one of other things, and the difference between those would pass for noise, or for an effect.
    """
    return _joined([part for part in parts if part.blocks], fmean)


def apart(one: LogRatios, other: LogRatios) -> LogRatios:
    """Return how many times one ratio the other is, as logarithms by block: a ratio of ratios."""
    if not (one.blocks and other.blocks):
        return LogRatios(why_not=NO_PAIR)
    return _joined([one, other], lambda logs: logs[0] - logs[1])


def _joined(parts: Sequence[LogRatios], join: Callable[[list[float]], float]) -> LogRatios:
    """Return what a function makes of the logarithms of all parts in each block that all of them have."""
    if not parts:
        return LogRatios(why_not=NO_PAIR)
    common = reduce(frozenset.intersection, (part.blocks for part in parts))
    why_not = next((part.why_not for part in parts if part.why_not), None if common else NO_WHOLE_BLOCK)
    if why_not is not None:
        return LogRatios(blocks=common, why_not=why_not)
    return LogRatios(
        blocks=common, logs={block: join([part.logs[block] for part in parts]) for block in sorted(common)}
    )
