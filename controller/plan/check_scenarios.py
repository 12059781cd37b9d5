"""What a scenario may say."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from controller.errors import PlanError
from controller.plan.check_factors import check_factors
from controller.plan.check_load import check_load
from controller.plan.check_requests import check_request
from controller.plan.draw import draw_of
from controller.plan.factors import Level
from controller.plan.problems import Problems, check_table
from controller.plan.rules import FLAG, LIST, NAME, TABLE, Rule, text_like
from controller.plan.scenario import hold_preload
from controller.plan.slo import SLO_RULES
from controller.plan.toml_text import KeyPath

_SCENARIO_RULES: Final[dict[str, Rule]] = {
    "requests": LIST,
    "headers": TABLE,
    "preload": FLAG,
    "locustfile": text_like("a relative path of a .py file", r"(?!/)(?!.*\.\.)[^\x00-\x1f\x7f]{1,300}\.py"),
    "load": TABLE,
    "slo": TABLE,
    "targets": LIST,
    "factors": TABLE,
}
_HEADER: Final = text_like("a header's name", r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_HEADER_VALUE: Final = text_like("printable ASCII on one line, no space at its ends", r"(?! )[ -~]{0,4000}(?<! )")
# The generator writes these itself; a second one would make requests ambiguous.
_OUR_HEADERS: Final = ("connection", "content-length", "host", "transfer-encoding")


def check_scenarios(
    table: dict[str, Any], problems: Problems, *, known: Collection[str], levels: Mapping[str, Sequence[Level]]
) -> dict[str, dict[str, Any]]:
    """Note every problem of the scenarios; known are the targets that exist, levels those of the plan's own factors.

    Returns each one's right overrides of the load, with "slo", "locustfile" and "factors" where it has one.
    """
    if not table:
        problems.add(("scenarios",), "expected at least one scenario, found none")
    return {name: _check_scenario(name, value, problems, known, levels) for name, value in table.items()}


def _check_scenario(
    name: str,
    table: object,
    problems: Problems,
    known: Collection[str],
    levels: Mapping[str, Sequence[Level]],
) -> dict[str, Any]:
    path: KeyPath = ("scenarios", name)
    problems.expect(name, NAME, path)
    # A Locust file may be all that there is to a scenario.
    required = () if isinstance(table, dict) and "locustfile" in table else ("requests",)
    given = check_table(table, path, rules=_SCENARIO_RULES, problems=problems, required=required)
    if "requests" in given:
        if not given["requests"]:
            problems.add((*path, "requests"), "expected at least one request, found none")
        for index, request in enumerate(given["requests"]):
            check_request(request, (*path, "requests", index), problems)
    if given.get("preload"):
        _check_preload(given.get("requests", []), (*path, "preload"), problems)
    _check_headers(given.get("headers", {}), (*path, "headers"), problems)
    settings = check_load(given.get("load", {}), (*path, "load"), problems)
    if "locustfile" in given:
        settings["locustfile"] = given["locustfile"]
    if "slo" in given:
        settings["slo"] = check_table(given["slo"], (*path, "slo"), rules=SLO_RULES, problems=problems)
        if not given["slo"]:
            problems.add((*path, "slo"), f"expected at least one of {', '.join(SLO_RULES)}, found none")
    if "targets" in given:
        check_target_names(given["targets"], (*path, "targets"), known=known, problems=problems)
    if "factors" in given:
        settings["factors"] = check_factors(given["factors"], problems, at=(*path, "factors"), beside=levels)
    return settings


def check_target_names(names: list[Any], at: KeyPath, *, known: Collection[str], problems: Problems) -> None:
    """Note names that are no target's, and those that come twice; and where there is none at all."""
    if not names:
        problems.add(at, "expected at least one target, found none")
    for index, name in enumerate(names):
        path = (*at, index)
        if not problems.expect(name, NAME, path):
            continue
        if name in names[:index]:
            problems.add(path, f"expected each target once, found {name} again")
        elif name not in known:
            problems.unknown_word(name, known, path, what="target")


def _check_preload(requests: list[Any], path: KeyPath, problems: Problems) -> None:
    """Note where there is too much to ask for; draws that are none are noted already."""
    tables = [request.get("draw", {}) if isinstance(request, dict) else {} for request in requests]
    if all(isinstance(table, dict) and all(map(_is_draw, table.values())) for table in tables):
        try:
            hold_preload([tuple(table.items()) for table in tables])
        except PlanError as error:
            problems.add(path, str(error))


def _is_draw(text: object) -> bool:
    try:
        draw_of(text)
    except PlanError:
        return False
    return True


def _check_headers(headers: dict[str, Any], path: KeyPath, problems: Problems) -> None:
    seen: set[str] = set()
    for name, value in headers.items():
        at = (*path, name)
        problems.expect(value, _HEADER_VALUE, at)
        if not problems.expect(name, _HEADER, at):
            continue
        if name.lower() in _OUR_HEADERS:
            problems.add(at, "expected no header that the generator sets itself; load.keepalive decides on Connection")
        if name.lower() in seen:
            problems.add(at, "expected each header once, found it again in other letters")
        seen.add(name.lower())
