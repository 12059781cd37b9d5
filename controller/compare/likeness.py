"""What two runs were made with, and in what they differ: unlike is not compared."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final

from controller.plan.factors import FACTORS, LOAD_FACTORS, Level
from controller.plan.plan import Plan
from controller.plan.scenario import Scenario
from controller.plan.text import load_table, request_settings, short
from controller.plan.toml_text import found_text, toml_value
from controller.units import MIB

# What facts.json says of a machine that acts on what is measured, in words and where it stands.
_FACTS: Final[Mapping[str, tuple[str, ...]]] = {
    "processor": ("machine", "model"),
    "cores": ("machine", "cores"),
    "topology": ("machine", "topology"),
    "memory": ("machine", "memory_bytes"),
    "frequency governor": ("machine", "governor"),
    "kernel": ("kernel", "release"),
    "architecture": ("kernel", "architecture"),
    "somaxconn": ("kernel", "somaxconn"),
    "contract": ("contract",),
}
_ROLES: Final = ("target", "backing", "generator", "control")
# The versions that every run stores; others, as of Redis, are those of what its levels ask for.
VERSIONS: Final = (
    *("fastserve", "code", "python"),
    *("locust", "gevent", "geventhttpclient", "uvloop", "hpack", "psutil"),
)
# The kernel takes its own part of the memory before it tells the rest, not always the same.
_MEMORY_WITHIN: Final = 0.01
_ABSENT: Final = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What a run was made with: its resolved plan, the key of each build and Locust file, the facts of its machine."""

    run_id: str
    plan: Plan
    builds: Mapping[str, str]
    facts: Mapping[str, Any] = field(default_factory=dict)

    def build_of(self, target: str) -> str | None:
        """Return the key of a target's build; None where it is not known, as of a server that ran already."""
        key = self.builds.get(target)
        return None if key is None or "://" in key else key


def differences(first: Made, second: Made) -> list[str]:
    """Return all that two runs differ in beside their targets, one line each; empty where they can be compared.

    What either of them does not know differs. Targets and scenarios that one of them lacks make no difference, nor
    do repeats and seed.
    """
    return [
        *_fact_lines(first.facts, second.facts),
        *_version_lines(first.facts.get("versions", {}), second.facts.get("versions", {})),
        *_factor_lines(first.plan, second.plan),
        *_environment_lines(first.plan, second.plan),
        *_scenario_lines(first, second),
    ]


def common_scenarios(first: Plan, second: Plan) -> list[str]:
    """Return the names of the scenarios that both plans have, in the order of the first."""
    names = {scenario.name for scenario in second.scenarios}
    return [scenario.name for scenario in first.scenarios if scenario.name in names]


def line(what: str, first: object, second: object) -> str:
    """Return one difference: "kernel: 6.1 in the first, 6.2 in the second"."""
    one, other = _text(first), _text(second)
    return f"{what}: {one} in either" if one == other else f"{what}: {one} in the first, {other} in the second"


def _text(value: object) -> str:
    if value is None or value is _ABSENT:
        return "not known"
    return value if isinstance(value, str) else found_text(value)


def _fact_lines(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[str]:
    """Yield what the machines differ in, and the cores that each side had."""
    for what, path in _FACTS.items():
        one, other = _at(first, path), _at(second, path)
        if what == "memory":
            one, other = _memory_text(one), _memory_text(one if _is_same_memory(one, other) else other)
        yield from _differing(what, one, other)
    for role in _ROLES:
        one, other = (_cores_text(facts.get("roles"), role) for facts in (first, second))
        yield from _differing(f"cores of {role}", one, other)


def _version_lines(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[str]:
    both = [name for name in first if name in second and name not in VERSIONS]
    for name in (*VERSIONS, *both):
        what = "code of fastserve" if name == "code" else f"version of {name}"
        yield from _differing(what, first.get(name, _ABSENT), second.get(name, _ABSENT))


def _differing(what: str, first: object, second: object) -> Iterator[str]:
    """Yield a line where two values differ, or where a run was stored before they were."""
    if first != second or first is _ABSENT:
        yield line(what, first, second)


def _at(facts: Mapping[str, Any], path: tuple[str, ...]) -> object:
    found: Any = facts
    for key in path:
        if not isinstance(found, Mapping) or key not in found:
            return _ABSENT
        found = found[key]
    return found


def _is_same_memory(first: object, second: object) -> bool:
    if not (isinstance(first, int) and isinstance(second, int)):
        return False
    return abs(first - second) <= _MEMORY_WITHIN * max(first, second)


def _memory_text(size_bytes: object) -> object:
    return f"{size_bytes / MIB:,.0f} MiB" if isinstance(size_bytes, int) else size_bytes


def _cores_text(roles: Any, role: str) -> object:
    """Return the cores of a role; "none" where a run had no such party."""
    return ", ".join(map(str, roles.get(role, ()))) or "none" if isinstance(roles, Mapping) else _ABSENT


def _factor_lines(first: Plan, second: Plan) -> Iterator[str]:
    for name in FACTORS:
        one, other = _levels(first, name), _levels(second, name)
        if one != other:
            yield line(f"factors.{name}", ", ".join(map(str, one)), ", ".join(map(str, other)))


def _levels(plan: Plan, factor: str) -> list[Level]:
    return list(dict.fromkeys(variant.levels[factor] for variant in plan.variants))


def _environment_lines(first: Plan, second: Plan) -> Iterator[str]:
    before, after = asdict(first.environment), asdict(second.environment)
    for key in before:
        yield from _differing(f"environment.{key}", before[key], after[key])


def _scenario_lines(first: Made, second: Made) -> Iterator[str]:
    """Yield what the scenarios of both differ in; what is the same in several of them is said once."""
    names = common_scenarios(first.plan, second.plan)
    if not names:
        yield line("scenarios", *(", ".join(one.name for one in made.plan.scenarios) for made in (first, second)))
    told = {key for name, key in LOAD_FACTORS.items() if _levels(first.plan, name) != _levels(second.plan, name)}
    found: dict[tuple[str, str, str], list[str]] = {}
    for name in names:
        one, other = (_settings(made, made.plan.scenario(name)) for made in (first, second))
        for key in dict.fromkeys((*one, *other)):
            # What only one load model has is none in the other.
            values = one.get(key, "none"), other.get(key, "none")
            if values[0] != values[1] and key.removeprefix("load.") not in told:
                found.setdefault((key, *values), []).append(name)
    for (key, before, after), scenarios in found.items():
        where = key if len(scenarios) == len(names) else f"{key} of {', '.join(scenarios)}"
        yield line(where, before, after)


def _settings(made: Made, scenario: Scenario) -> dict[str, str]:
    """Return all that a scenario asks for and how it is offered, by key path, as a plan says it."""
    asked: dict[str, Any] = {
        "requests": [request_settings(request) for request in scenario.requests],
        "headers": dict(scenario.headers),
        "locustfile": scenario.locustfile or "none",
        "content of the locustfile": made.builds.get(scenario.locustfile or "", "none"),
        "slo": "none" if scenario.slo is None else scenario.slo.settings,
    }
    load = {f"load.{key}": value for key, value in load_table(scenario.load).items()}
    return {key: value if isinstance(value, str) else toml_value(short(value)) for key, value in (asked | load).items()}
