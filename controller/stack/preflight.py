"""Before any load: every target is built, starts, and keeps the contract; what was found right is remembered."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from controller.plan.contract import Contract
from controller.plan.factors import Variant
from controller.plan.plan import Plan
from controller.plan.target import Target
from controller.stack.build import Build, build_target
from controller.stack.cache import cache_folder, made_folder
from controller.stack.check import check_contract, contract_error
from controller.stack.process import run_target
from controller.stack.settings import Settings
from controller.stack.supervisor import Supervisor
from controller.stack.tools import require_tools

# A miss that waits as long as in a trial would make the check eat the run.
CHECK_MISS_MS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A target with its finished build."""

    target: Target
    build: Build


def settings_of(plan: Plan, variant: Variant, *, database: Path) -> Settings:
    """Return what a target is told in a trial of this plan and variant."""
    return Settings(
        server_cpus=plan.cpus.target,
        cache_backend=str(variant.levels["cache"]),
        cache_miss_ms=plan.environment.cache_miss_ms,
        cache_ttl_s=plan.environment.cache_ttl_s,
        db_backend=str(variant.levels["db"]),
        sqlite_path=database,
        db_pool_size=int(variant.levels["pool"]),
        metrics=str(variant.levels["metrics"]),
    )


def prepare_targets(plan: Plan, targets: Mapping[str, Target], *, say: Callable[[str], None]) -> dict[str, Prepared]:
    """Build what the plan's targets need; all tools are looked for before the first build begins.

    Raises StackError where a tool is missing or a build fails.
    """
    for name in plan.targets:
        require_tools(targets[name])
    prepared = {}
    for name in plan.targets:
        say(f"building {name}")
        prepared[name] = Prepared(target=targets[name], build=build_target(targets[name]))
    return prepared


def check_targets(
    plan: Plan,
    prepared: Mapping[str, Prepared],
    *,
    contract: Contract,
    database: Path,
    supervisor: Supervisor,
    logs: Path,
    cores: tuple[int, ...],
    say: Callable[[str], None],
) -> None:
    """Start every target once and hold it to the contract, unless this build with these settings has passed before.

    Raises StackError for the first that does not start or breaks the contract.
    """
    for variant in plan.variants:
        settings = replace(settings_of(plan, variant, database=database), cache_miss_ms=CHECK_MISS_MS)
        for name, ready in prepared.items():
            passed = _passed_file(ready, settings, contract)
            if passed.exists():
                continue
            say(f"checking {name}")
            log = logs / f"check-{name}.log"
            with run_target(
                supervisor, ready.target, ready.build, settings=settings, cores=cores, log=log
            ) as running:
                if ready.target.contract and (findings := check_contract(running.url, contract, settings)):
                    raise contract_error(name, findings)
            passed.touch()


def _passed_file(ready: Prepared, settings: Settings, contract: Contract) -> Path:
    """Return the file whose existence says that this build passed with these settings under this contract."""
    text = repr((ready.build.key, settings.environment(), hash_of(contract)))
    key = hashlib.sha256(text.encode()).hexdigest()[:16]
    return made_folder(cache_folder() / "checked") / f"{ready.target.name}-{key}"


def hash_of(contract: Contract) -> str:
    """Return a digest of the contract's data."""
    rows = b"".join(contract.rows[number] for number in sorted(contract.rows))
    return hashlib.sha256(rows).hexdigest()
