"""A plan: all that a run is made of, resolved."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from controller.errors import PlanError
from controller.plan.factors import Variant
from controller.plan.rules import NAME, Rule, hold, one_of, whole
from controller.plan.scenario import Load, Scenario

CPUS_RULES: Final[Mapping[str, Rule]] = {name: whole(1, 1_024) for name in ("target", "backing", "generator")}
ENVIRONMENT_RULES: Final[Mapping[str, Rule]] = {"cache_miss_ms": whole(0, 600_000), "cache_ttl_s": whole(1, 86_400)}
PLAN_RULES: Final[Mapping[str, Rule]] = {
    "name": NAME,
    "seed": whole(0, 2**63 - 1),
    "repeats": whole(1, 1_000),
    "on_missing_tool": one_of("fail", "skip"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cpus:
    """How many cores each side is given."""

    target: int = 1
    backing: int = 1
    generator: int = 1

    def __post_init__(self) -> None:
        hold(self, CPUS_RULES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Settings of the targets that are no factors."""

    cache_miss_ms: int = 2000
    cache_ttl_s: int = 60

    def __post_init__(self) -> None:
        hold(self, ENVIRONMENT_RULES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that a run is made of. targets are names, none twice; repeats is the number of blocks.

    skipped names the targets that on_missing_tool = "skip" left out. sources says for each key path
    whether it came from "default", "plan" or "--set"; both tell how the plan came to be and do not
    take part in equality.
    """

    name: str
    question: str = ""
    seed: int = 0
    repeats: int = 5
    targets: tuple[str, ...]
    baseline: str
    on_missing_tool: str = "fail"
    load: Load
    cpus: Cpus
    environment: Environment
    variants: tuple[Variant, ...]
    scenarios: tuple[Scenario, ...]
    skipped: tuple[str, ...] = field(default=(), compare=False)
    sources: Mapping[str, str] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        hold(self, PLAN_RULES)
        if not (self.targets and self.variants and self.scenarios):
            raise PlanError(f"plan {self.name}: expected targets, variants and scenarios, found none of one of them")
        if len(set(self.targets)) != len(self.targets) or self.baseline not in self.targets:
            raise PlanError(f"plan {self.name}: expected distinct targets with the baseline {self.baseline} among them")

    def scenario(self, name: str) -> Scenario:
        """Return a scenario by its name. Raises KeyError for a name the plan does not have."""
        return {scenario.name: scenario for scenario in self.scenarios}[name]
