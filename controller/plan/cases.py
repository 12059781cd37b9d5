"""What is asked of targets in each block: a plan's scenarios in their variants."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from controller.plan.factors import Level, Variant
from controller.plan.plan import Plan
from controller.plan.scenario import Scenario
from controller.plan.together import impossible


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A scenario as it is in a variant, the levels in force there, and the targets that are asked."""

    variant: Variant
    scenario: Scenario
    levels: Mapping[str, Level]
    targets: tuple[str, ...]


def cases_of(plan: Plan) -> tuple[Case, ...]:
    """Return every variant in every scenario that has it and where it can be, once where several would be the same.

    Of those the first variant stands for all: the one whose factors that cannot act have their first levels.
    """
    cases: dict[tuple[str, tuple[tuple[str, Level], ...]], Case] = {}
    at = {variant: plan.at(variant) for variant in plan.variants}
    for variant, scenario in _asked(plan):
        there, mine = at[variant], at[variant].scenario(scenario.name)
        if impossible(there.asked_levels(mine, variant)) is None:
            levels = there.levels(mine, variant)
            case = Case(variant=variant, scenario=mine, levels=levels, targets=plan.targets_of(mine))
            cases.setdefault((mine.name, tuple(levels.items())), case)
    return tuple(cases.values())


def _asked(plan: Plan) -> Iterator[tuple[Variant, Scenario]]:
    """Yield every variant with each scenario that has the plan's levels, then those with levels of their own."""
    common = [scenario for scenario in plan.scenarios if not scenario.factors]
    yield from ((variant, one) for variant in plan.variants for one in common if plan.has(one, variant))
    yield from ((variant, one) for one in plan.scenarios if one.factors for variant in plan.variants_of(one))


def idle_factors(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Return for each scenario the factors of several levels that act in none of its cases, where there are any."""
    acting: dict[str, set[str]] = {scenario.name: set() for scenario in plan.scenarios}
    for case in cases_of(plan):
        acting[case.scenario.name] |= case.levels.keys()
    idle = {
        scenario.name: tuple(
            name
            for name, levels in plan.levels_of(scenario).items()
            if len(levels) > 1 and name not in acting[scenario.name]
        )
        for scenario in plan.scenarios
    }
    return {name: factors for name, factors in idle.items() if factors}
