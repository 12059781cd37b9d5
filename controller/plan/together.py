"""Which levels of factors can be together, and why the others cannot."""

from collections.abc import Iterator, Mapping
from typing import Final

from controller.plan.factors import Level
from controller.plan.toml_text import toml_value

# (factor, level): what another factor must be at.
NEEDS: Final[Mapping[tuple[str, Level], tuple[tuple[str, tuple[Level, ...]], ...]]] = {
    ("tls", "on"): (("proxy", ("nginx",)),),
    ("gzip", "on"): (("proxy", ("nginx",)),),
    ("upstream_keepalive", "off"): (("proxy", ("nginx",)),),
    ("proxy_cache", "on"): (("proxy", ("nginx",)), ("cache", ("memory", "redis"))),
}


def impossible(levels: Mapping[str, Level]) -> str | None:
    """Return one reason why levels cannot be together, None where they can; levels has one of every factor."""
    return next(_reasons(levels), None)


def _reasons(levels: Mapping[str, Level]) -> Iterator[str]:
    for (name, level), needs in NEEDS.items():
        if levels[name] == level:
            yield from (_unmet(name, other, levels, wanted) for other, wanted in needs if levels[other] not in wanted)
    if levels["http"] == "2" and levels["client_keepalive"] == "off":
        # Its connections are kept for as long as there are requests: closing each would measure handshakes.
        yield _unmet("http", "client_keepalive", levels, ("on",))
    if int(levels["streams"]) > 1 and levels["http"] != "2":
        yield _unmet("streams", "http", levels, ("2",))
    if int(levels["in_flight"]) % int(levels["streams"]):
        yield f"{level_text('streams', levels)} does not divide {level_text('in_flight', levels)}"


def _unmet(name: str, other: str, levels: Mapping[str, Level], wanted: tuple[Level, ...]) -> str:
    return f"{level_text(name, levels)} needs {other} at {choices_text(wanted)}, found {toml_value(levels[other])}"


def level_text(name: str, levels: Mapping[str, Level]) -> str:
    """Return a factor at its level as a plan says it: gzip = "on"."""
    return f"{name} = {toml_value(levels[name])}"


def choices_text(levels: tuple[Level, ...]) -> str:
    """Return levels of which any will do: "memory" or "redis"."""
    return " or ".join(map(toml_value, levels))
