"""Plans and targets as a user would have written them."""

from collections.abc import Collection
from pathlib import Path

import pytest

from controller.errors import PlanError
from controller.plan.plan import Plan
from controller.plan.reader import read_plan
from controller.plan.target import Target

SMALLEST = """\
name = "a"
targets = ["python-flask", "python-fastapi"]
[scenarios.health]
requests = [{ get = "/api/health" }]
"""

SERVER = """\
language = "Go"
framework = "net/http"
style = "async"
process_model = "one process"
needs = { go = ">=1.22" }
build = [["go", "build", "-o", "{out}/server", "."]]
run = ["{out}/server"]
"""


def target_named(name: str, *, warmup_s: float = 0.0) -> Target:
    """Return a target that is never started."""
    return Target(
        name=name,
        folder=Path("/servers") / name,
        language="Go",
        framework="net/http",
        style="async",
        process_model="one process",
        run=("server",),
        warmup_s=warmup_s,
    )


TARGETS = {name: target_named(name) for name in ("go-fiber", "node-fastify", "python-fastapi", "python-flask")}


def plan_from(folder: Path, text: str, *overrides: str, available: Collection[str] = TARGETS) -> Plan:
    """Read a plan from its text."""
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return read_plan(path, overrides=overrides, targets=TARGETS, available=available)


def refusal_of(folder: Path, text: str, *overrides: str, available: Collection[str] = TARGETS) -> str:
    """Return why a plan is refused, its file named as mine.toml."""
    with pytest.raises(PlanError) as error:
        plan_from(folder, text, *overrides, available=available)
    return str(error.value).replace(str(folder / "mine.toml"), "mine.toml")
