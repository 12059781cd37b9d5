"""The settings that every target gets, as environment variables; the defaults are those of the contract."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a target is told. port 0 stands for a free one, to be chosen when the target is started.

    db_pool_size counts connections of the whole target; sqlite_path is None where nothing asks for a database.
    """

    port: int = 0
    bind: str = "127.0.0.1"
    server_cpus: int = 1
    cache_backend: str = "memory"
    cache_miss_ms: int = 2000
    cache_ttl_s: int = 60
    db_backend: str = "sqlite"
    sqlite_path: Path | None = None
    db_pool_size: int = 10
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
        return variables if self.sqlite_path is None else {**variables, "SQLITE_PATH": str(self.sqlite_path)}
