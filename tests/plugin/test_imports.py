"""What each kind of process carries: a worker what it needs to send, the controller nothing that patches it."""

import json
import subprocess
import sys

import pytest

from tests.sources import ROOT

# A worker's Locust imports the first; its plugin is the second.
BARE, PLUGIN = "import locust.main", "import locust.main, controller.plugin, controller.load.user"
# What a run imports before it starts Locust.
CONTROLLER = [
    "controller.run",
    "controller.session",
    "controller.load.trials",
    "controller.load.fleet",
    "controller.load.drive",
]


def modules_after(statement: str) -> set[str]:
    """Return the modules that a fresh process has after a statement."""
    script = f"{statement}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    found: list[str] = json.loads(ended.stdout.splitlines()[-1])
    return set(found)


def packages(modules: set[str]) -> set[str]:
    """Return the top packages of modules."""
    return {module.partition(".")[0] for module in modules}


def test_a_worker_carries_no_heavy_package() -> None:
    """Beside what Locust itself imports, FastServe brings uvloop, hpack, the standard library, and its own modules."""
    added = modules_after(PLUGIN) - modules_after(BARE)

    foreign = packages(added) - set(sys.stdlib_module_names) - {"controller", "uvloop", "hpack"}
    assert {name for name in foreign if not name.startswith("_")} == set()


def test_a_worker_carries_only_the_rooms_it_works_in() -> None:
    """Nothing that starts processes, stores, compares or reports is imported where requests are sent."""
    rooms = {module.split(".")[1] for module in modules_after(PLUGIN) if module.startswith("controller.")}

    assert rooms == {"errors", "units", "plan", "load", "measure", "plugin"}


@pytest.mark.parametrize("module", CONTROLLER)
def test_the_controller_never_imports_locust(module: str) -> None:
    """Locust and gevent patch the process that imports them: the controller starts them, and stays as it is."""
    assert packages(modules_after(f"import {module}")) & {"locust", "gevent", "geventhttpclient", "uvloop"} == set()
