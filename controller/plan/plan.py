"""A plan: all that a run is made of, resolved."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from controller.errors import PlanError
from controller.plan.factors import FACTORS, LOAD_FACTORS, Level, Variant, levels_said_by, load_at
from controller.plan.hypothesis import Hypothesis
from controller.plan.rules import FLAG, NAME, Rule, hold, number, one_of, text_like, whole
from controller.plan.scenario import Load, Scenario
from controller.plan.slo import Slo

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
    factors has levels of factors in the order of the plan, of those left out the first variant has the only one: the
    first is what the others are compared with, and vary says how they make variants. A scenario may have targets and
    levels of its own; variants are those of all scenarios. load, cpus and scenarios are as first levels say, so a
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
    factors: Mapping[str, tuple[Level, ...]] = field(default_factory=dict)
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
        if not all(set(scenario.targets) <= set(self.targets) for scenario in self.scenarios):
            raise PlanError(f"plan {self.name}: expected the targets of all scenarios among its own")
        if not all(any(self.has(scenario, variant) for scenario in self.scenarios) for variant in self.variants):
            raise PlanError(f"plan {self.name}: expected variants that differ in {', '.join(self.varied) or 'nothing'}")

    @property
    def varied(self) -> dict[str, tuple[Level, ...]]:
        """The levels of each factor that has several in some scenario; the others are compared with the first."""
        found: dict[str, dict[Level, None]] = {}
        for scenario in self.scenarios:
            for name, levels in self.levels_of(scenario).items():
                if len(levels) > 1:
                    found.setdefault(name, {}).update(dict.fromkeys(levels))
        return {name: tuple(found[name]) for name in FACTORS if name in found}

    def targets_of(self, scenario: Scenario) -> tuple[str, ...]:
        """Return the targets that a scenario is for."""
        return scenario.targets or self.targets

    def baseline_of(self, scenario: Scenario) -> str:
        """Return what the other targets of a scenario are compared with: the first of its own without the plan's."""
        targets = self.targets_of(scenario)
        return self.baseline if self.baseline in targets else targets[0]

    @property
    def baselines(self) -> dict[str, str]:
        """The baseline of each scenario, by its name."""
        return {scenario.name: self.baseline_of(scenario) for scenario in self.scenarios}

    @property
    def slos(self) -> dict[str, Slo]:
        """The SLOs of scenarios that are held to them at their given load, by name; a search keeps its own."""
        return {one.name: one.slo for one in self.scenarios if one.slo is not None and one.load.model != "capacity"}

    def levels_of(self, scenario: Scenario) -> dict[str, tuple[Level, ...]]:
        """Return the levels that each factor is to have in a scenario, its own or the plan's."""
        levels = {**{name: (level,) for name, level in self.variants[0].levels.items()}, **self.factors}
        return {**levels, **dict(scenario.factors)}

    def has(self, scenario: Scenario, variant: Variant) -> bool:
        """Return whether the levels of a scenario make this variant, as vary says; it may be impossible there."""
        levels = self.levels_of(scenario)
        moved = [name for name, its in levels.items() if variant.levels[name] != its[0]]
        return all(variant.levels[name] in levels[name] for name in moved) and (self.vary == "all" or len(moved) < 2)

    def variants_of(self, scenario: Scenario) -> list[Variant]:
        """Return the variants that a scenario has, in the order of its levels: that of the first ones first."""
        levels = self.levels_of(scenario)

        def place(variant: Variant) -> tuple[int, ...]:
            indices = [its.index(variant.levels[name]) for name, its in levels.items()]
            if self.vary == "all":
                return tuple(indices)
            # All levels of the first factor, then those of the next.
            moved = next((place for place, index in enumerate(indices) if index), -1)
            return moved, indices[moved]

        return sorted((variant for variant in self.variants if self.has(scenario, variant)), key=place)

    def scenario(self, name: str) -> Scenario:
        """Return a scenario by its name. Raises KeyError for a name the plan does not have."""
        return {scenario.name: scenario for scenario in self.scenarios}[name]

    def at(self, variant: Variant) -> "Plan":
        """Return the plan with this variant alone: its loads and cores are as the variant's levels say."""
        if len(self.variants) == 1 and not self.varied:
            return self
        own = any("cpus" in dict(scenario.factors) for scenario in self.scenarios)
        cpus = replace(self.cpus, target=int(variant.levels["cpus"])) if own or "cpus" in self.varied else self.cpus
        scenarios = tuple(
            replace(one, load=load_at(one.load, _several(self.levels_of(one), variant)), factors=())
            for one in self.scenarios
        )
        load = load_at(self.load, _several(self.factors, variant))
        return replace(self, load=load, cpus=cpus, scenarios=scenarios, variants=(variant,), factors={})

    def asked_levels(self, scenario: Scenario, variant: Variant) -> dict[str, Level]:
        """Return one level of every factor as a scenario has it, whether or not the factor can act there.

        What a load says about in_flight, streams, http and connections kept alive counts, and so does cpus.target.
        """
        if (there := self.at(variant)) is not self:
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


def _several(factors: Mapping[str, tuple[Level, ...]], variant: Variant) -> dict[str, Level]:
    """Return the levels of a variant of those factors that have several: loads already are as single ones say."""
    return {name: variant.levels[name] for name, levels in factors.items() if len(levels) > 1}
