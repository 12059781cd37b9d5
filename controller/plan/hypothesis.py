"""A hypothesis: which numbers of a run, compared with which others, keep which ratio."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from controller.errors import PlanError
from controller.plan.factors import Level
from controller.plan.rules import LINE, hold

# By target, scenario, endpoint, bound or factor: any of these values.
Choice: TypeAlias = tuple[tuple[str, tuple[Level, ...]], ...]
# In place of names: all targets that the other side does not name.
OTHERS: Final = "others"
BOUNDS: Final = ("server", "proxy", "database", "cache", "generator", "none")


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypothesis:
    """What somebody says of a run: the metric of the rows in compare, over that of those in to, is at least or at most.

    metric is a number of summary.csv, or "spread": the largest over the smallest throughput among targets. A choice
    has (key, values) for each key that a plan's table names; what it does not name may be anything. bound chooses rows
    by the party that limited most of their trials.
    """

    says: str
    metric: str
    compare: Choice
    to: Choice
    at_least: float | None = None
    at_most: float | None = None

    def __post_init__(self) -> None:
        hold(self, {"says": LINE})
        if self.at_least is None and self.at_most is None:
            raise PlanError(f'hypothesis "{self.says}": expected at_least or at_most, found neither')

    @property
    def settings(self) -> dict[str, Any]:
        """The hypothesis as a plan says it."""
        bounds = {"at_least": self.at_least, "at_most": self.at_most}
        return {
            "says": self.says,
            "metric": self.metric,
            "compare": _table(self.compare),
            "to": _table(self.to),
            **{name: bound for name, bound in bounds.items() if bound is not None},
        }

    @property
    def bounds_text(self) -> str:
        """The bounds as one reads them: "at least 1.3"."""
        named = (("at least", self.at_least), ("at most", self.at_most))
        return " and ".join(f"{name} {bound:g}" for name, bound in named if bound is not None)

    def is_kept_by(self, low: float, high: float) -> bool:
        """Return whether all of an interval is within the bounds."""
        return (self.at_least is None or low >= self.at_least) and (self.at_most is None or high <= self.at_most)

    def is_broken_by(self, low: float, high: float) -> bool:
        """Return whether all of an interval is outside the bounds, on one side of them."""
        return (self.at_least is not None and high < self.at_least) or (self.at_most is not None and low > self.at_most)


def hypothesis_of(table: Mapping[str, Any]) -> Hypothesis:
    """Return the hypothesis of a checked table."""
    return Hypothesis(
        says=table["says"],
        metric=table["metric"],
        compare=_choice(table["compare"]),
        to=_choice(table["to"]),
        at_least=table.get("at_least"),
        at_most=table.get("at_most"),
    )


def _choice(table: Mapping[str, Any]) -> Choice:
    return tuple((key, tuple(value) if isinstance(value, list) else (value,)) for key, value in table.items())


def _table(choice: Choice) -> dict[str, Any]:
    """Return a choice as a plan says it: a single value stands without a list."""
    return {key: values[0] if len(values) == 1 else list(values) for key, values in choice}
