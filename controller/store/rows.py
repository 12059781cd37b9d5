"""Windows and trials as rows of the journal: plain JSON on the way out, strictly checked on the way in.

A key that a newer FastServe added is refused, since its meaning is not known; a key that an older one
did not have yet takes its default, which says "unknown".
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import MISSING, asdict, dataclass, field, fields
from math import isfinite
from types import NoneType
from typing import Any, get_args, get_type_hints

from controller.measure.doubt import Doubt, DoubtKind
from controller.measure.errors import Errors
from controller.measure.step import Capacity, Step
from controller.measure.trial import TrialResult, Usage
from controller.measure.window import Window
from controller.measure.window_wire import window_from_wire, window_to_wire

_WINDOW_KEYS = frozenset({"order", "index", "phase", "start_s", "end_s", "users", "workers", "endpoints"})
_COUNTS_KEYS = frozenset({"latency", "service", "bytes", "errors"})
# What stands in windows of open loads only.
_OPEN_KEYS = frozenset({"lag", "queued", "timeout_us"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredWindow:
    """A window with the wall time at which it was stored (ISO 8601, UTC) and what each party used in that second."""

    window: Window
    at: str
    resources: Mapping[str, Usage] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TrialRow:
    """A trial without its endpoints, and how many windows of it were stored before its line was."""

    result: TrialResult
    windows: int


def window_to_row(stored: StoredWindow) -> dict[str, Any]:
    """Return a window as it stands in windows.jsonl."""
    row = {**window_to_wire(stored.window), "at": stored.at}
    return {**row, "resources": _usages_to_row(stored.resources)} if stored.resources else row


def window_from_row(row: Mapping[str, Any]) -> StoredWindow:
    """Return the window of a row. Raises ValueError, saying what was expected and found, for any other shape."""
    _check_keys(row, required=_WINDOW_KEYS | {"at"}, known=_WINDOW_KEYS | {"at", "resources", "step", "earlier"})
    for key in ("order", "index", "users", "workers"):
        _check(key, row[key], (int,))
    for key in ("start_s", "end_s"):
        _check(key, row[key], (int, float))
    _check("step", row.get("step"), (int, NoneType))
    for key in ("endpoints", "earlier"):
        for name, counts in _table(key, row.get(key, {})).items():
            _check_counts(name, counts)
    _check("at", row["at"], (str,))
    return StoredWindow(
        window=window_from_wire(row), at=row["at"], resources=_usages_from_row(row.get("resources", {}))
    )


def trial_to_row(stored: TrialRow) -> dict[str, Any]:
    """Return a trial as it stands in trials.jsonl: all but its endpoints, which its windows hold."""
    result = stored.result
    return {
        **{name: getattr(result, name) for name in _TRIAL.types},
        "factors": dict(result.factors),
        "errors": {kind: {name: getattr(one, name) for name in _ERRORS.types} for kind, one in result.errors.items()},
        "usage": _usages_to_row(result.usage),
        "doubts": [{"kind": doubt.kind.value, "evidence": doubt.evidence} for doubt in result.doubts],
        "notes": list(result.notes),
        "steps": [asdict(step) for step in result.steps],
        "capacity": None if result.capacity is None else asdict(result.capacity),
        "windows": stored.windows,
    }


def trial_from_row(row: Mapping[str, Any]) -> TrialRow:
    """Return the trial of a row. Raises ValueError, saying what was expected and found, for any other shape."""
    values = dict(row)
    windows = values.pop("windows", None)
    _check("windows", windows, (int,))
    assert isinstance(windows, int)
    for name, level in _table("factors", values.get("factors", {})).items():
        _check(f"factors.{name}", level, (int, str))
    values["errors"] = _errors_from_row(values.get("errors", {}))
    values["usage"] = _usages_from_row(values.get("usage", {}))
    values["doubts"] = tuple(_doubt_from_row(doubt) for doubt in _listed("doubts", values.get("doubts", [])))
    values["notes"] = _texts("notes", values.get("notes", []))
    values["steps"] = tuple(_step_from_row(step) for step in _listed("steps", values.get("steps", [])))
    if (capacity := values.get("capacity")) is not None:
        _check_fields(_table("capacity", capacity), _CAPACITY)
        values["capacity"] = Capacity(**capacity)
    _check_fields(values, _TRIAL)
    return TrialRow(TrialResult(**values), windows)


def _usages_to_row(usages: Mapping[str, Usage]) -> dict[str, dict[str, Any]]:
    return {party: {name: getattr(usage, name) for name in _USAGE.types} for party, usage in usages.items()}


def _usages_from_row(row: object) -> dict[str, Usage]:
    usages = _table("usage", row)
    for party, usage in usages.items():
        _check_fields(_table(party, usage), _USAGE)
    return {party: Usage(**usage) for party, usage in usages.items()}


def _errors_from_row(row: object) -> dict[str, Errors]:
    errors = _table("errors", row)
    for kind, one in errors.items():
        _check_fields(_table(kind, one), _ERRORS)
    return {kind: Errors(**one) for kind, one in errors.items()}


def _doubt_from_row(row: object) -> Doubt:
    table = _table("doubts", row)
    _check_keys(table, required={"kind", "evidence"}, known={"kind", "evidence"})
    _check("evidence", table["evidence"], (str,))
    return Doubt(DoubtKind(table["kind"]), table["evidence"])


def _step_from_row(row: object) -> Step:
    table = dict(_table("steps", row))
    _check_fields(table, _STEP)
    return Step(**{**table, **{name: _texts(name, table.get(name, [])) for name in ("missed", "doubts")}})


def _texts(name: str, value: object) -> tuple[str, ...]:
    for text in _listed(name, value):
        _check(name, text, (str,))
    return tuple(_listed(name, value))


@dataclass(frozen=True, slots=True)
class _Fields:
    """A dataclass's fields as keys: types of those that hold a number, a text or None; all; those without default."""

    types: Mapping[str, tuple[type, ...]]
    known: frozenset[str]
    required: frozenset[str]


