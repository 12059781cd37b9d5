"""Two runs as they would have been stored: what they were made with, and their trials."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from controller.compare.likeness import Made
from controller.measure.trial import TrialResult
from controller.plan.reader import read_plan
from controller.store.facts import machine_facts
from tests.factories.trials import run_of

PLAN = """
name = "small"
targets = {targets}

[load]
in_flight = 4

[scenarios.health]
requests = [{{ get = "/api/health" }}]

[scenarios.quote]
requests = [{{ get = "/api/db", weight = 2 }}]
"""
FACTS = machine_facts(cores={"target": (0,), "generator": (1,), "control": (1,)})
BUILDS = {"plain": "a" * 16, "mine": "b" * 16, "same": "c" * 16}


def made(
    folder: Path,
    run_id: str,
    *,
    targets: Sequence[str] = ("plain", "mine"),
    builds: Mapping[str, str] | None = None,
    facts: Mapping[str, Any] | None = None,
    overrides: Sequence[str] = (),
    plan: str = PLAN,
) -> Made:
    """Return what a run was made with; its plan is read as a file is."""
    file = folder / "plan.toml"
    file.write_text(plan.format(targets=list(targets)).replace("'", '"'), encoding="utf-8")
    known = dict.fromkeys(targets)
    return Made(
        run_id=run_id,
        plan=read_plan(file, targets=known, available=known, overrides=overrides),
        builds={**BUILDS, **(builds or {})},
        facts=FACTS if facts is None else facts,
    )


def trials_of(
    rates: Mapping[str, float], *, blocks: int = 5, seed: int = 1, speed: float = 1.0
) -> tuple[TrialResult, ...]:
    """Return the trials of a run on a machine that is so fast."""
    return tuple(run_of({name: rate * speed for name, rate in rates.items()}, blocks=blocks, seed=seed))
