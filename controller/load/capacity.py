"""The search for a capacity: which rate is tried next, and what the rates tried so far say.

Rates grow twofold until one misses the SLO, then the gap between the highest rate that kept it and the lowest
that missed it is cut until it is 2 % wide. Nothing here sends anything: all of it is a function of the steps so far.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10
from random import Random
from typing import Final

from controller.measure.step import Capacity, Step
from controller.plan.slo import Search
from controller.units import rate_text

# The search ends where the lowest rate that missed is this many times the highest that was kept.
RESOLUTION: Final = 1.02
GROWTH: Final = 2.0
# Where the first rate misses already, it is halved this often before the search is given up.
MOST_HALVINGS: Final = 3
# More steps than growth from 1 to 10,000,000/s and every cut would take, each tried twice.
MOST_STEPS: Final = 80
_DIGITS: Final = 4
# Gaps are cut somewhere in their middle fifth.
_CUT_FROM, _CUT_WIDTH = 0.4, 0.2


@dataclass(frozen=True, slots=True)
class _Gap:
    """The highest rate that kept the SLO, and the lowest that missed it twice; None where there is none yet."""

    kept_per_s: float | None
    missed_per_s: float | None


def next_rate(search: Search, steps: Sequence[Step], *, seed: str) -> float | None:
    """Return the rate of the next step, None where the search is over.

    A rate that misses is tried a second time, and only a second miss bounds the search: one stall of the machine
    must not halve a server. The seed draws where a gap is cut, so that trials do not all find the same round
    number, which would look like a capacity without any spread.
    """
    if _saturated(steps) or len(steps) >= MOST_STEPS:
        return None
    if steps and _needs_second_try(steps):
        return steps[-1].rate_per_s
    gap = _gap(steps)
    if gap.missed_per_s is None:
        return _grown(search, gap.kept_per_s)
    if gap.kept_per_s is None:
        return rounded(gap.missed_per_s / GROWTH) if gap.missed_per_s > _least(search) else None
    width = gap.missed_per_s / gap.kept_per_s
    if width <= RESOLUTION:
        return None
    share = _CUT_FROM + _CUT_WIDTH * Random(f"{seed}:{len(steps)}").random()
    cut = rounded(gap.kept_per_s * width**share)
    return cut if gap.kept_per_s < cut < gap.missed_per_s else None


def capacity_of(search: Search, steps: Sequence[Step], *, slo: str) -> Capacity:
    """Return what the steps of a search say, also of one that was cut short."""
    gap = _gap(steps)
    if gap.kept_per_s is None:
        return Capacity(slo=slo, high_per_s=gap.missed_per_s, reason=_never_kept(steps))
    missed = {step.rate_per_s for step in steps if not step.kept}
    return Capacity(
        slo=slo,
        per_s=gap.kept_per_s,
        low_per_s=max((step.rate_per_s for step in steps if step.kept and step.rate_per_s not in missed), default=None),
        high_per_s=gap.missed_per_s,
        step=max(step.step for step in steps if step.kept and step.rate_per_s == gap.kept_per_s),
        reason=_unbounded(search, steps) if gap.missed_per_s is None else None,
    )


def rounded(rate_per_s: float) -> float:
    """Return a rate with four digits, as people can say it."""
    return float(round(rate_per_s, _DIGITS - 1 - floor(log10(rate_per_s))))


def _needs_second_try(steps: Sequence[Step]) -> bool:
    last = steps[-1]
    return not last.kept and sum(step.rate_per_s == last.rate_per_s for step in steps) == 1


def _gap(steps: Sequence[Step]) -> _Gap:
    kept = {step.rate_per_s for step in steps if step.kept}
    missed = [step.rate_per_s for step in steps if not step.kept and step.rate_per_s not in kept]
    late = {step.rate_per_s for step in steps} - {step.rate_per_s for step in steps if not _late(step)}
    twice = {rate for rate in missed if missed.count(rate) > 1} - late
    return _Gap(max(kept, default=None), min(twice, default=None))


def _grown(search: Search, kept_per_s: float | None) -> float | None:
    if kept_per_s is None:
        return search.from_per_s
    return min(rounded(kept_per_s * GROWTH), search.to_per_s) if kept_per_s < search.to_per_s else None


def _least(search: Search) -> float:
    # A little above the last halving itself: halves are rounded.
    return search.from_per_s / GROWTH**MOST_HALVINGS * RESOLUTION


def _saturated(steps: Sequence[Step]) -> bool:
    """Whether a rate was missed twice while the generator was late: higher ones would say nothing of the server."""
    return len(steps) > 1 and steps[-1].rate_per_s == steps[-2].rate_per_s and all(map(_late, steps[-2:]))


def _late(step: Step) -> bool:
    return bool(step.doubts) and not step.kept


def _unbounded(search: Search, steps: Sequence[Step]) -> str:
    """Return why nothing bounds a capacity from above."""
    if _saturated(steps):
        return "the generator was late at higher rates"
    if any(step.kept and step.rate_per_s >= search.to_per_s for step in steps):
        return f"kept up to the {rate_text(search.to_per_s)}/s of to_per_s"
    return "the search was cut short"


def _never_kept(steps: Sequence[Step]) -> str:
    """Return why there is no capacity."""
    if not steps:
        return "no step came to its end"
    last = min(steps, key=lambda step: step.rate_per_s)
    return f"missed even at {rate_text(last.rate_per_s)}/s: {', '.join(last.missed)}"
