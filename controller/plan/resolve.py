"""A checked table to a plan: targets chosen, defaults filled in, overrides and factors applied."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from controller.plan.cases import cases_of
from controller.plan.check_load import load_settings
from controller.plan.expect import Expect, fields_of
from controller.plan.factors import FACTORS, LOAD_FACTORS, Level, load_settings_of
from controller.plan.hypothesis import hypothesis_of
from controller.plan.plan import Cpus, Environment, Plan, Until
from controller.plan.problems import Problems
from controller.plan.scenario import METHODS, Load, Request, Scenario, Stage
from controller.plan.slo import Search, Slo
from controller.plan.toml_text import KeyPath, path_text
from controller.plan.variants import (
    groups_of,
    idle_texts,
    impossible_texts,
    named_levels,
    possible_variants,
)

# The settings of a load that are whole numbers, words or flags; all others are numbers of seconds or a rate.
_KEPT: Final = ("model", "in_flight", "streams", "http", "keepalive", "tls_verify", "ca_file", "arrivals", "workers")
_TOP: Final = ("name", "question", "seed", "repeats", "targets", "baseline", "on_missing_tool", "repeat_doubted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The targets of a run, its baseline, and what was left out for a missing tool.

    own has for each scenario its targets, where some scenario has others than the plan names for all.
    """

    targets: tuple[str, ...]
    baseline: str
    skipped: tuple[str, ...]
    own: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def resolve_targets(
    table: Mapping[str, Any], *, known: Collection[str], available: Collection[str], problems: Problems
) -> Chosen:
    """Return the targets that a checked plan names; a problem is noted where none is left, or not the baseline.

    Those that only scenarios name come after the others.
    """
    named = table["targets"]
    own: dict[KeyPath, list[str]] = {
        ("scenarios", name, "targets"): one["targets"] for name, one in table["scenarios"].items() if "targets" in one
    }
    every: dict[KeyPath, list[str]] = {("targets",): list(known) if isinstance(named, str) else named, **own}
    skips = named == "available" or table.get("on_missing_tool") == "skip"
    there = {at: tuple(name for name in names if name in available or not skips) for at, names in every.items()}
    for at, names in there.items():
        if not names:
            problems.add(at, f"expected a target whose tools are here, found none of {', '.join(every[at])}")
    general = there["targets",]
    baseline = table.get("baseline", general[0] if general else "")
    if general and baseline not in general:
        problems.add(("baseline",), f"expected a target that can run here, found {baseline}, which lacks a tool")
    targets = tuple(dict.fromkeys(name for names in there.values() for name in names))
    wanted = [name for names in (own if named == "available" else every).values() for name in names]
    return Chosen(
        targets=targets,
        baseline=baseline,
        skipped=tuple(name for name in dict.fromkeys(wanted) if name not in targets),
        own={name: there.get(("scenarios", name, "targets"), general) for name in table["scenarios"]} if own else {},
    )


def plan_of(table: Mapping[str, Any], *, chosen: Chosen, sources: Mapping[str, str]) -> Plan:
    """Return the plan of a checked table that asks for nothing unbuilt."""
    named, vary = named_levels(table.get("factors", {})), table.get("factors", {}).get("vary", "all")
    found = [(group, group.combinations(vary)) for group in groups_of(table)]
    cpus = {**table.get("cpus", {}), **({"target": named["cpus"][0]} if "cpus" in named else {})}
    given = {key: table[key] for key in _TOP if key in table and key not in {"targets", "baseline", "repeats"}}
    plan = Plan(
        **given,
        **_repeats_of(table.get("repeats")),
        targets=chosen.targets,
        baseline=chosen.baseline,
        skipped=chosen.skipped,
        load=_load_of({**table.get("load", {}), **_first(named)}),
        cpus=Cpus(**cpus),
        environment=Environment(**table.get("environment", {})),
        variants=tuple(dict.fromkeys(one for group, its in found for one in possible_variants(its, len(group.said)))),
        vary=vary,
        factors={name: named.get(name, (factor.default,)) for name, factor in FACTORS.items()},
        scenarios=tuple(
            _scenario_of(name, one, load=_scenario_load(table, one), targets=chosen.own.get(name, ()))
            for name, one in table["scenarios"].items()
        ),
        hypotheses=tuple(map(hypothesis_of, table.get("hypotheses", []))),
        sources=sources,
    )
    measured = replace(plan, variants=tuple(dict.fromkeys(case.variant for case in cases_of(plan))))
    impossible = impossible_texts([one for _, its in found for one in its], len(plan.scenarios))
    return replace(measured, left_out=(*impossible, *idle_texts(measured)))


def _first(named: Mapping[str, tuple[Level, ...]]) -> dict[str, Any]:
    """Return the settings of a load that the first levels of factors decide on."""
    return load_settings_of({name: levels[0] for name, levels in named.items()})


