"""What trials stand on: all that a run has running, and who hears of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from controller.load.fleet import Fleet
from controller.load.standing import StandingFleet
from controller.measure.judgement import GENERATOR, MASTER, PROXY, SERVER
from controller.measure.resources import Sampler
from controller.measure.window import Window
from controller.plan.factors import Variant
from controller.plan.plan import Plan
from controller.plan.scenario import Scenario
from controller.stack.backing import Backing
from controller.stack.cpus import Cores
from controller.stack.preflight import Ground, Prepared
from controller.stack.supervisor import Supervisor


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What all trials of a run share; scripts are the Locust files of its scenarios, by what the plan calls them."""

    plan: Plan
    prepared: Mapping[str, Prepared]
    scripts: Mapping[str, Path]
    ground: Ground
    backing: Backing
    supervisor: Supervisor
    fleet: StandingFleet
    sampler: Sampler
    cores: Cores
    logs: Path

    @property
    def parties(self) -> tuple[str, ...]:
        """All parties of a trial that are looked at, where they can be seen."""
        return SERVER, PROXY, *self.backing.parties, GENERATOR, MASTER

    def at(self, variant: Variant) -> "Bench":
        """Return the bench as trials of a variant have it: with its loads, and the target on as many cores as it says.

        The others keep their cores: what a level of cpus changes is the target alone.
        """
        plan = self.plan.at(variant)
        return replace(self, plan=plan, cores=self.cores.for_target(plan.cpus.target))

    def fleet_for(self, scenario: Scenario) -> Fleet:
        """Return a whole fleet as a scenario needs it. Raises LoadError where one cannot be started."""
        script = None if scenario.locustfile is None else self.scripts[scenario.locustfile]
        return self.fleet.ready(scenario.load.workers, script)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ears:
    """Who hears of a trial while it runs; stopped says whether the user asked for its end.

    step hears the number and the rate of each step of a search as it begins. enough is drive.Watch's: with it a trial
    is as long as the user wants, without it as long as the plan says.
    """

    window: Callable[[Window], None]
    messages: Callable[[int, Mapping[str, Sequence[str]]], None]
    stopped: Callable[[], bool]
    enough: Callable[[], bool] | None = None
    step: Callable[[int, float], None] = lambda _step, _rate_per_s: None
