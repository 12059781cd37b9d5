"""What a run would be, said before it runs: its trials, how long they take, and what they could tell."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from controller.compare.power import USUAL_SPREAD, detectable_ratio
from controller.plan.plan import Plan
from controller.plan.schedule import (
    Trial,
    expected_seconds,
    is_searched,
    trials_of,
    warmup_counts_requests,
    warmup_is_estimated,
)
from controller.plan.target import Target
from controller.stack.cpus import Cores


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """A plan's trials in planned order, their time in seconds without building, and the rest in words."""

    plan: Plan
    trials: tuple[Trial, ...]
    expected_s: float
    can_see: str
    cores: str
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def forecast(plan: Plan, targets: Mapping[str, Target], cores: Cores) -> DryRun:
    """Return what a run of a plan on these cores would be."""
    estimate = ("the time is an estimate: warm-up lasts until throughput is steady",)
    requests = ("the time is an estimate: a server that needs many requests to warm up takes as long as they take",)
    repeats = ("trials that the machine disturbs are repeated once, on top of this time",)
    steps = ("the time is an estimate: how many steps a search for the capacity takes depends on what it finds",)
    return DryRun(
        plan=plan,
        trials=trials_of(plan),
        expected_s=expected_seconds(plan, targets),
        can_see=can_see(plan),
        cores=" · ".join(
            f"{_listed(numbers)} {party}"
            for party, numbers in (("target", cores.target), ("backing", cores.backing), ("generator", cores.generator))
            if numbers
        ),
        left_out=tuple(f"{name}: a tool it needs is missing" for name in plan.skipped),
        notes=(
            *cores.notes,
            *(estimate if warmup_is_estimated(plan) else ()),
            *(requests if warmup_counts_requests(plan, targets) else ()),
            *(steps if is_searched(plan) else ()),
            *(repeats if plan.repeat_doubted else ()),
        ),
    )


def can_see(plan: Plan) -> str:
    """Return which difference from the baseline so many blocks find, in words."""
    candidates = len(plan.targets) - 1
    if candidates == 0:
        return "no difference: there is one target"
    ratio = detectable_ratio(USUAL_SPREAD, plan.repeats, comparisons=candidates)
    if ratio is None:
        return "no difference: one block shows no spread"
    return f"differences above {ratio - 1:.1%} from the baseline (spread taken as {USUAL_SPREAD:.1%})"


def _listed(cores: Sequence[int]) -> str:
    return ",".join(map(str, cores))
