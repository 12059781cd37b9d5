"""Whether the levels that a plan names make variants: each of them is in some, and there are not too many."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from controller.plan.factors import Level
from controller.plan.problems import Problems
from controller.plan.toml_text import toml_value
from controller.plan.variants import Combination, combinations, count_combinations, levels_said, named_levels

# Looked at one by one: more would keep everybody waiting, and make more trials than anybody could wait for.
MOST_COMBINATIONS: Final = 20_000


def check_variants(table: Mapping[str, Any], problems: Problems) -> None:
    """Note what keeps the levels of a plan, each right by itself, from being tried."""
    named, vary = named_levels(table), table.get("factors", {}).get("vary", "all")
    said = levels_said(table)
    combined = count_combinations(named, vary)
    if combined > 1 and (count := combined * len(said)) > MOST_COMBINATIONS:
        most = f"{MOST_COMBINATIONS:,}"
        problems.add(("factors",), f"expected at most {most} combinations of levels and scenarios, found {count:,}")
        return
    found = combinations(named, vary, said)
    if vary == "all":
        _check_levels(found, named, scenarios=len(said), problems=problems)
    else:
        _check_alone(found, named, scenarios=len(said), problems=problems)


def _check_levels(
    found: Sequence[Combination], named: Mapping[str, Sequence[Level]], *, scenarios: int, problems: Problems
) -> None:
    """Note the levels that are in no combination that can be."""
    possible = [one.levels for one in found if len(one.unfit) < scenarios]
    for name, levels in named.items():
        there = {levels[name] for levels in possible}
        for index, level in enumerate(levels):
            if level not in there:
                why = next(iter(next(one for one in found if one.levels[name] == level).unfit.values()))
                text = f"expected levels of other factors with which {toml_value(level)} can be, found none: {why}"
                problems.add(("factors", name, index), text)


def _check_alone(
    found: Sequence[Combination], named: Mapping[str, Sequence[Level]], *, scenarios: int, problems: Problems
) -> None:
    """Note levels that cannot be beside the first ones of all other factors, and first ones that cannot be together."""
    base, *others = found
    if base.unfit:
        why = next(iter(base.unfit.values()))
        problems.add(("factors", "vary"), f"expected first levels of all factors that can be together: {why}")
        return
    places = [(name, index) for name, levels in named.items() for index in range(1, len(levels))]
    for place, one in zip(places, others, strict=True):
        if len(one.unfit) == scenarios:
            why = next(iter(one.unfit.values()))
            text = f'expected a level that can be beside the first ones of all others, or vary = "all": {why}'
            problems.add(("factors", *place), text)
