"""What a run would be, said before it runs: its trials, how long they take, and what they could tell."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt

from controller.compare.power import USUAL_SPREAD, detectable_ratio
from controller.plan.cases import idle_factors
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
    """A plan's trials in planned order, their time in seconds without building, and the rest in words.

    left_out says what the plan names and no trial has, once which factors cannot act in a scenario and so do not
    multiply its trials.
    """

    plan: Plan
    trials: tuple[Trial, ...]
    expected_s: float
    can_see: tuple[str, ...]
    cores: str
    left_out: tuple[str, ...] = ()
    once: tuple[str, ...] = ()
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
        can_see=(can_see(plan), *can_see_effects(plan)),
        cores=" · ".join(
            f"{_listed(numbers)} {party}"
            for party, numbers in (("target", cores.target), ("backing", cores.backing), ("generator", cores.generator))
            if numbers
        ),
        left_out=(*(f"{name}: a tool it needs is missing" for name in plan.skipped), *plan.left_out),
        once=once_texts(plan),
        notes=(
            *cores.notes,
            *(estimate if warmup_is_estimated(plan) else ()),
            *(requests if warmup_counts_requests(plan, targets) else ()),
            *(steps if is_searched(plan) else ()),
            *(repeats if plan.repeat_doubted else ()),
            *until_texts(plan),
        ),
    )


def until_texts(plan: Plan) -> tuple[str, ...]:
    """Return a line on when a run may end before its last block; nothing where all blocks are run."""
    if plan.until is None:
        return ()
    blocks = f"{plan.until.at_least} to {plan.repeats} blocks"
    until = f"until every ratio to the baseline is known to {plan.until.half_width:.1%}"
    return (f"{blocks}, {until}; the time is that of all of them, and so is what can be seen",)


def can_see(plan: Plan) -> str:
    """Return which difference from the baseline so many blocks find, in words."""
    candidates = len(plan.targets) - 1
    if candidates == 0:
        return "no difference: there is one target"
    ratio = detectable_ratio(USUAL_SPREAD, plan.repeats, comparisons=candidates)
    if ratio is None:
        return "no difference: one block shows no spread"
    return f"differences above {ratio - 1:.1%} from the baseline (spread taken as {USUAL_SPREAD:.1%})"


def can_see_effects(plan: Plan) -> Iterator[str]:
    """Yield which effect of a level so many blocks find, in words; nothing where no factor varies.

    A level is paired with the first one of its factor within block, target and scenario, so each target has as many
    pairs as there are blocks. The levels of all factors over all targets are one family, those at single targets
    another, as compare.effects corrects them; with every combination there are more pairs, which is left out here.
    """
    levels = sum(len({variant.levels[name] for variant in plan.variants}) - 1 for name in plan.varied)
    if levels == 0:
        return
    targets = len(plan.targets)
    one = detectable_ratio(USUAL_SPREAD, plan.repeats, comparisons=targets * levels)
    together = detectable_ratio(USUAL_SPREAD / sqrt(targets), plan.repeats, comparisons=levels)
    if one is None or together is None:
        yield "no effect of a factor: one block shows no spread"
        return
    over_all = f", {together - 1:.1%} over all targets" if targets > 1 else ""
    yield f"effects above {one - 1:.1%} of a factor's level on one target{over_all}, beside the first level"


def once_texts(plan: Plan) -> tuple[str, ...]:
    """Return a line for the scenarios that factors which vary cannot reach: what would be the same is measured once."""
    grouped: dict[tuple[str, ...], list[str]] = {}
    for scenario, factors in idle_factors(plan).items():
        grouped.setdefault(factors, []).append(scenario)
    return tuple(
        f"{', '.join(names)} for all levels of {', '.join(factors)}, which cannot act there"
        for factors, names in grouped.items()
    )


def _listed(cores: Sequence[int]) -> str:
    return ",".join(map(str, cores))
