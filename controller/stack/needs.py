"""Which backing services, and which Nginx before targets, settings and plans need, and whether they are here."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from controller.errors import StackError
from controller.plan.cases import cases_of
from controller.plan.plan import Plan
from controller.plan.target import Target
from controller.stack import certificates, mariadb, nginx, redis
from controller.stack.front import front_of
from controller.stack.nginx_conf import target_address
from controller.stack.settings import Settings
from controller.stack.tools import advice, at_least
from controller.stack.versions import tool_path, tool_version

# The parties that they are in a trial.
CACHE: Final = "cache"
DATABASE: Final = "database"
_SERVERS: Final = {CACHE: redis.SERVER, DATABASE: mariadb.SERVER}
# What each level runs.
_PROGRAMS: Final = {
    ("proxy", "nginx"): nginx.SERVER,
    ("tls", "on"): certificates.OPENSSL,
    ("cache", "redis"): redis.SERVER,
    ("db", "mysql"): mariadb.SERVER,
}
_ASKED_BY: Final = {CACHE: "cache redis", DATABASE: "db mysql"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """Which services are needed; connections is the largest pool that the database must take.

    nginx and tls are of what stands before targets: that is started for each trial and is no service of the run.
    delays_ms are the delays, in milliseconds and all above 0, that some target is to find before the database.
    """

    redis: bool = False
    mysql: bool = False
    connections: int = 0
    nginx: bool = False
    tls: bool = False
    delays_ms: tuple[int, ...] = ()

    @property
    def parties(self) -> tuple[str, ...]:
        """The parties that these services are; empty where none is needed."""
        return (*((CACHE,) if self.redis else ()), *((DATABASE,) if self.mysql else ()))

    @property
    def backing_used(self) -> bool:
        """Whether anything runs on the backing cores."""
        return bool(self.parties) or self.nginx


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
    """Return what some trial of a plan needs: a level counts in scenarios that it can act on.

    Services are for targets that we start; Nginx stands before any. Raises StackError for a target before which it
    cannot stand.
    """
    in_force = [case.levels for case in cases_of(plan)]
    fronts = [front for levels in in_force if (front := front_of(levels)) is not None]
    needs = Needs(nginx=bool(fronts), tls=any(front.tls for front in fronts))
    urls = [url for name in plan.targets if (url := targets[name].url) is not None]
    if needs.nginx:
        for url in urls:
            target_address(url)
    if len(urls) == len(plan.targets):
        return needs
    return replace(
        needs,
        redis=any(levels.get("cache") == "redis" for levels in in_force),
        mysql=any(levels.get("db") == "mysql" for levels in in_force),
        connections=max(int(variant.levels["pool"]) for variant in plan.variants),
        delays_ms=tuple(sorted({int(levels.get("db_delay_ms", 0)) for levels in in_force} - {0})),
    )


def service_versions(plan: Plan) -> dict[str, str | None]:
    """Return the versions of the programs that the levels of a plan run; None for one that does not tell."""
    named = {level for variant in plan.variants for level in variant.levels.items()}
    return {tool: tool_version(tool) for level, tool in _PROGRAMS.items() if level in named}


def require_services(needs: Needs) -> None:
    """Raise StackError, with the command that helps, where a program that is needed is not on this machine."""
    for party in needs.parties:
        _require(_SERVERS[party], by=_ASKED_BY[party])
    if needs.nginx:
        _require(nginx.SERVER, by="proxy nginx", least=nginx.LEAST_VERSION)
    if needs.tls:
        _require(certificates.OPENSSL, by="tls on")


def _require(tool: str, *, by: str, least: str = "0") -> None:
    if tool_path(tool) is None:
        raise StackError(f"{by} needs {tool}, found none on PATH: {advice(tool, least=least)}")
    # What tells no version may still do: it is asked for one where one is too old.
    if least != "0" and not at_least(version := tool_version(tool), least):
        raise StackError(
            f"{by} needs {tool} {least} or later, found {version or 'no version'}: {advice(tool, least=least)}"
        )
