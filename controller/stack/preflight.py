"""Before any load: every target is built, starts, and keeps the contract; what was found right is remembered."""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from controller import __version__
from controller.errors import StackError
from controller.plan.cases import cases_of
from controller.plan.contract import Contract, read_contract
from controller.plan.factors import Variant
from controller.plan.plan import Plan
from controller.plan.target import Target
from controller.plan.trust import Trust
from controller.stack.backing import backing_services
from controller.stack.build import Build
from controller.stack.builders import Underway, build_targets, find_builds
from controller.stack.cache import cache_folder, made_folder
from controller.stack.check import check_contract, contract_error
from controller.stack.code_lines import code_lines
from controller.stack.contract_rules import Finding
from controller.stack.database import sqlite_database, warm_rows
from controller.stack.exchange import Asking, Client
from controller.stack.needs import Needs, needs_of, plan_needs, require_services
from controller.stack.process import Running, run_target
from controller.stack.reached import Reached, reach_target
from controller.stack.settings import Settings
from controller.stack.supervisor import Supervisor, supervise
from controller.stack.tools import require_tools

# A miss that waits as long as in a trial would make the check eat the run.
CHECK_MISS_MS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A target with its finished build, and how long its source is; one that runs already has neither."""

    target: Target
    build: Build | None
    code_lines: int | None = None

    @property
    def key(self) -> str:
        """What another target of the same name would differ in: its build, or where it is."""
        return self.build.key if self.build is not None else str(self.target.url)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What all targets stand on: the contract's data and the database made of it; None where no target has them.

    needs are the backing services that the plan's trials ask for.
    """

    servers: Path
    needs: Needs = field(default_factory=Needs)
    contract: Contract | None = None
    database: Path | None = None

    def warm(self) -> None:
        """Read all rows once, so that every trial finds them in memory."""
        if self.database is not None:
            warm_rows(self.database)


def lay_ground(plan: Plan, prepared: Mapping[str, Prepared], *, servers: Path) -> Ground:
    """Read the contract and make its database, where some target keeps the contract.

    Raises PlanError for a folder of servers whose contract cannot be read.
    """
    needs = plan_needs(plan, {name: ready.target for name, ready in prepared.items()})
    if not any(ready.target.contract for ready in prepared.values()):
        return Ground(servers=servers, needs=needs)
    contract = read_contract(servers)
    database = sqlite_database(servers / "contract" / "quotes.csv")
    return Ground(servers=servers, needs=needs, contract=contract, database=database)


def settings_of(plan: Plan, variant: Variant, *, ground: Ground) -> Settings:
    """Return what a target is told in a trial of this plan and variant, but for the addresses of backing services.

    Where no trial of the plan can reach what is behind Redis or MariaDB, the default stands in for it.
    """
    cache, db = str(variant.levels["cache"]), str(variant.levels["db"])
    delay_ms = int(variant.levels["db_delay_ms"])
    return Settings(
        server_cpus=plan.at(variant).cpus.target,
        cache_backend="memory" if cache == "redis" and not ground.needs.redis else cache,
        cache_miss_ms=plan.environment.cache_miss_ms,
        cache_ttl_s=plan.environment.cache_ttl_s,
        db_backend="sqlite" if db == "mysql" and not ground.needs.mysql else db,
        sqlite_path=ground.database,
        db_pool_size=int(variant.levels["pool"]),
        db_delay_ms=delay_ms if delay_ms in ground.needs.delays_ms else 0,
        metrics=str(variant.levels["metrics"]),
    )


def prepare_targets(plan: Plan, targets: Mapping[str, Target], *, say: Callable[[str], None]) -> dict[str, Prepared]:
    """Build what the plan's targets need; all tools are looked for before the first build begins.

    Raises StackError where a tool or a backing service is missing, and where builds fail once all others have ended.
    """
    require_services(plan_needs(plan, targets))
    planned = [targets[name] for name in plan.targets]
    for target in planned:
        require_tools(target)
    found = find_builds(planned)
    missing = [target for target in planned if target.url is None and found[target.name] is None]
    results = {**found, **build_targets(missing, _Said(say))}
    if errors := [result for result in results.values() if isinstance(result, StackError)]:
        raise errors[0] if len(errors) == 1 else StackError("\n".join(map(str, errors)))
    builds = {name: build for name, build in results.items() if isinstance(build, Build)}
    return {
        target.name: Prepared(
            target=target,
            build=builds.get(target.name),
            code_lines=code_lines(target.folder) if target.url is None else None,
        )
        for target in planned
    }


