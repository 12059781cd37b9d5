"""DB_POOL_SIZE and SERVER_CPUS are obeyed: connections counted in front of the database, cores by what they used."""

import time
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from controller.plan.target import Target
from controller.stack.backing import Backing
from controller.stack.process import Running
from tests.needs import unmet
from tests.targets.asking import ask_for
from tests.targets.conftest import Start
from tests.targets.relay import relaying

pytestmark = pytest.mark.slow

DELAY_MS = 5
TRIES = 4
OK = 200


@pytest.mark.parametrize(
    ("pool", "in_flight", "server_cpus"), [(4, 16, 1), (12, 3, 1), (5, 24, 2)], ids=["full", "roomy", "two cores"]
)
def test_the_pool_is_as_large_as_it_is_told(
    start: Start, target: Target, backing: Backing, tmp_path: Path, pool: int, in_flight: int, server_cpus: int
) -> None:
    """Never more connections than the pool, and min(pool, in flight) of them busy with a database that takes 5 ms.

    Runtimes that compile while they run are asked a little before: a question that takes longer than the contract's
    wait is given up with its connection, which may be closed only after the next one is open.
    """
    backing.renew()
    database = urlsplit(backing.mysql_url or "")
    with relaying(database.port or 0, delay_ms=DELAY_MS, folder=tmp_path) as relay:
        url = database._replace(netloc=f"{database.username}:{database.password}@127.0.0.1:{relay.port}").geturl()
        with start(db_backend="mysql", mysql_url=url, db_pool_size=pool, server_cpus=server_cpus) as running:
            if target.warmup_requests:
                ask_for(running.url, "/api/db?count=4", in_flight=2, seconds=2.0)
                relay.forget()
            statuses = ask_for(running.url, "/api/db?count=4", in_flight=in_flight, seconds=2.0)
            most_open, most_asking = relay.most_open, relay.most_asking

    assert set(statuses) == {OK}
    assert most_open <= pool
    assert most_asking == min(pool, in_flight)


def cores_used(running: Running, *, seconds: float = 1.0) -> float:
    """Return how many cores a target used while 8 connections asked it to compute what takes it a while."""
    before, began_s = cpu_s(running), time.monotonic()
    ask_for(running.url, "/api/compute?n=32", in_flight=8, seconds=seconds)
    return (cpu_s(running) - before) / (time.monotonic() - began_s)


def cpu_s(running: Running) -> float:
    """Return the CPU time of all processes of a target, in seconds."""
    times = [psutil.Process(pid).cpu_times() for pid in running.family()]
    return sum(each.user + each.system for each in times)


@pytest.mark.alone
@pytest.mark.parametrize(("server_cpus", "least", "most"), [(1, 0.3, 1.25), (2, 1.25, 2.0)])
def test_as_many_cores_are_used_as_given(start: Start, server_cpus: int, least: float, most: float) -> None:
    """SERVER_CPUS=1 uses one core under a load that could use more, and 2 use more than one.

    What a runtime does beside, collecting and compiling, is not held to it. The client has its own share of two cores.
    """
    if len(psutil.Process().cpu_affinity()) < server_cpus:
        unmet(f"fewer than {server_cpus} cores")
    with start(server_cpus=server_cpus) as running:
        cores_used(running)
        # Other programs may take the second core for a while.
        found = [cores_used(running)]
        while not least < found[-1] and len(found) < TRIES:
            found.append(cores_used(running))

    assert max(found) < most, found
    assert max(found) > least, found
