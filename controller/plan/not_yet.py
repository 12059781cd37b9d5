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
    tables: dict[KeyPath, Any] = {("factors",): table.get("factors", {})}
    tables |= {("scenarios", name, "factors"): one.get("factors", {}) for name, one in table["scenarios"].items()}
    return [*_top(table), *(text for at, factors in tables.items() for text in _factors(factors, at))]


def _top(table: Mapping[str, Any]) -> Iterator[str]:
    for key in ("influxdb", "distributed"):
        if table.get(key):
            yield key


def _factors(factors: Mapping[str, Any], at: KeyPath) -> Iterator[str]:
    for name, levels in factors.items():
        if name in _BUILT_LEVELS and not set(levels) <= set(_BUILT_LEVELS[name]):
            yield f"{path_text((*at, name))} = {found_text(levels)}"
