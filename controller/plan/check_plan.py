"""What a plan file may say at its top, and in its small tables."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from controller.plan.check_factors import check_factors
from controller.plan.check_hypotheses import check_hypotheses
from controller.plan.check_load import check_load, check_loads_together
from controller.plan.check_scenarios import check_scenarios, check_target_names
from controller.plan.plan import CPUS_RULES, ENVIRONMENT_RULES, PLAN_RULES, UNTIL_RULES
from controller.plan.problems import Problems, check_table
from controller.plan.rules import FLAG, LINE, LIST, NAME, TABLE, Rule, either, one_of, text_like
from controller.plan.toml_text import KeyPath, found_text

EVERY_TARGET: Final = ("all", "available")

_REPEATS_RULES: Final = {
    "at_least": UNTIL_RULES["at_least"],
    "at_most": PLAN_RULES["repeats"],
    "until": UNTIL_RULES["half_width"],
}
TOP_RULES: Final[dict[str, Rule]] = {
    "name": NAME,
    "question": PLAN_RULES["question"],
    "seed": PLAN_RULES["seed"],
    "repeats": either(
        f"{PLAN_RULES['repeats'].expected}, or at_least, at_most and until", PLAN_RULES["repeats"], TABLE
    ),
    "targets": either('a list of names, "all" or "available"', one_of(*EVERY_TARGET), LIST),
    "baseline": NAME,
    "on_missing_tool": PLAN_RULES["on_missing_tool"],
    "repeat_doubted": PLAN_RULES["repeat_doubted"],
    "load": TABLE,
    "cpus": TABLE,
    "environment": TABLE,
    "influxdb": TABLE,
    "distributed": TABLE,
    "factors": TABLE,
    "scenarios": TABLE,
    "hypotheses": LIST,
}
_INFLUX_RULES: Final = {
    "url": text_like("a URL such as http://127.0.0.1:8086", r"https?://[A-Za-z0-9.:\[\]_/-]+"),
    "org": LINE,
    "bucket": LINE,
}
_DISTRIBUTED_RULES: Final = {"on_worker_lost": one_of("continue", "stop"), "move_users": FLAG}


def check_plan(table: dict[str, Any], *, known: Collection[str], problems: Problems) -> None:
    """Note every problem of a plan; known are the targets that exist."""
    given = check_table(table, (), rules=TOP_RULES, problems=problems, required=("name", "targets", "scenarios"))
    if isinstance(given.get("repeats"), dict):
        _check_repeats(given["repeats"], problems)
    _check_targets(given, known=known, problems=problems)
    load = check_load(given.get("load", {}), ("load",), problems)
    check_table(given.get("cpus", {}), ("cpus",), rules=CPUS_RULES, problems=problems)
    check_table(given.get("environment", {}), ("environment",), rules=ENVIRONMENT_RULES, problems=problems)
    _check_influxdb(given, problems)
    check_table(given.get("distributed", {}), ("distributed",), rules=_DISTRIBUTED_RULES, problems=problems)
    levels = check_factors(given.get("factors", {}), problems)
    overrides = (
        check_scenarios(given["scenarios"], problems, known=known, levels=levels) if "scenarios" in given else {}
    )
    if "target" in given.get("cpus", {}):
        _check_no_cpus(levels, overrides, problems)
    check_loads_together(load, overrides=overrides, levels=levels, problems=problems)
    check_hypotheses(given.get("hypotheses", []), scenarios=given.get("scenarios", {}), known=known, problems=problems)


def _check_no_cpus(
    levels: Mapping[str, object], overrides: Mapping[str, Mapping[str, Any]], problems: Problems
) -> None:
    """Note the factor cpus where cpus.target has said how many cores a target has."""
    named: dict[KeyPath, Mapping[str, object]] = {("factors",): levels}
    named |= {("scenarios", name, "factors"): one.get("factors", {}) for name, one in overrides.items()}
    for path, its in named.items():
        if "cpus" in its:
            problems.add((*path, "cpus"), "expected this factor or cpus.target, found both")


def _check_repeats(table: dict[str, Any], problems: Problems) -> None:
    given = check_table(table, ("repeats",), rules=_REPEATS_RULES, problems=problems, required=_REPEATS_RULES)
    if given.get("at_most", 1_000) < given.get("at_least", 1):
        found = found_text(given["at_most"])
        problems.add(("repeats", "at_most"), f"expected at least the {given['at_least']} of at_least, found {found}")


def _check_targets(given: dict[str, Any], *, known: Collection[str], problems: Problems) -> None:
    """Targets are known and distinct, and the baseline is one of them."""
    targets = given.get("targets")
    if targets in EVERY_TARGET:
        targets = list(known)
        if not targets:
            problems.add(("targets",), "expected at least one folder with a server.toml, found none")
    elif isinstance(targets, list):
        check_target_names(targets, ("targets",), known=known, problems=problems)
    baseline = given.get("baseline")
    if baseline is not None and targets and baseline not in targets:
        known = [target for target in targets if isinstance(target, str)]
        problems.unknown_word(baseline, known, ("baseline",), what="target")


def _check_influxdb(given: dict[str, Any], problems: Problems) -> None:
    if "influxdb" in given:
        check_table(
            given["influxdb"], ("influxdb",), rules=_INFLUX_RULES, problems=problems, required=("url", "bucket")
        )
