"""The backing services of a run: Redis and MariaDB as private instances, for as long as their block lasts."""

import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final

from controller.errors import StackError
from controller.stack.mariadb import start_mariadb
from controller.stack.needs import CACHE, DATABASE, Needs, needs_of, require_services
from controller.stack.private import private_folder
from controller.stack.redis import start_redis
from controller.stack.relay import behind_relays
from controller.stack.service import Service, Setting
from controller.stack.settings import Settings
from controller.stack.supervisor import Supervisor

_PACKAGE: Final = Path(__file__).resolve().parents[1]
_CONFIGS: Final = {CACHE: "redis.conf", DATABASE: "mariadb.cnf"}

_Start = Callable[[int | None], Service]


class Backing:
    """The services that run, by party; none where none is needed."""

    def __init__(self, starts: Mapping[str, _Start]) -> None:
        """Start all of them. Raises StackError where one does not get ready."""
        self._starts = starts
        self._services: dict[str, Service] = {}
        try:
            for party, start in starts.items():
                self._services[party] = start(None)
        except BaseException:
            self.stop()
            raise

    @property
    def parties(self) -> Sequence[str]:
        """The parties that there are."""
        return tuple(self._starts)

    @property
    def redis_url(self) -> str | None:
        """Where Redis is, with its password; None without one."""
        return self._url(CACHE)

    @property
    def mysql_url(self) -> str | None:
        """Where MariaDB is, with its password; None without one."""
        return self._url(DATABASE)

    def told(self, settings: Settings) -> Settings:
        """Return settings with the addresses of what they ask for and have no address of."""
        needs = needs_of(settings)
        if needs.redis:
            settings = replace(settings, redis_url=self.redis_url)
        if needs.mysql and (database := self._services.get(DATABASE)) is not None:
            settings = replace(settings, mysql_url=database.url_after(settings.db_delay_ms))
        return settings

    def renew(self) -> None:
        """Bring all services to where each trial begins: Redis empty, every row of the database read once.

        One that has ended is started anew, with its password, on its port if that is still free. Raises StackError for
        one that does not answer; that is started anew at the next call.
        """
        for party, start in self._starts.items():
            service = self._services.get(party)
            if service is None or service.died() is not None:
                self._end(party)
                self._services[party] = service = start(service.port if service else None)
            try:
                service.renew()
            except StackError:
                self._end(party)
                raise

    def family(self, party: str) -> list[int]:
        """Return the ids of all living processes of a party; empty for one that is not running."""
        service = self._services.get(party)
        return service.family() if service is not None else []

    def queries(self, party: str) -> int | None:
        """Return how many connections are in a query of a party; None where that is not known."""
        service = self._services.get(party)
        return service.queries() if service is not None else None

    def died(self) -> str | None:
        """Say which service ended, how, and the end of its log; None while all run."""
        return next((said for service in self._services.values() if (said := service.died()) is not None), None)

    def stop(self) -> None:
        """End all services."""
        for party in tuple(self._services):
            self._end(party)

    def _end(self, party: str) -> None:
        if (service := self._services.pop(party, None)) is not None:
            service.stop()

    def _url(self, party: str) -> str | None:
        service = self._services.get(party)
        return service.url if service is not None else None


@contextmanager
def backing_services(
    supervisor: Supervisor,
    needs: Needs,
    *,
    servers: Path,
    logs: Path,
    cores: tuple[int, ...] | None = None,
) -> Iterator[Backing]:
    """Have the services that are needed running for the time of the block; cores None or empty stands for all.

    The quotes are those of the contract in servers; logs is where each service gets its log. Everything else is in a
    private temporary folder that ends with the block. Raises StackError where one is missing or does not get ready.
    """
    require_services(needs)
    if not needs.parties:
        yield Backing({})
        return
    with private_folder() as folder:
        starts = _starts(supervisor, needs, servers=servers, folder=folder, logs=logs, cores=cores)
        backing = Backing(starts)
        try:
            yield backing
        finally:
            backing.stop()


def _starts(
    supervisor: Supervisor,
    needs: Needs,
    *,
    servers: Path,
    folder: Path,
    logs: Path,
    cores: tuple[int, ...] | None,
) -> dict[str, _Start]:
    """Return how each service that is needed is started, the first time and later ones."""
    quotes_csv = servers / "contract" / "quotes.csv"

    def start_database(supervisor: Supervisor, setting: Setting) -> Service:
        database = start_mariadb(supervisor, setting, quotes_csv=quotes_csv, connections=needs.connections)
        return behind_relays(supervisor, setting, database, delays_ms=needs.delays_ms)

    begin: dict[str, Callable[[Supervisor, Setting], Service]] = {CACHE: start_redis, DATABASE: start_database}

    def start(setting: Setting, party: str, port: int | None) -> Service:
        place = Path(tempfile.mkdtemp(prefix=f"{party}-", dir=folder))
        return begin[party](supervisor, replace(setting, folder=place, port=port))

    return {
        party: partial(
            start,
            Setting(
                folder=folder,
                config=service_config(servers.parent, _CONFIGS[party]),
                log=logs / f"{party}.log",
                cores=cores or None,
                password=secrets.token_hex(16),
            ),
            party,
        )
        for party in needs.parties
    }


def service_config(project: Path, name: str) -> Path:
    """Return the settings of a service: those of a project that has its own, else FastServe's."""
    carried = _PACKAGE / "_project" / "compose"
    ours = carried if carried.is_dir() else _PACKAGE.parent / "compose"
    own = project.absolute() / "compose" / name
    return own if own.is_file() else ours / name
