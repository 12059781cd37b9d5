"""Targets held to the contract with many combinations of their settings, several targets at once."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from controller.errors import StackError
from controller.plan.contract import Contract
from controller.stack.backing import Backing, backing_services
from controller.stack.cache import cache_folder, made_folder
from controller.stack.check import check_contract
from controller.stack.contract_visit import Finding
from controller.stack.cpus import usable_cores
from controller.stack.database import sqlite_database
from controller.stack.needs import Needs, require_services
from controller.stack.pairwise import Combination, every_combination, pairwise
from controller.stack.preflight import Prepared, run_prepared
from controller.stack.settings import Settings
from controller.stack.supervisor import Supervisor, supervise

_LEVELS: Final = {"cache": ("memory", "redis", "none"), "db": ("sqlite", "mysql"), "metrics": ("none", "full")}
_SERVICES: Final = {("cache", "redis"): Needs(redis=True), ("db", "mysql"): Needs(mysql=True)}
# Short waits: what is checked is that they happen.
_SHORT: Final = Settings(cache_miss_ms=200, cache_ttl_s=1)
# Most of a check is waiting, and more at once would be late for answers that must not wait.
_MOST_AT_ONCE: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What came of one target with one combination: what it breaks, or why it did not start; neither where it passed.

    skipped says that a service was missing: nothing is known.
    """

    target: str
    combination: Combination
    broken: tuple[Finding, ...] = ()
    trouble: str | None = None
    skipped: bool = False

    @property
    def ok(self) -> bool:
        """Whether it was checked and keeps the contract."""
        return not (self.broken or self.trouble or self.skipped)


def combinations_of(*, every: bool) -> tuple[Combination, ...]:
    """Return the combinations of settings to check: those in which every two levels meet, or all."""
    return every_combination(_LEVELS) if every else pairwise(_LEVELS)


def missing_services(combinations: Sequence[Combination]) -> dict[tuple[str, str], str]:
    """Return the factor and level of each service that these need and that is not here, with what adds it."""
    missing = {}
    for level, needs in _SERVICES.items():
        try:
            if any(level in one.items() for one in combinations):
                require_services(needs)
        except StackError as error:
            missing[level] = str(error)
    return missing


def hold_targets(
    prepared: Sequence[Prepared],
    combinations: Sequence[Combination],
    *,
    contract: Contract,
    servers: Path,
    say: Callable[[str], None],
) -> list[Held]:
    """Start each target with each combination and hold it to the contract; all of one target stand together.

    Logs are in the cache. Whatever ends this call ends all that it has started.
    """
    logs = made_folder(cache_folder() / "logs")
    missing = missing_services(combinations)
    suite = _Suite(contract=contract, servers=servers, logs=logs, missing=missing, combinations=combinations)
    with (
        # Last to end: with the supervisor gone no target answers, and what waits for one ends too.
        ThreadPoolExecutor(min(_MOST_AT_ONCE, len(usable_cores()))) as pool,
        supervise(label="check-contract", logs=logs) as supervisor,
        backing_services(supervisor, suite.needs, servers=servers, logs=logs) as backing,
    ):
        started = [pool.submit(suite.hold, one, supervisor=supervisor, backing=backing, say=say) for one in prepared]
        return [held for future in started for held in future.result()]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Suite:
    """What all targets of one check share."""

    contract: Contract
    servers: Path
    logs: Path
    missing: Mapping[tuple[str, str], str]
    combinations: Sequence[Combination]

    @property
    def needs(self) -> Needs:
        """The services that some combination uses and that are here."""
        used = {level for one in self.combinations for level in one.items()} - self.missing.keys()
        most = _SHORT.db_pool_size * _MOST_AT_ONCE
        return Needs(redis=("cache", "redis") in used, mysql=("db", "mysql") in used, connections=most)

    def hold(
        self, ready: Prepared, *, supervisor: Supervisor, backing: Backing, say: Callable[[str], None]
    ) -> list[Held]:
        say(f"checking {ready.target.name}")
        return [self._held(ready, one, supervisor=supervisor, backing=backing) for one in self.combinations]

    def _held(self, ready: Prepared, one: Combination, *, supervisor: Supervisor, backing: Backing) -> Held:
        held = Held(target=ready.target.name, combination=one)
        if self.missing.keys() & one.items():
            return replace(held, skipped=True)
        told = replace(
            _SHORT,
            cache_backend=one["cache"],
            db_backend=one["db"],
            metrics=one["metrics"],
            sqlite_path=sqlite_database(self.servers / "contract" / "quotes.csv"),
        )
        settings = backing.told(told)
        log = self.logs / f"check-{ready.target.name}-{'-'.join(one.values())}.log"
        log.write_bytes(b"")
        trust = ready.target.trust
        try:
            with run_prepared(supervisor, ready, settings=settings, trust=trust, log=log) as running:
                findings = check_contract(running.url, self.contract, settings, trust=trust)
        except StackError as error:
            return replace(held, trouble=str(error))
        return replace(held, broken=tuple(findings))