def _fields_of(kind: type[Any], *, left_out: str = "") -> _Fields:
    hints = {name: get_args(hint) or (hint,) for name, hint in get_type_hints(kind).items() if name != left_out}
    # A float without a fraction may stand as a whole number.
    types = {name: (*plain, int) if float in plain else plain for name, plain in hints.items() if {*plain} <= _PLAIN}
    defaults = {item.name: item.default is not MISSING or item.default_factory is not MISSING for item in fields(kind)}
    return _Fields(types, frozenset(hints), frozenset(name for name in hints if not defaults[name]))


_PLAIN = {int, float, str, NoneType}
_USAGE = _fields_of(Usage)
_ERRORS = _fields_of(Errors)
_TRIAL = _fields_of(TrialResult, left_out="endpoints")
_STEP = _fields_of(Step)
_CAPACITY = _fields_of(Capacity)


def _check_fields(row: Mapping[str, Any], expected: _Fields) -> None:
    _check_keys(row, required=expected.required, known=expected.known)
    for name in row.keys() & expected.types.keys():
        _check(name, row[name], expected.types[name])


def _check_counts(endpoint: str, row: object) -> None:
    counts = _table(endpoint, row)
    required = _COUNTS_KEYS | _OPEN_KEYS if "lag" in counts else _COUNTS_KEYS
    _check_keys(counts, required=required, known=required | {"sources"})
    _check("bytes", counts["bytes"], (int,))
    for key in ("errors", "sources"):
        for kind, n in _table(key, counts.get(key, {})).items():
            _check(f"{key}.{kind}", n, (int,))
    _check_histogram(counts["latency"])
    if counts["service"] is not None:
        _check_histogram(counts["service"])
    if "lag" in counts:
        _check_histogram(counts["lag"])
        _check("queued", counts["queued"], (int,))
        _check("timeout_us", counts["timeout_us"], (int, NoneType))


def _check_histogram(row: object) -> None:
    flat, *ends = _listed("a histogram", row)
    numbers = _listed("buckets", flat)
    # One pass in C: a window has thousands of these numbers and a run tens of thousands of windows.
    if len(ends) != 3 or len(numbers) % 2 or not {int}.issuperset(map(type, numbers)):
        raise ValueError("expected a histogram [[bucket, count, ...], sum, min, max], found another list")
    _check("sum", ends[0], (int,))
    for end in ends[1:]:
        _check("min or max", end, (int, NoneType))


def _check_keys(row: Mapping[str, Any], *, required: AbstractSet[str], known: AbstractSet[str]) -> None:
    if missing := required - row.keys():
        raise ValueError(f"missing {', '.join(sorted(missing))}")
    if unknown := row.keys() - known:
        raise ValueError(f"unknown {', '.join(sorted(unknown))}")


def _check(name: str, value: object, types: tuple[type, ...]) -> None:
    # By exact type: true and false are whole numbers to isinstance.
    # 1e999 is valid JSON and becomes infinite.
    if type(value) not in types or (isinstance(value, float) and not isfinite(value)):
        raise ValueError(f"{name}: expected {' or '.join(kind.__name__ for kind in types)}, found {value!r:.40}")


def _table(name: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{name}: expected an object, found {value!r:.40}")
    return value


def _listed(name: str, value: object) -> list[Any]:
    if not isinstance(value, list):
        raise ValueError(f"{name}: expected a list, found {value!r:.40}")
    return value