def _scenario_load(table: Mapping[str, Any], scenario: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a scenario's load: the plan's and its own, and what the first levels of factors say."""
    factors = {**table.get("factors", {}), **scenario.get("factors", {})}
    return {**load_settings(table.get("load", {}), scenario.get("load", {})), **_first(named_levels(factors))}


def _repeats_of(repeats: Any) -> dict[str, Any]:
    """Return how many blocks there are, and when fewer will do."""
    if not isinstance(repeats, dict):
        return {} if repeats is None else {"repeats": repeats}
    until = Until(at_least=repeats["at_least"], half_width=float(repeats["until"]))
    return {"repeats": repeats["at_most"], "until": until}


def sources_of(table: Mapping[str, Any], overridden: Collection[KeyPath]) -> dict[str, str]:
    """Return for the key path of each setting whether "--set", "plan" or the "default" gave it."""
    paths: list[KeyPath] = [(key,) for key in (*_TOP, "hypotheses")]
    paths += [("load", key) for key in Load.__dataclass_fields__]
    paths += [("cpus", key) for key in Cpus.__dataclass_fields__]
    paths += [("environment", key) for key in Environment.__dataclass_fields__]
    paths += [("factors", name) for name in (*FACTORS, "vary")]
    for name, scenario in table["scenarios"].items():
        paths += [
            ("scenarios", name, key) for key in ("requests", "locustfile", "headers", "preload", "slo", "targets")
        ]
        paths += [("scenarios", name, "factors", factor) for factor in scenario.get("factors", {})]
        paths += [("scenarios", name, "load", key) for key in ("duration_s", *scenario.get("load", {}))]
    sources = {path_text(path): _source_of(path, table, overridden) for path in paths}
    for factor, key in (*((factor, f"load.{key}") for factor, key in LOAD_FACTORS.items()), ("cpus", "cpus.target")):
        if (source := sources[f"factors.{factor}"]) != "default":
            sources[key] = source
    for name, scenario in table["scenarios"].items():
        for factor, key in LOAD_FACTORS.items():
            if factor in scenario.get("factors", {}):
                sources[path_text(("scenarios", name, "load", key))] = sources[
                    path_text(("scenarios", name, "factors", factor))
                ]
    for load in ("load", *(path_text(("scenarios", name, "load")) for name in table["scenarios"])):
        # Where stages decide on it, their source is that of the duration.
        if sources[f"{load}.duration_s"] == "default":
            sources[f"{load}.duration_s"] = sources.get(f"{load}.stages", "default")
    return sources


def _source_of(path: KeyPath, table: Any, overridden: Collection[KeyPath]) -> str:
    if any(path[: len(key)] == key or key[: len(path)] == path for key in overridden):
        return "--set"
    for key in path:
        if key not in table:
            return "default"
        table = table[key]
    return "plan"


def _load_of(settings: Mapping[str, Any]) -> Load:
    """Return a load; what only arrivals have is left out of a closed one, and stages decide on an open one's length."""
    left_out = ("rate_per_s", "arrivals", "stages") if settings.get("model", "closed") == "closed" else ()
    kept = {key: settings[key] for key in _KEPT if key in settings and key not in left_out}
    numbers: dict[str, Any] = {
        key: float(value)
        for key, value in settings.items()
        if key not in (*_KEPT, "capacity", "stages", *left_out) and not isinstance(value, str)
    }
    stages = () if "stages" in left_out else tuple(map(_stage_of, settings.get("stages", ())))
    if stages:
        numbers["duration_s"] = sum(stage.duration_s or 0.0 for stage in stages)
    until_steady = settings.get("warmup_s") != "least"
    return Load(
        **kept,
        **numbers,
        until_steady=until_steady,
        stages=stages,
        capacity=_search_of(settings.get("capacity", {})),
    )


def _search_of(table: Mapping[str, Any]) -> Search:
    numbers: dict[str, Any] = {**_floats({**table, "step_requests": 0}), "step_requests": table.get("step_requests")}
    return Search(**{key: value for key, value in numbers.items() if value is not None})


def _stage_of(table: Mapping[str, Any]) -> Stage:
    return Stage(
        rate_per_s=float(table["rate_per_s"]),
        duration_s=float(table["duration_s"]),
        ramp=table.get("ramp", False),
    )


def _floats(settings: Mapping[str, float]) -> dict[str, float]:
    return {key: float(value) for key, value in settings.items()}


def _scenario_of(name: str, table: Mapping[str, Any], *, load: Mapping[str, Any], targets: tuple[str, ...]) -> Scenario:
    return Scenario(
        name=name,
        requests=tuple(map(_request_of, table.get("requests", []))),
        locustfile=table.get("locustfile"),
        headers=tuple(table.get("headers", {}).items()),
        preload=table.get("preload", False),
        load=_load_of(load),
        slo=Slo(**_floats(table["slo"])) if "slo" in table else None,
        targets=targets,
        factors=tuple(named_levels(table.get("factors", {})).items()),
    )


def _request_of(table: Mapping[str, Any]) -> Request:
    (method,) = (method for method in METHODS if method in table)
    expected = dict(table.get("expect", {}))
    fields = tuple(fields_of(expected.pop("json", {})))
    body = json.dumps(table["json"], ensure_ascii=False, separators=(",", ":")) if "json" in table else None
    return Request(
        method=method.upper(),
        path=table[method],
        weight=float(table.get("weight", 1)),
        body=body,
        draws=tuple(table.get("draw", {}).items()),
        expect=Expect(**expected, fields=fields),
    )
