"""A plan: all that a run is made of, resolved."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from controller.errors import PlanError
from controller.plan.factors import FACTORS, LOAD_FACTORS, Level, Variant, levels_said_by, load_at
from controller.plan.hypothesis import Hypothesis
from controller.plan.rules import FLAG, NAME, Rule, hold, number, one_of, text_like, whole
from controller.plan.scenario import Load, Scenario

CPUS_RULES: Final[Mapping[str, Rule]] = {name: whole(1, 1_024) for name in ("target", "backing", "generator")}
ENVIRONMENT_RULES: Final[Mapping[str, Rule]] = {"cache_miss_ms": whole(0, 600_000), "cache_ttl_s": whole(1, 86_400)}
VARY: Final = one_of("all", "one-at-a-time")
UNTIL_RULES: Final[Mapping[str, Rule]] = {"at_least": whole(1, 1_000), "half_width": number(0.001, 1)}
PLAN_RULES: Final[Mapping[str, Rule]] = {
    "name": NAME,
    "question": text_like("one line of text, at most 1,000 characters", r"[^\x00-\x1f\x7f-\x9f\u2028\u2029]{0,1000}"),
    "seed": whole(0, 2**63 - 1),
    "repeats": whole(1, 1_000),
    "on_missing_tool": one_of("fail", "skip"),
    "vary": VARY,
    "repeat_doubted": FLAG,
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
class Until:
    """When a run may end before its last block: half_width is how well its ratios must be known, 0.03 for +- 3 %."""

    at_least: int
    half_width: float

    def __post_init__(self) -> None:
        hold(self, UNTIL_RULES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All that a run is made of. targets are names, none twice; repeats is the number of blocks.

    With until, repeats is how many blocks there are at most; without it all of them are run.
    varied has the levels of each factor that has several, in the order of the plan: the first is what the others are
    compared with, and vary says how they make variants. load, cpus and scenarios are as those first levels say, so a
    trial's are those of `at` its variant.
    repeat_doubted says whether a trial whose doubt may pass is run once more at the end of its block.
    skipped names the targets that on_missing_tool = "skip" left out, left_out says which combinations of levels are
    none of the variants, and why. sources says for each key path whether it came from "default", "plan" or "--set".
    All three tell how the plan came to be and do not take part in equality.
    """

    name: str
    question: str = ""
    seed: int = 0
    repeats: int = 5
    until: Until | None = None
    targets: tuple[str, ...]
    baseline: str
    on_missing_tool: str = "fail"
    repeat_doubted: bool = True
    load: Load
    cpus: Cpus
    environment: Environment
    variants: tuple[Variant, ...]
    vary: str = "all"
    varied: Mapping[str, tuple[Level, ...]] = field(default_factory=dict)
    scenarios: tuple[Scenario, ...]
    hypotheses: tuple[Hypothesis, ...] = ()
    skipped: tuple[str, ...] = field(default=(), compare=False)
    left_out: tuple[str, ...] = field(default=(), compare=False)
    sources: Mapping[str, str] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        hold(self, PLAN_RULES)
        if not (self.targets and self.variants and self.scenarios):
            raise PlanError(f"plan {self.name}: expected targets, variants and scenarios, found none of one of them")
        if len(set(self.targets)) != len(self.targets) or self.baseline not in self.targets:
            raise PlanError(f"plan {self.name}: expected distinct targets with the baseline {self.baseline} among them")
        constant = FACTORS.keys() - self.varied.keys()
        if any(len({variant.levels[name] for variant in self.variants}) > 1 for name in constant):
            raise PlanError(f"plan {self.name}: expected variants that differ in {', '.join(self.varied) or 'nothing'}")

    def scenario(self, name: str) -> Scenario:
        """Return a scenario by its name. Raises KeyError for a name the plan does not have."""
        return {scenario.name: scenario for scenario in self.scenarios}[name]

    def at(self, variant: Variant) -> "Plan":
        """Return the plan with this variant alone: its loads and cores are as the variant's levels say."""
        if not self.varied:
            return self
        levels = {name: variant.levels[name] for name in self.varied}
        cpus = replace(self.cpus, target=int(levels["cpus"])) if "cpus" in levels else self.cpus
        scenarios = tuple(replace(one, load=load_at(one.load, levels)) for one in self.scenarios)
        load = load_at(self.load, levels)
        return replace(self, load=load, cpus=cpus, scenarios=scenarios, variants=(variant,), varied={})

    def asked_levels(self, scenario: Scenario, variant: Variant) -> dict[str, Level]:
        """Return one level of every factor as a scenario has it, whether or not the factor can act there.

        What a load says about in_flight, streams, http and connections kept alive counts, and so does cpus.target.
        """
        if self.varied:
            there = self.at(variant)
            return there.asked_levels(there.scenario(scenario.name), variant)
        said = levels_said_by({key: getattr(scenario.load, key) for key in LOAD_FACTORS.values()})
        return {**variant.levels, **said, "cpus": self.cpus.target}

    def levels(self, scenario: Scenario, variant: Variant) -> dict[str, Level]:
        """Return the levels in force in one scenario; a factor that cannot act there is left out."""
        levels = self.asked_levels(scenario, variant)
        idle = set() if levels["db"] == "mysql" else {"pool", "db_delay_ms"}
        if levels["proxy"] == "none":
            idle.add("upstream_keepalive")
        return {name: level for name, level in levels.items() if name not in idle and FACTORS[name].acts_on(scenario)}
