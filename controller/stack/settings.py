"""The settings that every target gets, as environment variables; the defaults are those of the contract."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a target is told. port 0 stands for a free one, to be chosen when the target is started.

    db_pool_size counts connections of the whole target. It is not told db_delay_ms: so much later answers of the
    database arrive, by what stands before that. redis_url, sqlite_path and mysql_url are None where nothing asks for
    them; the urls hold passwords, so a Settings is never shown whole.
    """

    port: int = 0
    bind: str = "127.0.0.1"
    server_cpus: int = 1
    cache_backend: str = "memory"
    redis_url: str | None = field(default=None, repr=False)
    cache_miss_ms: int = 2000
    cache_ttl_s: int = 60
    db_backend: str = "sqlite"
    sqlite_path: Path | None = None
    mysql_url: str | None = field(default=None, repr=False)
    db_pool_size: int = 10
    db_delay_ms: int = 0
    metrics: str = "none"

    def environment(self) -> dict[str, str]:
        """Return the variables that say the same."""
        variables = {
            "PORT": str(self.port),
            "BIND": self.bind,
            "SERVER_CPUS": str(self.server_cpus),
            "CACHE_BACKEND": self.cache_backend,
            "CACHE_MISS_MS": str(self.cache_miss_ms),
            "CACHE_TTL_S": str(self.cache_ttl_s),
            "DB_BACKEND": self.db_backend,
            "DB_POOL_SIZE": str(self.db_pool_size),
            "METRICS": self.metrics,
        }
        places = {"REDIS_URL": self.redis_url, "SQLITE_PATH": self.sqlite_path, "MYSQL_URL": self.mysql_url}
        return variables | {name: str(place) for name, place in places.items() if place is not None}
