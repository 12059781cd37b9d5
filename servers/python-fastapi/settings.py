"""The settings of the contract, read from the environment and checked before anything starts."""

import re
import sqlite3
from ipaddress import ip_address
from typing import Annotated, Any, Literal, Self
from urllib.parse import SplitResult, urlsplit

from database import read_only_uri
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings


def digits(value: Any) -> Any:
    """Refuse what int() would take beside plain digits: signs, spaces, underscores, other scripts."""
    if isinstance(value, str) and not (value.isascii() and value.isdigit() and len(value) <= 9):
        raise PydanticCustomError("whole_number", "expected a whole number")
    return value


def address(value: str) -> str:
    try:
        ip_address(value)
    except ValueError as error:
        raise PydanticCustomError("address", "expected an IP address") from error
    return value


Whole = Annotated[int, BeforeValidator(digits)]


class Settings(BaseSettings):
    """What this service was told; db_pool_size holds for all its processes together."""

    port: Whole = Field(ge=1, le=65535)
    bind: Annotated[str, AfterValidator(address)] = "127.0.0.1"
    server_cpus: Whole = Field(default=1, ge=1, le=1024)
    cache_backend: Literal["none", "memory", "redis"] = "memory"
    # Needed or not, by what the others say. The urls hold passwords and are shown nowhere.
    redis_url: str = Field(default="", repr=False)
    cache_miss_ms: Whole = Field(default=2000, ge=0, le=60000)
    cache_ttl_s: Whole = Field(default=60, ge=1, le=86400)
    db_backend: Literal["sqlite", "mysql"] = "sqlite"
    sqlite_path: str = ""
    mysql_url: str = Field(default="", repr=False)
    db_pool_size: Whole = Field(default=10, ge=1, le=10000)
    metrics: Literal["none", "full"] = "none"

    @model_validator(mode="after")
    def pool_reaches_every_process(self) -> Self:
        if self.db_pool_size < self.server_cpus:
            raise wrong(
                f"DB_POOL_SIZE: expected at least one connection for each of {self.server_cpus} processes, "
                f"found {self.db_pool_size}"
            )
        return self

    @model_validator(mode="after")
    def backing_services_have_addresses(self) -> Self:
        if self.cache_backend == "redis" and not is_redis_url(self.redis_url):
            raise wrong("REDIS_URL: expected redis://[user][:password@]host:port/number, found none of that form")
        if self.db_backend == "mysql" and not is_mysql_url(self.mysql_url):
            raise wrong("MYSQL_URL: expected mysql://user:password@host:port/database, found none of that form")
        if self.db_backend == "sqlite":
            check_database(self.sqlite_path)
        return self

    @property
    def bind_address(self) -> str:
        """The address as it stands before a port."""
        return f"[{self.bind}]" if ":" in self.bind else self.bind

    def pool_share(self, process: int) -> int:
        """Connections of one process, counted from 1; a process started in place of another gets no odd one out."""
        each, odd = divmod(self.db_pool_size, self.server_cpus)
        return each + (1 if process <= odd else 0)


def read_settings() -> Settings:
    """Read and check all settings. Raises ValueError with one line for the first that is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        raise ValueError(first_line(error)) from error


def first_line(error: ValidationError) -> str:
    """Return what was expected and found of the first wrong setting."""
    first = error.errors(include_url=False)[0]
    if not first["loc"]:
        return first["msg"]
    name = str(first["loc"][0]).upper()
    if first["type"] == "missing":
        return f"{name}: expected a value, found none"
    return f"{name}: {first['msg'].replace('Input should be', 'expected')}, found {first['input']!r}"


def wrong(text: str) -> PydanticCustomError:
    """Return the error of a setting that is wrong because of another."""
    return PydanticCustomError("setting", "{text}", {"text": text})


def is_redis_url(url: str) -> bool:
    parts = address_parts(url)
    return bool(parts and parts.scheme == "redis" and re.fullmatch("/[0-9]{1,9}", parts.path))


def is_mysql_url(url: str) -> bool:
    parts = address_parts(url)
    named = parts and parts.username and parts.password is not None and re.fullmatch("/[^/]+", parts.path)
    return bool(parts and parts.scheme == "mysql" and named)


def address_parts(url: str) -> SplitResult | None:
    """Return the parts of a url that has a host and a port, and nothing after the path; else None."""
    try:
        parts = urlsplit(url)
        complete = parts.hostname and parts.port and not parts.query and not parts.fragment
    except ValueError:
        # Such as a port above 65535.
        return None
    return parts if complete else None


def check_database(path: str) -> None:
    """Raise an error unless a path is an SQLite file with quotes in it."""
    if not path:
        raise wrong("SQLITE_PATH: expected a value, found none")
    try:
        connection = sqlite3.connect(read_only_uri(path), uri=True)
        try:
            [rows] = connection.execute("SELECT count(id + length(author) + length(content)) FROM quotes").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise wrong(f"SQLITE_PATH: expected a database with a table quotes, found {path!r}: {error}") from error
    if rows == 0:
        raise wrong(f"SQLITE_PATH: expected quotes, found none in {path!r}")
