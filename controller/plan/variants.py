"""From the levels that a plan names to its variants: every combination, or one factor at a time."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import prod
from typing import Any, Final

from controller.errors import PlanError
from controller.plan.check_load import load_settings
from controller.plan.factors import FACTORS, SERVER_FACTORS, Level, Variant, levels_said_by, variant_of
from controller.plan.plan import Plan
from controller.plan.target import Target
from controller.plan.together import impossible
from controller.plan.toml_text import toml_value
from controller.units import counted

_DEFAULTS: Final[Mapping[str, Level]] = {name: factor.default for name, factor in FACTORS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Combination:
    """A level of each factor that a plan names; unfit has the scenarios in which they cannot be, each with a reason."""

    levels: Mapping[str, Level]
    unfit: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Scenarios for which a plan names the same levels: one with levels of its own, which is own, or all without.

    said has for each of them what its load says of factors, which counts where they are not named.
    """

    named: Mapping[str, tuple[Level, ...]]
    said: Mapping[str, Mapping[str, Level]]
    own: str | None = None

    def combinations(self, vary: str) -> tuple[Combination, ...]:
        """Return all combinations of levels, the first one of the first level of each factor."""
        return combinations(self.named, vary, self.said)


def named_levels(factors: Mapping[str, Any]) -> dict[str, tuple[Level, ...]]:
    """Return the factors that a checked table names with their levels, in the order of all tables."""
    return {name: tuple(factors[name]) for name in FACTORS if name in factors}


def groups_of(table: Mapping[str, Any]) -> list[Group]:
    """Return the scenarios of a checked plan, grouped by the levels that it names for them: the common ones first."""
    general, load, scenarios = table.get("factors", {}), table.get("load", {}), table["scenarios"]
    said = {name: levels_said_by(load_settings(load, one.get("load", {}))) for name, one in scenarios.items()}
    common = {name: levels for name, levels in said.items() if not scenarios[name].get("factors")}
    groups = [Group(named=named_levels(general), said=common)] if common else []
    return groups + [
        Group(named=named_levels({**general, **scenarios[name]["factors"]}), said={name: levels}, own=name)
        for name, levels in said.items()
        if name not in common
    ]


def count_combinations(named: Mapping[str, Sequence[Level]], vary: str) -> int:
    """Return how many combinations there are, possible or not."""
    numbers = [len(levels) for levels in named.values()]
    return prod(numbers) if vary == "all" else 1 + sum(number - 1 for number in numbers)


def combinations(
    named: Mapping[str, Sequence[Level]], vary: str, said: Mapping[str, Mapping[str, Level]]
) -> tuple[Combination, ...]:
    """Return all combinations of levels, the first one of the first level of each factor.

    said has for each scenario what its load says of factors, which counts where they are not named.
    """
    return tuple(
        Combination(
            levels=levels,
            unfit={name: why for name, its in said.items() if (why := impossible({**_DEFAULTS, **its, **levels}))},
        )
        for levels in _combined(named, vary)
    )


def _combined(named: Mapping[str, Sequence[Level]], vary: str) -> Iterator[dict[str, Level]]:
    if vary == "all":
        yield from (dict(zip(named, levels, strict=True)) for levels in product(*named.values()))
        return
    base = {name: levels[0] for name, levels in named.items()}
    yield base
    yield from ({**base, name: level} for name, levels in named.items() for level in levels[1:])


def possible_variants(found: Sequence[Combination], scenarios: int) -> tuple[Variant, ...]:
    """Return the variants of the combinations that can be in one of so many scenarios at least."""
    return tuple(variant_of(one.levels) for one in found if len(one.unfit) < scenarios)


def impossible_texts(found: Iterable[Combination], scenarios: int) -> tuple[str, ...]:
    """Return a line for each reason for which combinations cannot be: how many, where not everywhere, and why.

    scenarios is how many of them the plan has.
    """
    grouped: dict[tuple[str, tuple[str, ...]], int] = {}
    for one in found:
        for why in dict.fromkeys(one.unfit.values()):
            where = tuple(name for name, reason in one.unfit.items() if reason == why)
            grouped[why, where] = grouped.get((why, where), 0) + 1
    return tuple(
        f"{counted(number, 'combination')}{'' if len(where) == scenarios else ' in ' + ', '.join(where)}: {why}"
        for (why, where), number in grouped.items()
    )


def idle_texts(plan: Plan) -> tuple[str, ...]:
    """Return a line for each level of a plan that no variant has: it would have changed nothing."""
    return tuple(
        f"{name} = {toml_value(level)}: it changes nothing in any scenario"
        for name, levels in plan.varied.items()
        for level in levels
        if all(variant.levels[name] != level for variant in plan.variants)
    )


def refuse_untold(plan: Plan, targets: Mapping[str, Target]) -> None:
    """Raise PlanError where a factor varies that a target cannot be told of: one that runs already is as it is."""
    running = [name for name in plan.targets if targets[name].url is not None]
    if running and (untold := [name for name in plan.varied if name in SERVER_FACTORS]):
        raise PlanError(
            f"factors.{untold[0]}: expected one level, since {running[0]} runs already and is told no other, "
            f"found {toml_value(plan.varied[untold[0]])}"
        )
