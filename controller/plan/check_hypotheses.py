"""What a hypothesis may say: which rows of the summary, compared with which, at which ratio."""

from collections.abc import Collection
from typing import Any, Final

from controller.plan.factors import FACTORS
from controller.plan.hypothesis import BOUNDS, OTHERS
from controller.plan.problems import Problems, check_table
from controller.plan.rules import LINE, TABLE, Rule, number_above, one_of, text_like
from controller.plan.toml_text import KeyPath

# The numbers of a summary row, and the spread over targets.
METRICS: Final = (
    *("spread", "throughput_per_s", "requests", "failures"),
    *(f"latency_{part}_ms" for part in ("p50", "p90", "p95", "p99", "p999", "max")),
    *("service_p50_ms", "service_p99_ms", "server_peak_rss_mib"),
    "capacity_per_s",
    *(f"{party}_cpu_us_per_request" for party in ("server", "proxy", "backing", "generator")),
)
_RATIO: Final = number_above(0, 1_000_000)
_RULES: Final[dict[str, Rule]] = {
    "says": LINE,
    "metric": text_like("the name of a number", r".*"),
    "compare": TABLE,
    "to": TABLE,
    "at_least": _RATIO,
    "at_most": _RATIO,
}
_ENDPOINT: Final = text_like('an endpoint such as "/api/db", or "*"', r"\*|/[!\"$-~]*")
_SELECTORS: Final = ("target", "scenario", "endpoint", "bound", *FACTORS)
_VALUES: Final[dict[str, Rule]] = {
    "endpoint": _ENDPOINT,
    "bound": one_of(*BOUNDS),
    **{name: factor.rule for name, factor in FACTORS.items()},
}


def check_hypotheses(
    hypotheses: list[object], *, scenarios: Collection[str], known: Collection[str], problems: Problems
) -> None:
    """Note every problem of the hypotheses; known are the targets that exist."""
    names = {"target": (*known, OTHERS), "scenario": scenarios}
    for index, table in enumerate(hypotheses):
        path: KeyPath = ("hypotheses", index)
        required = ("says", "metric", "compare", "to")
        given = check_table(table, path, rules=_RULES, problems=problems, required=required)
        if "metric" in given and given["metric"] not in METRICS:
            problems.unknown(given["metric"], METRICS, (*path, "metric"), what="metric")
        for side in ("compare", "to"):
            _check_rows(given.get(side, {}), (*path, side), names=names, problems=problems)
        if isinstance(table, dict):
            _check_others(given, path, problems)
            _check_ratio(table, given, path, problems)


def _check_others(given: dict[str, Any], path: KeyPath, problems: Problems) -> None:
    """Note "others" where no others are named."""
    sides = {side: given.get(side, {}).get("target", []) for side in ("compare", "to")}
    named = {side: names if isinstance(names, list) else [names] for side, names in sides.items()}
    for side, other in (("compare", "to"), ("to", "compare")):
        if OTHERS in named[side] and (len(named[side]) > 1 or not named[other] or OTHERS in named[other]):
            text = f'expected "{OTHERS}" alone, and targets named in {other}, found {OTHERS} of nothing'
            problems.add((*path, side, "target"), text)


def _check_ratio(table: dict[str, Any], given: dict[str, Any], path: KeyPath, problems: Problems) -> None:
    if not table.keys() & {"at_least", "at_most"}:
        problems.add(path, "expected at_least or at_most, found neither")
    if given.get("at_least", 0) > given.get("at_most", float("inf")):
        problems.add((*path, "at_most"), f"expected no less than at_least = {given['at_least']}, found less")


def _check_rows(table: dict[str, Any], path: KeyPath, *, names: dict[str, Collection[str]], problems: Problems) -> None:
    """A selector takes one value or a list of them."""
    for key, value in table.items():
        at = (*path, key)
        if key not in _SELECTORS:
            problems.unknown(key, _SELECTORS, at)
            continue
        for choice in value if isinstance(value, list) and value else [value]:
            if key in names:
                if not (isinstance(choice, str) and choice in names[key]):
                    problems.unknown_word(choice, names[key], at, what=key)
            else:
                problems.expect(choice, _VALUES[key], at)
