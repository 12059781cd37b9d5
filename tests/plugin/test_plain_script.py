"""Plain Locust with users of its own beside connections, and with load shapes: its tables are the server's counts."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.load.place import locustfile
from tests.load.shop import Shop, shop
from tests.plugin.plain import run_locust

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

ALL = "Aggregated"
LOGIN = locustfile().with_name("login.py")
SHAPE = """
from locust import FastHttpUser, LoadTestShape, task
from controller.load.user import WireUser
from controller.plugin import install

install()

class Wire(WireUser):
    pass

class Slow(FastHttpUser):
    @task
    def wait_long(self):
        self.client.get("/held")

class Steps(LoadTestShape):
    def tick(self):
        seconds = self.get_run_time()
        return next(((users, 50) for until, users in [(3, 2), (6, 6), (9, 2)] if seconds < until), None)
"""


@pytest.fixture
def server() -> Iterator[Shop]:
    """Return a shop that nobody has been to."""
    with shop() as running:
        yield running


def counted(server: Shop) -> dict[str, int]:
    """Return what the server has counted by endpoint, and all together."""
    counts = server.counts()
    return {**counts, ALL: sum(counts.values())}


@pytest.mark.parametrize("workers", [0, 2])
def test_both_kinds_of_users_are_in_locusts_tables_once(tmp_path: Path, server: Shop, workers: int) -> None:
    """Requests that Locust's own users make are counted by the windows alone, and so are those of connections."""
    load = ("-u", "8", "-r", "8", "-t", "2s")
    written = run_locust(tmp_path, *load, host=server.url, workers=workers, files=[locustfile(), LOGIN])

    assert written.table.requests == written.page.requests == counted(server), written.log
    assert written.table.requests.keys() == {"/", "/login", "/items", "/items/{id}", ALL}
    assert set(written.table.failures.values()) == {0}
    assert written.status == 0


def test_the_example_needs_nothing_of_fastserve(tmp_path: Path, server: Shop) -> None:
    """Locust alone logs in and follows links with it."""
    written = run_locust(tmp_path, "-u", "2", "-r", "2", "-t", "2s", host=server.url, files=[LOGIN])

    assert written.table.requests.keys() == {"/login", "/items", "/items/{id}", ALL}
    assert set(written.table.failures.values()) == {0}
    assert written.status == 0


@pytest.mark.parametrize("workers", [0, 2])
def test_users_follow_a_shape_and_lose_nothing(tmp_path: Path, server: Shop, workers: int) -> None:
    """Connections and Locust's own users come and go as a shape in the same file says; every request is counted."""
    file = tmp_path / "shaped.py"
    file.write_text(SHAPE)
    written = run_locust(tmp_path, "--csv-full-history", host=server.url, workers=workers, files=[file])

    assert written.table.requests == counted(server), written.log
    assert written.table.requests.keys() == {"/", "/held", ALL}
    with (tmp_path / "out_stats_history.csv").open(encoding="utf-8", newline="") as history:
        users = [int(row["User Count"]) for row in csv.DictReader(history) if row["Name"] == ALL]
    assert max(users) == 6
    assert users.index(2) < users.index(6) < len(users) - 1 - users[::-1].index(2)
