"""The settings of the contract, read from the environment and checked before anything starts."""

import re
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path


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
    sqlite_path: str
    db_pool_size: int

    def pool_share(self, process: int) -> int:
        """Connections of one process, counted from 1; a process started in place of another gets no odd one out."""
        each, odd = divmod(self.db_pool_size, self.server_cpus)
        return each + (1 if process <= odd else 0)


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read and check all settings. Raises WrongSetting for the first that is wrong."""
    settings = Settings(
        port=whole(environ, "PORT", least=1, most=65535),
        bind=address(environ, "BIND", default="127.0.0.1"),
        server_cpus=whole(environ, "SERVER_CPUS", default=1, least=1, most=1024),
        cache_backend=one_of(environ, "CACHE_BACKEND", "memory", "none", later=("redis",)),
        cache_miss_ms=whole(environ, "CACHE_MISS_MS", default=2000, least=0, most=60000),
        cache_ttl_s=whole(environ, "CACHE_TTL_S", default=60, least=1, most=86400),
        sqlite_path=needed(environ, "SQLITE_PATH"),
        db_pool_size=whole(environ, "DB_POOL_SIZE", default=10, least=1, most=10000),
    )
    one_of(environ, "DB_BACKEND", "sqlite", later=("mysql",))
    one_of(environ, "METRICS", "none", later=("full",))
    if settings.db_pool_size < settings.server_cpus:
        raise WrongSetting(
            f"DB_POOL_SIZE: expected at least one connection for each of {settings.server_cpus} processes, "
            f"found {settings.db_pool_size}"
        )
    check_database(settings.sqlite_path)
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


def one_of(environ: Mapping[str, str], name: str, default: str, *others: str, later: tuple[str, ...]) -> str:
    """Return a level that this service has; a level that the contract has beside them is refused by name."""
    value = environ.get(name, default)
    known = (default, *others)
    if value not in known:
        reason = "not built yet" if value in later else "unknown"
        raise WrongSetting(f"{name}: expected {' or '.join(known)}, found {value!r}, {reason}")
    return value


def open_database(path: str) -> sqlite3.Connection:
    """Open the quotes as the contract says: read-only, with the shared lock kept from the first query on."""
    connection = sqlite3.connect(database_uri(path), uri=True, check_same_thread=False, isolation_level=None)
    connection.execute("PRAGMA locking_mode = EXCLUSIVE")
    return connection


def database_uri(path: str) -> str:
    """Return a path as the URI of a database that is only read."""
    return f"{Path(path).absolute().as_uri()}?mode=ro"


def check_database(path: str) -> None:
    """Raise WrongSetting unless a path is an SQLite file with quotes in it."""
    try:
        connection = open_database(path)
        try:
            found = connection.execute("SELECT count(id), count(author), count(content) FROM quotes").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise WrongSetting(f"SQLITE_PATH: expected a database with a table quotes, found {path!r}: {error}") from error
    if found[0] == 0:
        raise WrongSetting(f"SQLITE_PATH: expected quotes, found none in {path!r}")