class _Said:
    """What builds come to, said a line each."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self._say = say

    def started(self, job: Underway) -> None:
        self._say(f"building {job.target}")

    def building(self, jobs: Sequence[Underway]) -> None:
        pass

    def ended(self, build: Build, took_s: float) -> None:
        self._say(f"{build.target}: built in {took_s:.0f} s")

    def failed(self, target: str, error: StackError, took_s: float) -> None:
        self._say(f"{target}: not built, failed after {took_s:.0f} s")


@contextmanager
def run_prepared(
    supervisor: Supervisor,
    ready: Prepared,
    *,
    settings: Settings,
    trust: Trust,
    cores: Collection[int] | None = None,
    log: Path,
    client: Asking = Client,
) -> Iterator[Running | Reached]:
    """Have a target for the time of the block: started from its build, or reached, by a client, where it runs already.

    Raises StackError where it does not answer.
    """
    if ready.build is None:
        yield reach_target(ready.target, trust=trust, client=client)
        return
    with run_target(supervisor, ready.target, ready.build, settings=settings, cores=cores, log=log) as running:
        yield running


def check_targets(
    plan: Plan,
    prepared: Mapping[str, Prepared],
    *,
    ground: Ground,
    lock_fd: int,
    say: Callable[[str], None],
) -> None:
    """Start every target once and hold it to the contract, unless this build with these settings has passed before.

    One that runs already is held to the contract's own defaults, each time: nobody knows whether it is what it was.
    Logs are in the cache. Raises StackError for the first that does not start or breaks the contract.
    """
    unchecked = _unchecked(plan, prepared, ground)
    if not unchecked:
        return
    logs = made_folder(cache_folder() / "logs")
    needs = replace(ground.needs, redis=any(needs_of(one).redis for _, one in unchecked))
    needs = replace(needs, mysql=any(needs_of(one).mysql for _, one in unchecked), delays_ms=())
    with (
        supervise(label=f"check-{plan.name}", logs=logs, lock_fd=lock_fd) as supervisor,
        backing_services(supervisor, needs, servers=ground.servers, logs=logs) as backing,
    ):
        for ready, settings in unchecked:
            say(f"checking {ready.target.name}")
            log = logs / f"check-{ready.target.name}.log"
            log.write_bytes(b"")
            trust = plan.load.trust().with_own(ready.target.trust)
            backing.renew()
            told = backing.told(settings)
            with run_prepared(supervisor, ready, settings=told, trust=trust, log=log) as running:
                if ready.target.contract and ground.contract is not None:
                    findings = check_contract(running.url, ground.contract, told, trust=trust)
                    _hold_to_contract(ready.target.name, findings)
            if ready.build is not None:
                _passed_file(ready, settings).touch()


def _unchecked(plan: Plan, prepared: Mapping[str, Prepared], ground: Ground) -> list[tuple[Prepared, Settings]]:
    """Return what has to be started, each with the settings of one or more variants: once for all that are the same."""
    found: dict[tuple[str, Settings], tuple[Prepared, Settings]] = {}
    for variant, name in ((case.variant, name) for case in cases_of(plan) for name in case.targets):
        settings = _check_settings(plan, variant, ground, prepared[name])
        found.setdefault((name, settings), (prepared[name], settings))
    return [(ready, settings) for ready, settings in found.values() if not _has_passed(ready, settings)]


def _check_settings(plan: Plan, variant: Variant, ground: Ground, ready: Prepared) -> Settings:
    if ready.build is None:
        return Settings(sqlite_path=ground.database)
    return replace(settings_of(plan, variant, ground=ground), cache_miss_ms=CHECK_MISS_MS, db_delay_ms=0)


def _has_passed(ready: Prepared, settings: Settings) -> bool:
    return ready.build is not None and _passed_file(ready, settings).exists()


def _hold_to_contract(name: str, findings: Sequence[Finding]) -> None:
    if findings:
        raise contract_error(name, findings)


def _passed_file(ready: Prepared, settings: Settings) -> Path:
    """Return the file whose existence says that this build passed with these settings.

    The settings name the database by a path that is made of its content, and so stand for the contract too. They have
    no address of a backing service, which is another one each time.
    """
    text = repr((__version__, ready.key, settings.environment()))
    key = hashlib.sha256(text.encode()).hexdigest()[:16]
    return made_folder(cache_folder() / "checked") / f"{ready.target.name}-{key}"
