"""The order of a run's trials, and how long they take."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from random import Random

from controller.plan.factors import Variant
from controller.plan.plan import Plan
from controller.plan.scenario import Load
from controller.plan.target import Target

# What "auto" is taken to last: ten windows are the least that show a slope.
AUTO_WARMUP_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One target x variant x scenario of one block. number counts from 1 in planned order, block from 1."""

    number: int
    block: int
    target: str
    variant: Variant
    scenario: str


def trials_of(plan: Plan) -> tuple[Trial, ...]:
    """Return a plan's trials in planned order: each block has every target x variant x scenario once, shuffled.

    The seed alone decides on the order, on every machine and in every version of Python.
    """
    cells = list(product(plan.targets, plan.variants, (scenario.name for scenario in plan.scenarios)))
    ordered = [
        (block, *cell) for block in range(1, plan.repeats + 1) for cell in _shuffled(cells, f"{plan.seed}:{block}")
    ]
    return tuple(
        Trial(number=number, block=block, target=target, variant=variant, scenario=scenario)
        for number, (block, target, variant, scenario) in enumerate(ordered, start=1)
    )


def _shuffled(cells: list[tuple[str, Variant, str]], seed: str) -> list[tuple[str, Variant, str]]:
    # Of all methods of Random, only random() is promised to give the same numbers in later versions.
    random = Random(seed)
    return sorted(cells, key=lambda _: random.random())


def expected_seconds(plan: Plan, targets: Mapping[str, Target], *, fixed_s: float = 3.0) -> float:
    """Return how long a plan's trials take, in seconds, with a fixed cost of each trial and without building.

    Where warmup_is_estimated the answer is an estimate; repeated trials are in no case part of it.
    """
    return sum(
        fixed_s + scenario.load.ramp_up_s + expected_warmup_s(scenario.load, targets[name]) + scenario.load.duration_s
        for name, scenario in product(plan.targets, plan.scenarios)
    ) * (plan.repeats * len(plan.variants))


def expected_warmup_s(load: Load, target: Target) -> float:
    """Return the seconds of warm-up that a load asks for; an estimate where it is "auto"."""
    return max(target.warmup_s, AUTO_WARMUP_S) if load.warmup_s is None else load.warmup_s


def warmup_is_estimated(plan: Plan) -> bool:
    """Whether some scenario warms up until steady, so that its time is not known beforehand."""
    return any(scenario.load.warmup_s is None for scenario in plan.scenarios)
