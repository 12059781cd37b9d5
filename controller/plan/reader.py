"""Plan files to plans: read, merged with overrides, checked whole, and resolved for this machine."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from controller.errors import PlanError
from controller.plan.check_plan import check_plan
from controller.plan.check_variants import check_variants
from controller.plan.not_yet import not_yet
from controller.plan.overrides import merge_overrides, read_overrides
from controller.plan.plan import Plan
from controller.plan.problems import Problems
from controller.plan.resolve import plan_of, resolve_targets, sources_of
from controller.plan.schedule import count_trials
from controller.plan.target import Target
from controller.plan.toml_text import KeyPath
from controller.plan.tomlfile import check_depth, read_toml
from controller.plan.trust import read_authorities

# More would take days to run, and their list alone would fill the memory.
MOST_TRIALS: Final = 100_000


def read_plan(
    path: Path,
    *,
    overrides: Sequence[str] = (),
    targets: Mapping[str, Target],
    available: Collection[str],
) -> Plan:
    """Read a plan. overrides are texts such as "load.in_flight=128"; available are the targets that can run here.

    Raises PlanError, naming the file, with all problems at once; with "not yet" for what is right but not built.
    """
    problems = Problems(str(path))
    given = read_overrides(overrides, problems)
    table = merge_overrides(read_toml(path), given, problems)
    problems.overridden = [override.path for override in given]
    try:
        check_depth(table)
    except ValueError as error:
        raise PlanError(f"{path}: --set: {error}") from error
    check_plan(table, known=targets.keys(), problems=problems)
    problems.raise_any()
    _find_files(table, path.absolute().parent, problems)
    check_variants(table, problems)
    problems.raise_any()
    if unbuilt := not_yet(table):
        raise PlanError(f"{path}: not yet: {'; '.join(unbuilt)}")
    chosen = resolve_targets(table, known=targets.keys(), available=available, problems=problems)
    problems.raise_any()
    plan = plan_of(table, chosen=chosen, sources=sources_of(table, problems.overridden))
    if (trials := count_trials(plan)) > MOST_TRIALS:
        product = "targets x scenarios in their variants x repeats"
        problems.add((), f"expected at most {MOST_TRIALS:,} trials ({product}), found {trials:,}")
    problems.raise_any()
    return plan


def _find_files(table: Mapping[str, Any], folder: Path, problems: Problems) -> None:
    """Make the paths of files that a plan names absolute; note which of them cannot be used."""
    loads: dict[KeyPath, dict[str, Any]] = {("load",): table.get("load", {})}
    loads |= {("scenarios", name, "load"): scenario.get("load", {}) for name, scenario in table["scenarios"].items()}
    for at, load in loads.items():
        if "ca_file" in load:
            load["ca_file"] = str(folder / load["ca_file"])
            try:
                read_authorities(Path(load["ca_file"]))
            except PlanError as error:
                problems.add((*at, "ca_file"), str(error))
