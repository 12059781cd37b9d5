"""Where the Locust files are that the workers of a run load."""

import hashlib
from pathlib import Path

from controller.errors import PlanError
from controller.plan.plan import Plan

_PACKAGE = Path(__file__).resolve().parents[1]
_NAME = Path("locustfiles", "wire.py")


def locustfile() -> Path:
    """Return the Locust file of this FastServe: that of the checkout, or the one the installed package carries."""
    checkout = _PACKAGE.parent / _NAME
    return checkout if checkout.is_file() else _PACKAGE / "_project" / _NAME


def scripts_of(plan: Plan, project: Path) -> dict[str, Path]:
    """Return the Locust files that a plan's scenarios name, as they name them. Raises PlanError where one is missing.

    They lie below the project, or below the folder that FastServe's own come with.
    """
    found = {}
    for scenario in plan.scenarios:
        if (name := scenario.locustfile) is not None:
            files = [folder / name for folder in (project, locustfile().parents[1]) if (folder / name).is_file()]
            if not files:
                raise PlanError(
                    f"scenarios.{scenario.name}.locustfile: expected a Locust file below {project}, found no {name}"
                )
            found[name] = files[0].absolute()
            if "," in str(found[name]):
                raise PlanError(f"expected a path without a comma, since Locust parts its files by it: {found[name]}")
    return found


def script_key(script: Path) -> str:
    """Return what changes with every change of a Locust file."""
    return hashlib.sha256(script.read_bytes()).hexdigest()[:16]
