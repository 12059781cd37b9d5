"""What the plan format describes and FastServe does not do yet: found in a table that was checked."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from controller.plan.toml_text import KeyPath, found_text, path_text

# Factors that are not here are built for every level.
_BUILT_LEVELS: Final[Mapping[str, tuple[object, ...]]] = {
    "network": ("host",),
}


def not_yet(table: Mapping[str, Any]) -> list[str]:
    """Return what a right plan asks for that is not built, each as one reads it: factors.proxy = ["nginx"]."""
    model = table.get("load", {}).get("model", "closed")
    return [*_top(table), *_factors(table.get("factors", {})), *_scenarios(table["scenarios"], model=model)]


def _top(table: Mapping[str, Any]) -> Iterator[str]:
    for key in ("influxdb", "distributed"):
        if table.get(key):
            yield key


def _factors(factors: Mapping[str, Any]) -> Iterator[str]:
    for name, levels in factors.items():
        if name in _BUILT_LEVELS and not set(levels) <= set(_BUILT_LEVELS[name]):
            yield f"factors.{name} = {found_text(levels)}"


def _scenarios(scenarios: Mapping[str, Any], *, model: str) -> Iterator[str]:
    for name, scenario in scenarios.items():
        path: KeyPath = ("scenarios", name)
        if "slo" in scenario and scenario.get("load", {}).get("model", model) != "capacity":
            # A search keeps it; that a trial at a given load is held to it is to come.
            yield path_text((*path, "slo"))
