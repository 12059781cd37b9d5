"""Third-party packages stay where they belong, so that a worker is light and the controller is never monkey-patched."""

import ast
import sys
from pathlib import Path

import pytest

from tests.sources import CONTROLLER, MODULES, ROOT, imported_names, module_id

INSIDE_LOCUST = (
    "load/user.py",
    "load/wire/native.py",
    "measure/recorder.py",
    "measure/collector.py",
    "plugin.py",
    "plugin/",
)
# package -> the modules and rooms of controller/ that may import it.
FENCES = {
    "locust": INSIDE_LOCUST,
    "gevent": INSIDE_LOCUST,
    "geventhttpclient": INSIDE_LOCUST,
    "pandas": ("compare/", "report/"),
    "scipy": ("compare/",),
    "numpy": ("compare/", "report/"),
    "jinja2": ("report/",),
    "markupsafe": ("report/",),
    "psutil": ("measure/", "stack/"),
    "uvloop": ("load/wire/",),
    "hpack": ("load/wire/",),
    "flask": INSIDE_LOCUST,
    "click": ("cli/",),
    "rich": ("cli/",),
    "docker": ("stack/docker.py",),
    "influxdb_client": ("store/influx.py",),
    "grafana_client": ("dashboards/",),
}
SILENT = [module for module in MODULES if "cli" not in module.relative_to(CONTROLLER).parts]


def may_import(module: Path, package: str) -> bool:
    """Return whether a module lies inside a package's fence."""
    place = module.relative_to(CONTROLLER).as_posix()
    return any(place == allowed or (allowed.endswith("/") and place.startswith(allowed)) for allowed in FENCES[package])


def top_packages(module: Path) -> set[str]:
    """Return the packages that a module imports, without what follows the first dot."""
    return {name.split(".")[0] for name in imported_names(module)}


@pytest.mark.parametrize("module", MODULES, ids=module_id)
def test_packages_stay_inside_their_fences(module: Path) -> None:
    """A package is imported only by the rooms that it was taken for, lazily or not."""
    outside = [name for name in top_packages(module) & FENCES.keys() if not may_import(module, name)]

    assert outside == []


@pytest.mark.parametrize("module", MODULES, ids=module_id)
def test_every_package_has_a_fence(module: Path) -> None:
    """What is imported is the standard library, FastServe, or a package with a fence: nothing slips in."""
    known = sys.stdlib_module_names | FENCES.keys() | {"controller"}

    assert top_packages(module) - known == set()


@pytest.mark.parametrize("module", SILENT, ids=module_id)
def test_only_the_command_line_prints(module: Path) -> None:
    """Functions return data; text on the screen is cli's alone."""
    calls = [node for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]

    assert [call.lineno for call in calls if getattr(call.func, "id", "") in {"print", "input"}] == []


def test_locust_files_are_thin() -> None:
    """A Locust file imports Locust, the standard library and FastServe, and stays short."""
    files = sorted((ROOT / "locustfiles").rglob("*.py"))
    known = sys.stdlib_module_names | {"locust", "gevent", "controller"}

    assert [(file.name, top_packages(file) - known) for file in files if top_packages(file) - known] == []
    assert [file.name for file in files if file.read_text(encoding="utf-8").count("\n") > 100] == []
