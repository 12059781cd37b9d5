"""The settings of the contract, read from the environment and checked before anything starts."""

import sqlite3
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, Self

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
    # redis, mysql and full are levels of the contract that this service does not have yet.
    cache_backend: Literal["none", "memory"] = "memory"
    cache_miss_ms: Whole = Field(default=2000, ge=0, le=60000)
    cache_ttl_s: Whole = Field(default=60, ge=1, le=86400)
    db_backend: Literal["sqlite"] = "sqlite"
    sqlite_path: str = Field(min_length=1)
    db_pool_size: Whole = Field(default=10, ge=1, le=10000)
    metrics: Literal["none"] = "none"

    @model_validator(mode="after")
    def pool_reaches_every_process(self) -> Self:
        if self.db_pool_size < self.server_cpus:
            raise PydanticCustomError(
                "pool",
                "DB_POOL_SIZE: expected at least one connection for each of {processes} processes, found {found}",
                {"processes": self.server_cpus, "found": self.db_pool_size},
            )
        return self

    @property
    def bind_address(self) -> str:
        """The address as it stands before a port."""
        return f"[{self.bind}]" if ":" in self.bind else self.bind

    @property
    def database_uri(self) -> str:
        """The quotes as a database that is only read."""
        return f"{Path(self.sqlite_path).absolute().as_uri()}?mode=ro"

    def pool_share(self, process: int) -> int:
        """Connections of one process, counted from 1; a process started in place of another gets no odd one out."""
        each, odd = divmod(self.db_pool_size, self.server_cpus)
        return each + (1 if process <= odd else 0)


def read_settings() -> Settings:
    """Read and check all settings. Raises ValueError with one line for the first that is wrong."""
    try:
        settings = Settings()
    except ValidationError as error:
        raise ValueError(first_line(error)) from error
    check_database(settings)
    return settings


def first_line(error: ValidationError) -> str:
    """Return what was expected and found of the first wrong setting."""
    wrong = error.errors(include_url=False)[0]
    if not wrong["loc"]:
        return wrong["msg"]
    name = str(wrong["loc"][0]).upper()
    if wrong["type"] in ("missing", "string_too_short"):
        return f"{name}: expected a value, found none"
    return f"{name}: {wrong['msg'].replace('Input should be', 'expected')}, found {wrong['input']!r}"


def check_database(settings: Settings) -> None:
    """Raise ValueError unless SQLITE_PATH is an SQLite file with quotes in it."""
    try:
        connection = sqlite3.connect(settings.database_uri, uri=True)
        try:
            found = connection.execute("SELECT count(id), count(author), count(content) FROM quotes").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise ValueError(
            f"SQLITE_PATH: expected a database with a table quotes, found {settings.sqlite_path!r}: {error}"
        ) from error
    if found[0] == 0:
        raise ValueError(f"SQLITE_PATH: expected quotes, found none in {settings.sqlite_path!r}")
