"""What the plan format describes and FastServe does not do yet: found in a table that was checked."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from controller.plan.toml_text import KeyPath, found_text, path_text

# Settings that are built for these values only; a key that is built for none has an empty tuple.
_BUILT_SCENARIO: Final[Mapping[str, tuple[object, ...]]] = {"preload": (False,)}
# Factors that are not here are built for every level.
_BUILT_LEVELS: Final[Mapping[str, tuple[object, ...]]] = {
    "proxy": ("none",),
    "tls": ("off",),
    "gzip": ("off",),
    "upstream_keepalive": ("on",),
    "proxy_cache": ("off",),
    "network": ("host",),
}


def not_yet(table: Mapping[str, Any]) -> list[str]:
    """Return what a right plan asks for that is not built, each as one reads it: factors.proxy = ["nginx"]."""
    model = table.get("load", {}).get("model", "closed")
    return [*_top(table), *_factors(table.get("factors", {})), *_scenarios(table["scenarios"], model=model)]


def _top(table: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(table.get("repeats"), dict):
        yield "repeats with at_least, at_most and until"
    for key in ("influxdb", "distributed", "hypotheses"):
        if table.get(key):
            yield key


def _factors(factors: Mapping[str, Any]) -> Iterator[str]:
    several = False
    for name, levels in factors.items():
        if name == "vary":
            continue
        several |= len(levels) > 1
        if len(levels) > 1 or levels[0] not in _BUILT_LEVELS.get(name, levels):
            yield f"factors.{name} = {found_text(levels)}"
    # Where nothing varies, both ways to vary are the same.
    if several and factors.get("vary", "all") != "all":
        yield f"factors.vary = {found_text(factors['vary'])}"


def _scenarios(scenarios: Mapping[str, Any], *, model: str) -> Iterator[str]:
    for name, scenario in scenarios.items():
        path: KeyPath = ("scenarios", name)
        yield from _unbuilt(scenario, _BUILT_SCENARIO, path)
        if "slo" in scenario and scenario.get("load", {}).get("model", model) != "capacity":
            # A search keeps it; that a trial at a given load is held to it is to come.
            yield path_text((*path, "slo"))


def _unbuilt(table: Mapping[str, Any], built: Mapping[str, tuple[object, ...]], path: KeyPath) -> Iterator[str]:
    """Yield the keys whose values are not built; the value is said where another one would do."""
    for key, value in table.items():
        if key in built and value not in built[key]:
            name = path_text((*path, key))
            yield f"{name} = {found_text(value)}" if built[key] else name
