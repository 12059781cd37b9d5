"""The rooms of the package form one direction: plan -> stack -> load -> measure -> store -> compare -> report."""

from pathlib import Path

import pytest

from tests.sources import CONTROLLER, MODULES, functions, imported_names, module_id

LEVEL = {
    "__init__": 0,
    "errors": 0,
    "units": 0,
    "plan": 1,
    "stack": 2,
    "measure": 2,
    "load": 3,
    "store": 3,
    "compare": 3,
    "report": 4,
    "dashboards": 4,
    "run": 5,
    "plugin": 5,
    "cli": 6,
    "__main__": 7,
}
MOST_LINES_OF_A_MODULE = 250
MOST_LINES_OF_A_FUNCTION = 40


def room_of(module: Path) -> str:
    """Return the room that a module lies in; a module beside the rooms is one by itself."""
    return module.relative_to(CONTROLLER).parts[0].removesuffix(".py")


def imported_rooms(module: Path) -> set[str]:
    """Return the rooms that a module imports; the version and other names of the package itself are `__init__`."""
    inside = [name.split(".") for name in imported_names(module) if name.split(".")[0] == "controller"]
    return {parts[1] if len(parts) > 1 and parts[1] in LEVEL else "__init__" for parts in inside}


def test_there_is_something_to_look_at() -> None:
    """The tests below would pass on an empty folder."""
    assert {room_of(module) for module in MODULES} >= {"errors", "plan", "stack", "measure"}


@pytest.mark.parametrize("module", MODULES, ids=module_id)
def test_imports_point_down(module: Path) -> None:
    """No room knows about a room that comes after it or stands beside it."""
    room = room_of(module)

    assert room in LEVEL, f"{room} has no level"
    assert [name for name in imported_rooms(module) if name != room and LEVEL[name] >= LEVEL[room] > 0] == []


@pytest.mark.parametrize("module", MODULES, ids=module_id)
def test_a_module_can_be_read_at_once(module: Path) -> None:
    """No module is longer than 250 lines and no function longer than 40, and none is a drawer for what is left over."""
    lines = module.read_text(encoding="utf-8").count("\n")
    long = [f.name for f in functions(module) if (f.end_lineno or 0) - f.lineno + 1 > MOST_LINES_OF_A_FUNCTION]

    assert lines <= MOST_LINES_OF_A_MODULE
    assert long == []
    assert module.stem not in {"utils", "util", "common", "helpers", "misc"}
