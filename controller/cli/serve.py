"""One server in the foreground, as `fastserve targets serve` runs it."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import click

from controller.errors import PlanError, StackError
from controller.plan.target import Target
from controller.stack.backing import backing_services
from controller.stack.build import Build
from controller.stack.cache import cache_folder, made_folder
from controller.stack.database import sqlite_database
from controller.stack.needs import needs_of
from controller.stack.process import run_target
from controller.stack.settings import Settings
from controller.stack.supervisor import supervise

_LOOK_EVERY_S: Final = 0.2
# Variable -> field of Settings and how its text becomes a value.
_VARIABLES: Final[Mapping[str, tuple[str, Callable[[str], Any]]]] = {
    "PORT": ("port", int),
    "BIND": ("bind", str),
    "SERVER_CPUS": ("server_cpus", int),
    "CACHE_BACKEND": ("cache_backend", str),
    "REDIS_URL": ("redis_url", str),
    "CACHE_MISS_MS": ("cache_miss_ms", int),
    "CACHE_TTL_S": ("cache_ttl_s", int),
    "DB_BACKEND": ("db_backend", str),
    "SQLITE_PATH": ("sqlite_path", Path),
    "MYSQL_URL": ("mysql_url", str),
    "DB_POOL_SIZE": ("db_pool_size", int),
    "METRICS": ("metrics", str),
}


def serve_target(target: Target, build: Build, *, settings: Settings, servers: Path) -> None:
    """Run a target until the user ends it; prints its URL once it answers.

    A Redis or MariaDB that the settings ask for and give no address of is started with it, for it alone.
    Raises StackError when one of them does not start or ends by itself.
    """
    logs = made_folder(cache_folder() / "logs")
    log = logs / f"serve-{target.name}.log"
    log.write_bytes(b"")
    with (
        supervise(label=f"serve-{target.name}", logs=logs) as supervisor,
        backing_services(supervisor, needs_of(settings), servers=servers, logs=logs) as backing,
        run_target(supervisor, target, build, settings=backing.told(settings), log=log) as running,
    ):
        click.echo(running.url)
        while (ended := running.died() or backing.died()) is None:
            time.sleep(_LOOK_EVERY_S)
        raise StackError(ended)


def settings_of(environment: Mapping[str, str], *, servers: Path, port: int | None) -> Settings:
    """Return the settings that variables name, with the contract's defaults and a SQLite file where none is named.

    Raises PlanError, naming the variable, for what is no whole number where one is needed.
    """
    given = {
        field: _value(name, environment[name], read=read)
        for name, (field, read) in _VARIABLES.items()
        if name in environment
    }
    if port is not None:
        given["port"] = port
    quotes = servers / "contract" / "quotes.csv"
    if "sqlite_path" not in given and quotes.is_file():
        given["sqlite_path"] = sqlite_database(quotes)
    return Settings(**given)


def _value(name: str, text: str, *, read: Callable[[str], Any]) -> Any:
    try:
        return read(text)
    except ValueError as error:
        raise PlanError(f"{name} in the environment: expected a whole number, found {text!r}") from error
