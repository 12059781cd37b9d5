"""The real targets of servers/: built once, started for a test, ended with it."""

from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from controller.plan.contract import Contract, read_contract
from controller.plan.target import Target, read_targets
from controller.stack.backing import Backing, Needs, backing_services
from controller.stack.build import Build, build_target
from controller.stack.database import sqlite_database
from controller.stack.process import Running, run_target
from controller.stack.settings import Settings
from controller.stack.supervisor import Supervisor, supervise
from controller.stack.tools import missing_tools
from controller.stack.versions import tool_path
from tests.needs import MAY_LACK, unmet
from tests.targets import remembered

SERVERS = Path(__file__).parents[2] / "servers"
# Found as FastServe finds them: a folder more is a target more.
TARGETS = read_targets(SERVERS)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what has passed for the same content, where that is asked for."""
    items[:], known = remembered.split(items, TARGETS)
    config.hook.pytest_deselected(items=known)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep what passes."""
    report = yield
    remembered.heed(item, report, TARGETS)
    return report


Start = Callable[..., AbstractContextManager[Running]]


@cache
def built(name: str) -> Build:
    """Build a target unless it is built; skip the test where its tools are missing."""
    if missing := missing_tools(TARGETS[name]):
        if missing[0].tool in MAY_LACK:
            pytest.skip(f"{name} needs {missing[0].tool}, which this machine could not be given")
        unmet(f"{name} needs {missing[0].tool} {missing[0].wanted}")
    return build_target(TARGETS[name])


@pytest.fixture(params=sorted(TARGETS))
def target(request: pytest.FixtureRequest) -> Target:
    """Each target in turn, built."""
    name: str = request.param
    built(name)
    return TARGETS[name]


def has_processes(target: Target) -> bool:
    """Whether a target becomes as many processes as cores, which share its pool; else its threads do."""
    return "such processes" in target.process_model or "gunicorn processes" in target.process_model


@pytest.fixture(scope="session")
def contract() -> Contract:
    """The contract of the checkout."""
    return read_contract(SERVERS)


@pytest.fixture(scope="session")
def settings() -> Settings:
    """Settings of a check: short misses, a database."""
    return Settings(cache_miss_ms=200, sqlite_path=sqlite_database(SERVERS / "contract" / "quotes.csv"))


@pytest.fixture(scope="session")
def supervisor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Supervisor]:
    """One supervisor for all targets that are started."""
    with supervise(label="tests-targets", logs=tmp_path_factory.mktemp("logs")) as started:
        yield started


@pytest.fixture(scope="session")
def backing(supervisor: Supervisor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backing]:
    """Redis and MariaDB, private ones, for all tests that need them; a test that ends one renews it."""
    needs = Needs(redis=True, mysql=True, connections=200)
    for server in ("redis-server", "mariadbd"):
        if tool_path(server) is None:
            unmet(f"not on PATH: {server}")
    logs = tmp_path_factory.mktemp("backing")
    with backing_services(supervisor, needs, servers=SERVERS, logs=logs) as services:
        yield services


@pytest.fixture
def start(target: Target, settings: Settings, supervisor: Supervisor, tmp_path: Path) -> Start:
    """Return a context that runs the target, with some settings changed, and yields it ready."""

    @contextmanager
    def running(**changes: object) -> Iterator[Running]:
        told = replace(settings, **changes)
        with run_target(supervisor, target, built(target.name), settings=told, log=tmp_path / "target.log") as ready:
            yield ready

    return running
