"""Factors and their levels: the settings that a plan may vary, in the order of all tables."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from controller.errors import PlanError
from controller.plan.rules import Rule, one_of, whole
from controller.plan.scenario import LOAD_RULES, Load, Request, Scenario
from controller.plan.toml_text import found_text

Level: TypeAlias = str | int


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """A setting that may vary: rule holds for each level.

    reaches names the only endpoints it can act on; spares says of a request to one of them that it does not.
    """

    default: Level
    rule: Rule
    reaches: tuple[str, ...] | None = None
    spares: Callable[[Request], bool] = lambda _request: False

    def acts_on(self, scenario: Scenario) -> bool:
        """Whether the factor can act on some request of a scenario; nobody knows what a Locust file asks for."""
        if scenario.locustfile is not None:
            return True
        there = [one for one in scenario.requests if self.reaches is None or one.endpoint in self.reaches]
        return not all(map(self.spares, there))


def _words(*levels: str, reaches: tuple[str, ...] | None = None) -> Factor:
    return Factor(default=levels[0], rule=one_of(*levels), reaches=reaches)


def _is_small(request: Request) -> bool:
    """Whether an answer of the contract has fewer bytes than Nginx codes: all have, but for lists of quotes."""
    lists = request.endpoint == "/api/db" and "count=" in request.path
    return request.endpoint in ("/api/health", "/api/compute", "/api/cache", "/api/db") and not lists


_DB = ("/api/db",)
_CACHE = ("/api/cache",)

FACTORS: Final[Mapping[str, Factor]] = MappingProxyType(
    {
        "proxy": _words("none", "nginx"),
        "tls": _words("off", "on"),
        "http": _words("1.1", "2"),
        "gzip": Factor(default="off", rule=one_of("off", "on"), spares=_is_small),
        "client_keepalive": _words("on", "off"),
        "upstream_keepalive": _words("on", "off"),
        "proxy_cache": _words("off", "on", reaches=_DB + _CACHE),
        "cache": _words("memory", "redis", "none", reaches=_CACHE),
        "db": _words("sqlite", "mysql", reaches=_DB),
        "pool": Factor(default=10, rule=whole(1, 10_000), reaches=_DB),
        "db_delay_ms": Factor(default=0, rule=whole(0, 60_000), reaches=_DB),
        "cpus": Factor(default=1, rule=whole(1, 1_024)),
        "in_flight": Factor(default=64, rule=LOAD_RULES["in_flight"]),
        "streams": Factor(default=1, rule=LOAD_RULES["streams"]),
        "metrics": _words("none", "full"),
        "network": _words("host", "bridge"),
    }
)

# Factors that decide on a setting of the load, and on which.
LOAD_FACTORS: Final[Mapping[str, str]] = MappingProxyType(
    {"in_flight": "in_flight", "streams": "streams", "http": "http", "client_keepalive": "keepalive"}
)
# Factors that a server is told of when it is started.
SERVER_FACTORS: Final = ("cache", "db", "pool", "db_delay_ms", "cpus", "metrics", "network")


def load_settings_of(levels: Mapping[str, Level]) -> dict[str, Any]:
    """Return the settings of a load that levels decide on; other factors than those of a load are left out."""
    settings: dict[str, Any] = {LOAD_FACTORS[name]: level for name, level in levels.items() if name in LOAD_FACTORS}
    return {**settings, "keepalive": settings["keepalive"] == "on"} if "keepalive" in settings else settings


def levels_said_by(settings: Mapping[str, Any]) -> dict[str, Level]:
    """Return the levels that settings of a load stand for; the reverse of load_settings_of."""
    said: dict[str, Level] = {name: settings[key] for name, key in LOAD_FACTORS.items() if key in settings}
    return (
        {**said, "client_keepalive": "on" if said["client_keepalive"] else "off"} if "keepalive" in settings else said
    )


def load_at(load: Load, levels: Mapping[str, Level]) -> Load:
    """Return a load with the settings that levels decide on."""
    settings = load_settings_of(levels)
    return replace(load, **settings) if settings else load


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One level of every factor, in the order of FACTORS."""

    levels: Mapping[str, Level]

    def __post_init__(self) -> None:
        if list(self.levels) != list(FACTORS):
            raise PlanError(f"a variant needs a level of every factor, in order; found {', '.join(self.levels)}")
        for name, level in self.levels.items():
            if not FACTORS[name].rule.accepts(level):
                raise PlanError(f"factor {name}: expected {FACTORS[name].rule.expected}, found {found_text(level)}")

    def __hash__(self) -> int:
        return hash(tuple(self.levels.items()))

    @property
    def label(self) -> str:
        """What differs from the defaults, as k=v,k=v in table order; "default" where nothing does."""
        differing = [f"{name}={level}" for name, level in self.levels.items() if level != FACTORS[name].default]
        return ",".join(differing) or "default"


def variant_of(named: Mapping[str, Level]) -> Variant:
    """Return the variant with these levels and the default of every other factor. Raises PlanError as Variant does."""
    return Variant(levels={name: named.get(name, factor.default) for name, factor in FACTORS.items()})
