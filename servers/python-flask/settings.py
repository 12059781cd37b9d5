"""The settings of the contract, read from the environment and checked before anything starts."""

import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from database import open_sqlite

# Of one process. A request that waits for the cache's origin holds its thread; requests that compute gain nothing from
# more of them.
THREADS = 32


class WrongSetting(ValueError):
    """A setting that is missing or cannot be used: one line for the operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What this service was told; database_pool_size holds for all its processes together."""

    port: int
    bind: str
    server_cpus: int
    cache_backend: str
    cache_miss_ms: int
    cache_ttl_s: int
    db_backend: str
    db_pool_size: int
    metrics: str
    # Empty where nothing asks for them. The urls hold passwords and are shown nowhere.
    redis_url: str = field(default="", repr=False)
    sqlite_path: str = ""
    mysql_url: str = field(default="", repr=False)

    def pool_share(self, process: int) -> int:
        """Connections of one process, counted from 1; a process started in place of another gets no odd one out."""
        each, odd = divmod(self.db_pool_size, self.server_cpus)
        return each + (1 if process <= odd else 0)


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read and check all settings. Raises WrongSetting for the first that is wrong."""
    cache_backend = one_of(environ, "CACHE_BACKEND", "memory", "none", "redis")
    db_backend = one_of(environ, "DB_BACKEND", "sqlite", "mysql")
    settings = Settings(
        port=whole(environ, "PORT", least=1, most=65535),
        bind=address(environ, "BIND", default="127.0.0.1"),
        server_cpus=whole(environ, "SERVER_CPUS", default=1, least=1, most=1024),
        cache_backend=cache_backend,
        cache_miss_ms=whole(environ, "CACHE_MISS_MS", default=2000, least=0, most=60000),
        cache_ttl_s=whole(environ, "CACHE_TTL_S", default=60, least=1, most=86400),
        db_backend=db_backend,
        db_pool_size=whole(environ, "DB_POOL_SIZE", default=10, least=1, most=10000),
        metrics=one_of(environ, "METRICS", "none", "full"),
        redis_url=redis_url(environ, "REDIS_URL") if cache_backend == "redis" else "",
        sqlite_path=database_path(environ, "SQLITE_PATH") if db_backend == "sqlite" else "",
        mysql_url=mysql_url(environ, "MYSQL_URL") if db_backend == "mysql" else "",
    )
    if settings.db_pool_size < settings.server_cpus:
        raise WrongSetting(
            f"DB_POOL_SIZE: expected at least one connection for each of {settings.server_cpus} processes, "
            f"found {settings.db_pool_size}"
        )
    return settings


def needed(environ: Mapping[str, str], name: str) -> str:
    """Return a text that must be given."""
    value = environ.get(name, "")
    if not value:
        raise WrongSetting(f"{name}: expected a value, found none")
    return value


def address(environ: Mapping[str, str], name: str, *, default: str) -> str:
    """Return an IP address, in brackets where a port can follow only so."""
    value = environ.get(name, default)
    try:
        found = ip_address(value)
    except ValueError as error:
        raise WrongSetting(f"{name}: expected an IP address, found {value!r}") from error
    return f"[{found}]" if found.version == 6 else str(found)


def whole(environ: Mapping[str, str], name: str, *, default: int | None = None, least: int, most: int) -> int:
    """Return a whole number within its range."""
    value = needed(environ, name) if default is None else environ.get(name, str(default))
    if not re.fullmatch("[0-9]{1,9}", value) or not least <= int(value) <= most:
        raise WrongSetting(f"{name}: expected a whole number from {least} to {most}, found {value!r}")
    return int(value)


def one_of(environ: Mapping[str, str], name: str, default: str, *others: str) -> str:
    """Return a level that this service has."""
    value = environ.get(name, default)
    known = (default, *others)
    if value not in known:
        raise WrongSetting(f"{name}: expected {' or '.join(known)}, found {value!r}")
    return value


def redis_url(environ: Mapping[str, str], name: str) -> str:
    """Return the address of Redis."""
    value = needed(environ, name)
    parts = address_parts(value)
    if not parts or parts.scheme != "redis" or not re.fullmatch("/[0-9]{1,9}", parts.path):
        raise WrongSetting(f"{name}: expected redis://[user][:password@]host:port/number, found another form")
    return value


def mysql_url(environ: Mapping[str, str], name: str) -> str:
    """Return the address of a MySQL database."""
    value = needed(environ, name)
    parts = address_parts(value)
    named = parts and parts.username and parts.password is not None and re.fullmatch("/[^/]+", parts.path)
    if not parts or parts.scheme != "mysql" or not named:
        raise WrongSetting(f"{name}: expected mysql://user:password@host:port/database, found another form")
    return value


def address_parts(url: str) -> SplitResult | None:
    """Return the parts of a url that has a host and a port, and nothing after the path; else None."""
    try:
        parts = urlsplit(url)
        complete = parts.hostname and parts.port and not parts.query and not parts.fragment
    except ValueError:
        # Such as a port above 65535.
        return None
    return parts if complete else None


def database_path(environ: Mapping[str, str], name: str) -> str:
    """Return the path of an SQLite file with quotes in it."""
    path = needed(environ, name)
    try:
        connection = open_sqlite(path)
        try:
            [rows] = connection.execute("SELECT count(id + length(author) + length(content)) FROM quotes").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise WrongSetting(f"{name}: expected a database with a table quotes, found {path!r}: {error}") from error
    if rows == 0:
        raise WrongSetting(f"{name}: expected quotes, found none in {path!r}")
    return path
