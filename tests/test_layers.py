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
    "calibrate": 6,
    "session": 6,
    "cli": 7,
    "__main__": 8,
}
MOST_LINES_OF_A_MODULE = 250
MOST_LINES_OF_A_FUNCTION = 40

# Which layer of the wire engine each of its modules is in; a layer imports what the row of its name says.
# `seam` is what protocol and model hand each other, `joining` puts the three together for one trial.
WIRE_LAYER = {
    "native": "ground",
    "address": "ground",
    "broken": "ground",
    "tally": "ground",
    "script": "ground",
    "ask": "seam",
    "carrier": "seam",
    "connection": "connection",
    "secure": "connection",
    "answer": "protocol",
    "http1": "protocol",
    "http1_request": "protocol",
    "frames": "protocol",
    "fields": "protocol",
    "blocks": "protocol",
    "control": "protocol",
    "reply": "protocol",
    "stream": "protocol",
    "streams": "protocol",
    "uploads": "protocol",
    "session": "protocol",
    "http2": "protocol",
    "http2_request": "protocol",
    "closed": "model",
    "open": "model",
    "open_lane": "model",
    "arrivals": "model",
    "timer": "model",
    "pauses": "model",
    "deck": "joining",
    "draws": "joining",
    "drive": "joining",
    "engine": "joining",
}
WIRE_MAY_IMPORT = {
    "ground": {"ground"},
    "seam": {"ground", "seam"},
    "connection": {"ground", "connection"},
    "protocol": {"ground", "seam", "protocol"},
    "model": {"ground", "seam", "model"},
    "joining": {*WIRE_LAYER.values()},
}
# The one name of the lowest layer that protocols know, whatever kind of connection stands behind it.
PROTOCOLS_MAY_HOLD = "connection.Connection"
WIRE = "controller.load.wire."
WIRE_MODULES = [
    module for module in MODULES if module_id(module).startswith("controller/load/wire/") and module.stem != "__init__"
]


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


def wire_imports(module: Path) -> set[str]:
    """Return the modules of the wire engine that a module imports, the one name aside that protocols may know."""
    inside = [name.removeprefix(WIRE) for name in imported_names(module) if name.startswith(WIRE)]
    below = WIRE_LAYER[module.stem] == "protocol"
    return {name.split(".")[0] for name in inside if not (below and name == PROTOCOLS_MAY_HOLD)}


@pytest.mark.parametrize("module", WIRE_MODULES, ids=module_id)
def test_the_wire_engine_is_three_layers(module: Path) -> None:
    """Connections move bytes and know nothing else, protocols know of a connection only its type, models neither."""
    assert module.stem in WIRE_LAYER, (
        f"{module_id(module)} is in no layer: add it to WIRE_LAYER, as a connection where it moves bytes, as protocol "
        f"where it reads or writes them, as model where it says when to send, else as what its imports make it"
    )
    layer = WIRE_LAYER[module.stem]

    assert [name for name in wire_imports(module) if WIRE_LAYER.get(name) not in WIRE_MAY_IMPORT[layer]] == []
