"""What is asked of every target in each block: a plan's scenarios in its variants."""

from collections.abc import Mapping
from dataclasses import dataclass

from controller.plan.factors import Level, Variant
from controller.plan.plan import Plan
from controller.plan.scenario import Scenario
from controller.plan.together import impossible


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A scenario as it is in a variant, and the levels in force there."""

    variant: Variant
    scenario: Scenario
    levels: Mapping[str, Level]


def cases_of(plan: Plan) -> tuple[Case, ...]:
    """Return every variant in every scenario where it can be, once where several would be the same.

    Of those the first variant stands for all: the one whose factors that cannot act have their first levels.
    """
    cases: dict[tuple[str, tuple[tuple[str, Level], ...]], Case] = {}
    for variant in plan.variants:
        there = plan.at(variant)
        for scenario in there.scenarios:
            if impossible(there.asked_levels(scenario, variant)) is None:
                levels = there.levels(scenario, variant)
                key = (scenario.name, tuple(levels.items()))
                cases.setdefault(key, Case(variant=variant, scenario=scenario, levels=levels))
    return tuple(cases.values())


def idle_factors(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Return for each scenario the factors of several levels that act in none of its cases, where there are any."""
    acting: dict[str, set[str]] = {scenario.name: set() for scenario in plan.scenarios}
    for case in cases_of(plan):
        acting[case.scenario.name] |= case.levels.keys()
    idle = {name: tuple(factor for factor in plan.varied if factor not in there) for name, there in acting.items()}
    return {name: factors for name, factors in idle.items() if factors}
