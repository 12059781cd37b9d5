"""What a load may say, and which of its settings can be together."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

from controller.plan.factors import Level
from controller.plan.problems import Problems, check_table
from controller.plan.rules import DAY_S, LIST, TABLE, Rule
from controller.plan.scenario import LOAD_RULES, STAGE_RULES
from controller.plan.slo import SEARCH_RULES, Search, least_step_s
from controller.plan.toml_text import KeyPath

_KEYS: Final[dict[str, Rule]] = {**LOAD_RULES, "stages": LIST, "capacity": TABLE}
_ROUNDING_S: Final = 1e-6
# What the closed model, which is the default, does not heed.
_ARRIVAL_KEYS: Final = ("rate_per_s", "arrivals", "stages")


def check_load(table: object, path: KeyPath, problems: Problems) -> dict[str, Any]:
    """Note every problem of one load table by itself; return its right settings."""
    given = check_table(table, path, rules=_KEYS, problems=problems)
    if "stages" in given:
        _check_stages(given["stages"], (*path, "stages"), problems)
        if "rate_per_s" in given:
            problems.add((*path, "stages"), "expected rate_per_s or stages, found both")
    if "capacity" in given:
        _check_capacity(given["capacity"], (*path, "capacity"), problems)
    return given


def _check_stages(stages: list[object], path: KeyPath, problems: Problems) -> None:
    if not stages:
        problems.add(path, "expected at least one stage, found none")
    for index, stage in enumerate(stages):
        at = (*path, index)
        right = check_table(stage, at, rules=STAGE_RULES, problems=problems, required=("rate_per_s", "duration_s"))
        if index == 0 and right.get("ramp"):
            problems.add((*at, "ramp"), "expected a stage before the ramp, found none")
    if (seconds := stages_s(stages)) is not None and seconds > DAY_S:
        problems.add(path, f"expected stages of at most {DAY_S:,} s together, found {seconds:,g} s")


def stages_s(stages: Sequence[object]) -> float | None:
    """Return how long stages take together; None where one of them does not say so rightly."""
    lengths: list[Any] = [stage.get("duration_s") for stage in stages if isinstance(stage, dict)]
    right = [float(length) for length in lengths if STAGE_RULES["duration_s"].accepts(length)]
    return sum(right) if 0 < len(right) == len(stages) else None


def load_settings(load: Mapping[str, Any], override: Mapping[str, Any]) -> dict[str, Any]:
    """Return a load's settings with a scenario's own, whose rate takes the place of stages, and the reverse."""
    stands_for = {"rate_per_s": {"stages"}, "stages": {"rate_per_s", "duration_s"}}
    gone = {other for key in override for other in stands_for.get(key, ())}
    return {**{key: value for key, value in load.items() if key not in gone}, **override}


def _check_capacity(table: dict[str, Any], path: KeyPath, problems: Problems) -> None:
    given = {**asdict(Search()), **check_table(table, path, rules=SEARCH_RULES, problems=problems)}
    if given["from_per_s"] >= given["to_per_s"]:
        problems.add((*path, "to_per_s"), f"expected more than from_per_s = {given['from_per_s']:,g}, found no more")


def check_loads_together(
    load: Mapping[str, Any],
    *,
    overrides: Mapping[str, Mapping[str, Any]],
    levels: Mapping[str, Sequence[Level]],
    problems: Problems,
) -> None:
    """Note settings that cannot be together once scenarios and factors have had their say.

    overrides are the right settings of each scenario, with "slo", "locustfile" and "factors" where it has one; levels
    are the right levels of the factors named. Without scenarios the plan's load is checked alone.
    """
    if not any("model" in settings for settings in (load, *overrides.values())):
        _check_no_arrivals(load, at=("load",), problems=problems)
    for name, override in overrides.items():
        _check_one_load(load, override, at=("scenarios", name, "load"), levels=levels, problems=problems)
    if not overrides:
        _check_one_load(load, {"slo": {}}, at=("load",), levels=levels, problems=problems)


def _check_one_load(
    load: Mapping[str, Any],
    override: Mapping[str, Any],
    *,
    at: KeyPath,
    levels: Mapping[str, Sequence[Level]],
    problems: Problems,
) -> None:
    both = load_settings(load, override)
    own = override.get("factors", {})
    levels = {**levels, **own}

    def path(key: str, factor: str | None = None) -> KeyPath:
        """Return where a setting was made: as a factor, in the scenario, or for all."""
        if (factor or key) in own:
            return (*at[:-1], "factors", factor or key)
        if (factor or key) in levels:
            return ("factors", factor or key)
        return (*at, key) if key in override else ("load", key)

    _check_model(both, at=at, path=(*path("model")[:-1], "rate_per_s"), problems=problems)
    _check_duration(both, path("duration_s"), problems)
    if "model" not in both:
        _check_no_arrivals(override, at=at, problems=problems)
    protocols = levels.get("http", [both.get("http", "1.1")])
    kept = levels.get("client_keepalive", ["on" if both.get("keepalive", True) else "off"])
    streams = levels.get("streams", [both.get("streams", 1)])
    in_flight = levels.get("in_flight", [both.get("in_flight", 64)])
    if "2" not in protocols and max(map(int, streams)) > 1:
        problems.add(path("streams"), f'expected 1 with http = "1.1", found {max(map(int, streams))}')
    if "2" in protocols and "on" not in kept:
        problems.add(
            path("keepalive", "client_keepalive"), 'expected connections kept alive with http = "2", found not'
        )
    for shared in streams:
        if not any(int(number) % int(shared) == 0 for number in in_flight):
            found = f"in_flight = {' or '.join(str(number) for number in in_flight)}"
            problems.add(path("streams"), f"expected streams that divide in_flight, found {shared} with {found}")


def _check_model(both: Mapping[str, Any], *, at: KeyPath, path: KeyPath, problems: Problems) -> None:
    """The open model needs a rate, the capacity model something to keep."""
    model = both.get("model", "closed")
    if model == "open" and not both.keys() & {"rate_per_s", "stages"}:
        problems.add(path, 'expected a rate, or stages, with model = "open"; found neither')
    if model == "capacity" and "locustfile" in both:
        problems.add((*at[:-1], "locustfile"), 'expected none with model = "capacity": its users come at no rate')
    if model == "capacity" and "slo" not in both:
        problems.add((*at[:-1], "slo"), 'expected an SLO to keep with model = "capacity", found nothing')
    elif model == "capacity" and at[0] == "scenarios":
        _check_step(both, at=at, problems=problems)


def _check_step(both: Mapping[str, Any], *, at: KeyPath, problems: Problems) -> None:
    """A step must be long enough to show that a server falls behind: at first everyone answers in time."""
    step_s = both.get("capacity", {}).get("step_s", Search().step_s)
    needed_s = least_step_s(both["slo"])
    if needed_s is None:
        problems.add((*at[:-1], "slo"), 'expected a percentile to keep with model = "capacity", found none')
    elif type(step_s) in (int, float) and step_s < needed_s:
        problems.add(
            (*at[:-1], "slo"),
            f"expected a percentile that {step_s:g} s of load can break, found none that a server 2.5 % beyond its "
            f"capacity breaks in less than {needed_s:,.3g} s: set load.capacity.step_s to that",
        )


def _check_duration(both: Mapping[str, Any], path: KeyPath, problems: Problems) -> None:
    """In the open model stages are the measured phase, and a duration beside them may only say the same."""
    if both.get("model") != "open" or not {"stages", "duration_s"} <= both.keys():
        return
    seconds = stages_s(both["stages"])
    if seconds is not None and abs(seconds - both["duration_s"]) > _ROUNDING_S:
        problems.add(path, f"expected nothing beside stages, which take {seconds:g} s, found {both['duration_s']:g}")


def _check_no_arrivals(settings: Mapping[str, Any], *, at: KeyPath, problems: Problems) -> None:
    """Where nobody says a model, it is the closed one: a rate must not look as if it had been measured."""
    for key in _ARRIVAL_KEYS:
        if key in settings:
            problems.add((*at, key), 'expected model = "open" beside it, found none, which is "closed"')
