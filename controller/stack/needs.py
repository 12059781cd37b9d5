"""Which backing services settings and plans need, and whether this machine has them."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Final

from controller.errors import StackError
from controller.plan.plan import Plan
from controller.plan.target import Target
from controller.stack import mariadb, redis
from controller.stack.settings import Settings
from controller.stack.tools import advice
from controller.stack.versions import tool_path, tool_version

# The parties that they are in a trial.
CACHE: Final = "cache"
DATABASE: Final = "database"
_SERVERS: Final = {CACHE: redis.SERVER, DATABASE: mariadb.SERVER}
_ASKED_BY: Final = {CACHE: "cache redis", DATABASE: "db mysql"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """Which services are needed; connections is the largest pool that the database must take.

    delays_ms are the delays, in milliseconds and all above 0, that some target is to find before the database.
    """

    redis: bool = False
    mysql: bool = False
    connections: int = 0
    delays_ms: tuple[int, ...] = ()

    @property
    def parties(self) -> tuple[str, ...]:
        """The parties that these services are; empty where none is needed."""
        return (*((CACHE,) if self.redis else ()), *((DATABASE,) if self.mysql else ()))


def needs_of(settings: Settings) -> Needs:
    """Return what a target with these settings needs and has no address of."""
    mysql = settings.db_backend == "mysql" and settings.mysql_url is None
    return Needs(
        redis=settings.cache_backend == "redis" and settings.redis_url is None,
        mysql=mysql,
        connections=settings.db_pool_size,
        delays_ms=(settings.db_delay_ms,) if mysql and settings.db_delay_ms else (),
    )


def plan_needs(plan: Plan, targets: Mapping[str, Target]) -> Needs:
    """Return what some trial of a plan needs: a level counts in scenarios that it can act on, for targets we start."""
    if all(targets[name].url is not None for name in plan.targets):
        return Needs()
    in_force = [plan.levels(scenario, variant) for scenario, variant in product(plan.scenarios, plan.variants)]
    return Needs(
        redis=any(levels.get("cache") == "redis" for levels in in_force),
        mysql=any(levels.get("db") == "mysql" for levels in in_force),
        connections=max(int(variant.levels["pool"]) for variant in plan.variants),
        delays_ms=tuple(sorted({int(levels.get("db_delay_ms", 0)) for levels in in_force} - {0})),
    )


def service_versions(plan: Plan) -> dict[str, str | None]:
    """Return the versions of the servers that a plan's variants name; None for one that does not tell."""
    levels = {level for variant in plan.variants for level in (variant.levels["cache"], variant.levels["db"])}
    named = [_SERVERS[party] for party, level in ((CACHE, "redis"), (DATABASE, "mysql")) if level in levels]
    return {server: tool_version(server) for server in named}


def require_services(needs: Needs) -> None:
    """Raise StackError, with the command that helps, where a service that is needed is not on this machine."""
    for party in needs.parties:
        if tool_path(_SERVERS[party]) is None:
            server = _SERVERS[party]
            raise StackError(f"{_ASKED_BY[party]} needs {server}, found none on PATH: {advice(server, least='0')}")
