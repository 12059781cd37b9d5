"""Whether the levels that a plan names make variants: each of them is in some, and there are not too many."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from controller.plan.factors import Level
from controller.plan.problems import Problems
from controller.plan.toml_text import KeyPath, toml_value
from controller.plan.variants import Combination, Group, count_combinations, groups_of

# Looked at one by one: more would keep everybody waiting, and make more trials than anybody could wait for.
MOST_COMBINATIONS: Final = 20_000


def check_variants(table: Mapping[str, Any], problems: Problems) -> None:
    """Note what keeps the levels of a plan, each right by itself, from being tried."""
    groups, vary = groups_of(table), table.get("factors", {}).get("vary", "all")
    counts = [(count_combinations(group.named, vary), len(group.said)) for group in groups]
    if any(number > 1 for number, _ in counts) and (count := sum(a * b for a, b in counts)) > MOST_COMBINATIONS:
        most = f"{MOST_COMBINATIONS:,}"
        problems.add(("factors",), f"expected at most {most} combinations of levels and scenarios, found {count:,}")
        return
    for group in groups:
        # What a scenario does not name itself is looked at where it is named, among the others.
        named = group.named if group.own is None else table["scenarios"][group.own]["factors"]
        check = _check_levels if vary == "all" else _check_alone
        check(group, group.combinations(vary), named, problems)


def _at(group: Group) -> KeyPath:
    """Return where the levels of a group are named."""
    return ("factors",) if group.own is None else ("scenarios", group.own, "factors")


def _check_levels(
    group: Group, found: Sequence[Combination], named: Mapping[str, Sequence[Level]], problems: Problems
) -> None:
    """Note the levels that are in no combination that can be."""
    possible = [one.levels for one in found if len(one.unfit) < len(group.said)]
    for name, levels in named.items():
        there = {levels[name] for levels in possible}
        for index, level in enumerate(levels):
            if level not in there:
                why = next(iter(next(one for one in found if one.levels[name] == level).unfit.values()))
                text = f"expected levels of other factors with which {toml_value(level)} can be, found none: {why}"
                problems.add((*_at(group), name, index), text)


def _check_alone(
    group: Group, found: Sequence[Combination], named: Mapping[str, Sequence[Level]], problems: Problems
) -> None:
    """Note levels that cannot be beside the first ones of all other factors, and first ones that cannot be together."""
    base, *others = found
    if base.unfit:
        why = next(iter(base.unfit.values()))
        at: KeyPath = ("factors", "vary") if group.own is None else _at(group)
        problems.add(at, f"expected first levels of all factors that can be together: {why}")
        return
    places = [(name, index) for name, levels in group.named.items() for index in range(1, len(levels))]
    for (name, index), one in zip(places, others, strict=True):
        if name in named and len(one.unfit) == len(group.said):
            why = next(iter(one.unfit.values()))
            text = f'expected a level that can be beside the first ones of all others, or vary = "all": {why}'
            problems.add((*_at(group), name, index), text)
