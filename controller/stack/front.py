"""What stands in front of a target: nothing, or one Nginx, the same for all, set up by the levels of its factors."""

from collections.abc import Mapping
from dataclasses import dataclass

from controller.plan.factors import FACTORS, Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """The levels that an Nginx is set up by, and what it must have room for.

    in_flight is how many requests of the load there may be at once, streams how many of them share one connection.
    """

    tls: bool = False
    http2: bool = False
    gzip: bool = False
    client_keepalive: bool = True
    upstream_keepalive: bool = True
    proxy_cache: bool = False
    in_flight: int = 64
    streams: int = 1

    @property
    def connections(self) -> int:
        """How many connections the load has."""
        return self.in_flight // self.streams


def front_of(levels: Mapping[str, Level]) -> Front | None:
    """Return what stands in front at these levels, None where nothing does; a factor left out is at its default."""
    given = {name: levels.get(name, factor.default) for name, factor in FACTORS.items()}
    if given["proxy"] != "nginx":
        return None
    return Front(
        tls=given["tls"] == "on",
        http2=given["http"] == "2",
        gzip=given["gzip"] == "on",
        client_keepalive=given["client_keepalive"] == "on",
        upstream_keepalive=given["upstream_keepalive"] == "on",
        proxy_cache=given["proxy_cache"] == "on",
        in_flight=int(given["in_flight"]),
        streams=int(given["streams"]),
    )
