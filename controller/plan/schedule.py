"""The order of a run's trials, and how long they take."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import product
from math import ceil, log2
from random import Random
from typing import TypeVar

from controller.plan.cases import Case, cases_of
from controller.plan.factors import Variant
from controller.plan.plan import Plan
from controller.plan.scenario import Load
from controller.plan.target import Target

_Cell = TypeVar("_Cell")

# What "auto" is taken to last: ten windows are the least that show a slope.
AUTO_WARMUP_S = 10.0
# What a step takes beside its measured time: its begin, and the answers that are awaited after it.
BETWEEN_STEPS_S = 1.5
# The kernel remembers a connection for so long after its close.
TIME_WAIT_S = 60.0
# How often a gap of twofold is cut until it is 2 % wide.
_CUTS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One target x variant x scenario of one block. number counts from 1 in planned order, block from 1."""

    number: int
    block: int
    target: str
    variant: Variant
    scenario: str


def count_trials(plan: Plan) -> int:
    """Return how many trials a plan has."""
    return sum(len(case.targets) for case in cases_of(plan)) * plan.repeats


def trials_of(plan: Plan) -> tuple[Trial, ...]:
    """Return a plan's trials in planned order: each block has every target in every case once, shuffled.

    The seed alone decides on the order, on every machine and in every version of Python.
    """
    cells = [(target, case.variant, case.scenario.name) for target, case in _cells(plan)]
    ordered = [
        (block, *cell) for block in range(1, plan.repeats + 1) for cell in shuffled(cells, f"{plan.seed}:{block}")
    ]
    return tuple(
        Trial(number=number, block=block, target=target, variant=variant, scenario=scenario)
        for number, (block, target, variant, scenario) in enumerate(ordered, start=1)
    )


def _cells(plan: Plan) -> list[tuple[str, Case]]:
    """Return each target with every case that is for it."""
    return [(target, case) for target, case in product(plan.targets, cases_of(plan)) if target in case.targets]


def shuffled(cells: Iterable[_Cell], seed: str) -> list[_Cell]:
    """Return what a block has in an order that the seed alone decides on."""
    # Of all methods of Random, only random() is promised to give the same numbers in later versions.
    random = Random(seed)
    return sorted(cells, key=lambda _: random.random())


def expected_seconds(plan: Plan, targets: Mapping[str, Target], *, fixed_s: float = 2.0) -> float:
    """Return how long a plan's trials take, in seconds, with a fixed cost of each trial and without building.

    Where warmup_is_estimated, and where a capacity is searched, the answer is an estimate; repeated trials are in no
    case part of it.
    """
    each = ((case.scenario.load, targets[name], case) for name, case in _cells(plan))
    once = sum(
        fixed_s + load.ramp_up_s + expected_warmup_s(load, target) + measured_s(load) + forgotten_s(case)
        for load, target, case in each
    )
    return once * plan.repeats


def forgotten_s(case: Case) -> float:
    """Return how long a trial is followed by waiting: for connections that were not kept, which are thousands."""
    kept = (case.levels.get(name, "on") for name in ("client_keepalive", "upstream_keepalive"))
    return 0.0 if all(level == "on" for level in kept) else TIME_WAIT_S


def expected_warmup_s(load: Load, target: Target) -> float:
    """Return the seconds of warm-up that a load asks for; an estimate where it has no number."""
    if load.warmup_s is not None:
        return load.warmup_s
    if load.until_steady:
        return max(target.warmup_s, AUTO_WARMUP_S)
    # One that ends by what was seen ends with a window.
    return target.warmup_s + (1 if target.warmup_requests else 0)


def measured_s(load: Load) -> float:
    """Return how long the measured phase is; for a search an estimate of all its steps.

    It takes the search to grow through half of its range, on a scale of powers, where half of the cuts that follow
    miss and are tried twice.
    """
    if load.model != "capacity":
        return load.duration_s
    search = load.capacity
    doublings = ceil(log2(search.to_per_s / search.from_per_s) / 2)
    grown = [step_s(load, search.from_per_s * 2**n) for n in range(doublings + 1)]
    return sum(grown) + (1 + _CUTS * 1.5) * grown[-1] + (len(grown) + 1 + _CUTS * 1.5) * BETWEEN_STEPS_S


def step_s(load: Load, rate_per_s: float) -> float:
    """Return how long a step at a rate is measured: as long as the plan says, and until it has had enough arrivals."""
    return max(load.capacity.step_s, load.capacity.step_requests / rate_per_s)


def warmup_is_estimated(plan: Plan) -> bool:
    """Whether some scenario warms up until steady, so that its time is not known beforehand."""
    loads = [scenario.load for scenario in plan.scenarios]
    return any(load.warmup_s is None and load.until_steady and load.model != "capacity" for load in loads)


def warmup_counts_requests(plan: Plan, targets: Mapping[str, Target]) -> bool:
    """Whether some target's least warm-up takes as long as its requests take, and decides on that of a trial."""
    counting = any(targets[name].warmup_requests for name in plan.targets)
    return counting and any(scenario.load.warmup_s is None for scenario in plan.scenarios)


def is_searched(plan: Plan) -> bool:
    """Whether some scenario searches for a capacity, so that its number of steps is not known beforehand."""
    return any(scenario.load.model == "capacity" for scenario in plan.scenarios)
