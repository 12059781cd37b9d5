"""Whether a run that was killed can go on: with the plan and the targets it began with, and no others."""

import tomllib
from collections.abc import Mapping
from typing import Any

from controller.errors import StoreError
from controller.store.folder import PLAN, RunFolder


def check_same_plan(run: RunFolder, *, plan_toml: str, builds: Mapping[str, str]) -> None:
    """Check that a run can go on with this resolved plan and these builds of its targets.

    Comments in the plan do not matter. Raises StoreError that lists all that differs.
    """
    before, now = _settings(run.plan_text(), where=f"{run.path / PLAN}"), _settings(plan_toml, where="the plan")
    differences = [*_differences(before, now, what="plan"), *_differences(run.builds, builds, what="build of target")]
    if differences:
        listed = "\n".join(f"  {line}" for line in differences)
        raise StoreError(f"{run.path}: expected the plan and targets that this run began with, found others\n{listed}")


def _settings(text: str, *, where: str) -> dict[str, Any]:
    try:
        return _flat(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise StoreError(f"{where}: expected the resolved plan, found a damaged file ({error})") from error


def _flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return a TOML table as key path -> value; lists are values."""
    flat: dict[str, Any] = {}
    for key, value in table.items():
        flat |= _flat(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return flat


def _differences(before: Mapping[str, Any], now: Mapping[str, Any], *, what: str) -> list[str]:
    keys = [key for key in sorted(before.keys() | now.keys()) if before.get(key) != now.get(key)]
    return [f"{what} {key}: was {before.get(key, 'not there')!r}, now {now.get(key, 'not there')!r}" for key in keys]
