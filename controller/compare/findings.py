"""All that a report needs, as one frozen value."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from controller.compare.compression import Compression, compressions
from controller.compare.contrasts import Varied
from controller.compare.costs import Cost, costs
from controller.compare.distrust import Distrust, distrusts
from controller.compare.effects import Effect, effects
from controller.compare.hypotheses import Answer, answers
from controller.compare.interactions import Interactions, interactions
from controller.compare.limits import Held
from controller.compare.noise import machine_notes, noise_notes
from controller.compare.ranking import Ranking, rankings
from controller.compare.remarks import Remark, remarks
from controller.compare.summary import SummaryRow, summaries
from controller.compare.timeline import Moment, timelines
from controller.compare.verdicts import Comparison, comparisons
from controller.compare.words import scene, scene_text
from controller.measure.trial import TrialResult
from controller.measure.window import Window
from controller.plan.cases import cases_of
from controller.plan.hypothesis import Hypothesis
from controller.plan.plan import Plan
from controller.plan.scenario import Load, Scenario
from controller.plan.target import Target
from controller.units import counted, rate_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What a run found. trials are in the order run; timelines are keyed by a trial's `order`.

    Texts that are not known are empty: name and question of the plan, plan_text (TOML), about (target ->
    "Rust, async"), settings (scene, as words.scene says it -> how it was offered). facts are those of facts.json;
    folder is where the tables and the report are, as the reader would type it; following is a command to go on with.
    baselines has the baseline of scenarios that have another, by their names.
    """

    run_id: str
    baseline: str
    baselines: Mapping[str, str] = field(default_factory=dict)
    name: str = ""
    question: str = ""
    trials: tuple[TrialResult, ...] = ()
    summary: tuple[SummaryRow, ...] = ()
    rankings: tuple[Ranking, ...] = ()
    comparisons: tuple[Comparison, ...] = ()
    effects: tuple[Effect, ...] = ()
    interactions: tuple[Interactions, ...] = ()
    compressions: tuple[Compression, ...] = ()
    hypotheses: tuple[Answer, ...] = ()
    slos: tuple[Held, ...] = ()
    distrusts: tuple[Distrust, ...] = ()
    remarks: tuple[Remark, ...] = ()
    costs: Mapping[str, Cost] = field(default_factory=dict)
    timelines: Mapping[int, tuple[Moment, ...]] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    plan_text: str = ""
    about: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    folder: str = ""
    following: str = ""


def findings(
    trials: Iterable[TrialResult],
    *,
    run_id: str,
    baseline: str,
    baselines: Mapping[str, str] | None = None,
    varied: Varied | None = None,
    windows: Iterable[Window] = (),
    name: str = "",
    question: str = "",
    facts: Mapping[str, Any] | None = None,
    plan_text: str = "",
    about: Mapping[str, str] | None = None,
    settings: Mapping[str, str] | None = None,
    hypotheses: Iterable[Hypothesis] = (),
    folder: str = "",
    following: str = "",
) -> Findings:
    """Return what trials say, failed ones included; windows are read once and only for throughput over time.

    varied has the levels of each factor in the plan's order; without it they are read from the trials. Scenarios
    stand in the order of settings.
    """
    facts, baselines = facts or {}, baselines or {}
    found = _of_trials(trials, run_id=run_id, baseline=baseline, baselines=baselines, varied=varied, facts=facts)
    return replace(
        found,
        name=name,
        question=question,
        rankings=_in_plan_order(found.rankings, list(settings or {})),
        hypotheses=answers(hypotheses, found.trials),
        timelines=timelines(windows),
        facts=facts,
        plan_text=plan_text,
        about=about or {},
        settings=settings or {},
        folder=folder,
        following=following,
    )


def _of_trials(
    trials: Iterable[TrialResult],
    *,
    run_id: str,
    baseline: str,
    baselines: Mapping[str, str],
    varied: Varied | None,
    facts: Mapping[str, Any],
) -> Findings:
    """Return what can be said from the trials and the machine's facts."""
    ordered = tuple(sorted(trials, key=lambda trial: trial.order))
    doubted = distrusts(ordered, baseline=baseline)
    rows = summaries(ordered, run_id=run_id, found=doubted)
    return Findings(
        run_id=run_id,
        baseline=baseline,
        baselines=baselines,
        trials=ordered,
        summary=rows,
        rankings=rankings(ordered, rows),
        comparisons=comparisons(ordered, baseline=baseline, baselines=baselines),
        effects=effects(ordered, varied=varied),
        interactions=interactions(ordered, varied=varied),
        compressions=compressions(ordered, varied=varied),
        distrusts=doubted,
        remarks=remarks(ordered, found=doubted, notes=(*noise_notes(ordered), *machine_notes(facts))),
        costs=costs(ordered),
    )


def _in_plan_order(found: Iterable[Ranking], scenarios: Sequence[str]) -> tuple[Ranking, ...]:
    """Return rankings in the order in which the plan names their scenarios; those it does not name come last."""
    place = {name: n for n, name in enumerate(scenarios)}
    last = len(place)
    return tuple(sorted(found, key=lambda one: place.get(scene(one), place.get(one.scenario, last))))


def about_targets(targets: Iterable[Target]) -> dict[str, str]:
    """Return what each target is, in three words: "Rust, async"."""
    return {target.name: f"{target.language}, {target.style}" for target in targets}


def settings_of(plan: Plan) -> dict[str, str]:
    """Return how each scenario of a plan is offered, in words; where there are variants, in each that it has."""
    if len(plan.variants) == 1:
        return {scenario.name: scenario_text(scenario) for scenario in plan.scenarios}
    names = [scenario.name for scenario in plan.scenarios]
    cases = sorted(cases_of(plan), key=lambda case: names.index(case.scenario.name))
    return {scene_text(case.scenario.name, case.variant.label): scenario_text(case.scenario) for case in cases}


def offered_text(load: Load) -> str:
    """Return which arrivals an open load offers: "20,000/s over 64 connections, Poisson"; stages with arrows."""
    rates = [stage.rate_per_s for stage in load.stages] if load.rate_per_s is None else [load.rate_per_s]
    arrivals = {"poisson": "Poisson"}.get(load.arrivals, load.arrivals)
    rate = " → ".join(rate_text(rate) for rate in rates)
    return f"{rate}/s over {counted(load.connections, 'connection')}, {arrivals} arrivals"


def scenario_text(scenario: Scenario) -> str:
    """Return how a scenario is offered: "GET /api/health · 64 in flight, closed loop, HTTP/1.1, keep-alive"."""
    load = scenario.load
    asked = list(dict.fromkeys(f"{request.method} {request.path}" for request in scenario.requests))
    some = ", ".join(asked[:3]) + (f" and {len(asked) - 3} more" if len(asked) > 3 else "")
    if scenario.locustfile is not None:
        some = f"{some}, users of {scenario.locustfile}" if some else f"users of {scenario.locustfile}"
    offered = f"{load.in_flight:,} in flight, closed loop" if load.model == "closed" else offered_text(load)
    if scenario.slo is not None:
        offered = (
            f"highest arrival rate ({load.arrivals}) with {scenario.slo.text}, {load.in_flight:,} in flight at most"
        )
    kept = "keep-alive" if load.keepalive else "a new connection for each request"
    return f"{some} · {offered}, HTTP/{load.http}, {kept}"
