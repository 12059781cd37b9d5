"""MariaDB behind relays: logins and queries so much later, its connections counted, and gone or back with it."""

import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from controller.stack.backing import CACHE, DATABASE, Backing, backing_services
from controller.stack.needs import Needs, needs_of
from controller.stack.procfs import is_alive
from controller.stack.settings import Settings
from controller.stack.supervisor import supervise
from tests.needs import require
from tests.stack.programs import until
from tests.stack.relayed import received, took_s

SERVERS = Path(__file__).resolve().parents[2] / "servers"
# The second one is so long that a query behind it stands still for as long as one looks.
SHORT_MS, LONG_MS = 30, 2000
DELAY_S = SHORT_MS / 1000
QUERIES = 20
CORES = (min(os.sched_getaffinity(0)),)
# A login takes a greeting and an answer to the password.
LOGIN_ANSWERS = 2


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a cache in which MariaDB's data is made by whichever test is first."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def _same_cache(made_once: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have what is started anew find that data too, and the server where Debian puts it."""
    monkeypatch.setenv("FASTSERVE_CACHE", str(made_once))
    monkeypatch.setenv("PATH", os.environ["PATH"] + ":/usr/sbin")


@pytest.fixture(scope="module")
def logs_of_all(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder that has the logs of the database and its relays."""
    return tmp_path_factory.mktemp("logs")


@pytest.fixture(scope="module")
def backing(tmp_path_factory: pytest.TempPathFactory, made_once: Path, logs_of_all: Path) -> Iterator[Backing]:
    """Have MariaDB with two relays before it, on one core; a test that ends one renews it."""
    needs = Needs(mysql=True, connections=60, delays_ms=(SHORT_MS, LONG_MS))
    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("PATH", os.environ["PATH"] + ":/usr/sbin")
        changed.setenv("FASTSERVE_CACHE", str(made_once))
        changed.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("temporary")))
        require("mariadbd")
        with (
            supervise(label="relay-database", logs=logs_of_all) as supervisor,
            backing_services(supervisor, needs, servers=SERVERS, logs=logs_of_all, cores=CORES) as database,
        ):
            yield database


def url_after(backing: Backing, delay_ms: int) -> str:
    """Return where a target with this delay finds its database."""
    return str(backing.told(Settings(db_backend="mysql", db_delay_ms=delay_ms)).mysql_url)


def client(backing: Backing, *, delay_ms: int, queries: str) -> "subprocess.Popen[str]":
    """Start a client that asks in sequence, on one connection."""
    url = urlsplit(url_after(backing, delay_ms))
    argv = ["mariadb", "--no-defaults", "-h127.0.0.1", f"-P{url.port}", f"-u{url.username}", "-N", "-B", "fastserve"]
    env = {**os.environ, "MYSQL_PWD": str(url.password)}
    return subprocess.Popen([*argv, "-e", queries], env=env, stdout=subprocess.PIPE, text=True)


def answer(backing: Backing, queries: str, *, delay_ms: int) -> str:
    """Return what queries answer, one after the other."""
    with client(backing, delay_ms=delay_ms, queries=queries) as asking:
        return asking.communicate(timeout=60)[0]


def test_a_delay_is_needed_where_settings_say_so() -> None:
    """Only a database of ours can have something before it, and at 0 nothing is."""
    assert needs_of(Settings(db_backend="mysql", db_delay_ms=5)).delays_ms == (5,)
    assert needs_of(Settings(db_backend="mysql")).delays_ms == ()
    assert needs_of(Settings(db_delay_ms=5)).delays_ms == ()
    assert needs_of(Settings(db_backend="mysql", mysql_url="mysql://a:b@127.0.0.1:1/c", db_delay_ms=5)).delays_ms == ()


def test_a_trial_without_delay_has_nothing_before_the_database(backing: Backing) -> None:
    """At 0 a target is told MariaDB's own port, and each delay has another one; the account is the same."""
    urls = [urlsplit(url_after(backing, delay_ms)) for delay_ms in (0, SHORT_MS, LONG_MS)]

    assert url_after(backing, 0) == backing.mysql_url
    assert len({url.port for url in urls}) == 3
    assert len({(url.username, url.password, url.path) for url in urls}) == 1


def test_logins_and_queries_are_so_much_later(backing: Backing) -> None:
    """Every answer of a connection takes the delay longer, those of its login too, and its rows are what they were."""
    rows = "SELECT id, author, content FROM quotes WHERE id = 7;"
    direct_s = took_s(lambda: answer(backing, rows * QUERIES, delay_ms=0))
    relayed_s = took_s(lambda: answer(backing, rows * QUERIES, delay_ms=SHORT_MS))

    assert relayed_s >= (LOGIN_ANSWERS + QUERIES) * DELAY_S
    # A client asks for one or two things more as it begins; nothing is added that is not an answer's delay.
    assert relayed_s - direct_s < 2 * (LOGIN_ANSWERS + QUERIES) * DELAY_S
    assert answer(backing, rows, delay_ms=SHORT_MS) == answer(backing, rows, delay_ms=0)


def test_large_answers_are_the_same(backing: Backing) -> None:
    """Megabytes of rows come through a relay to the byte."""
    many = "SELECT a.id, b.id, a.author, b.content FROM quotes a, quotes b WHERE a.id <= 40 ORDER BY a.id, b.id"
    direct = answer(backing, many, delay_ms=0)

    assert len(direct) > 3 << 20
    assert answer(backing, many, delay_ms=SHORT_MS) == direct


def test_connections_wait_side_by_side(backing: Backing) -> None:
    """Fifty that are opened at once are all greeted after one delay, no greeting sooner."""
    port = urlsplit(url_after(backing, SHORT_MS)).port
    began_s = time.monotonic()
    lines = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(50)]
    opened_s = time.monotonic()
    greetings = [line.recv(5) for line in lines]
    took = time.monotonic() - began_s
    for line in lines:
        line.close()

    # The fifth byte of MySQL's greeting is the version of its protocol.
    assert {greeting[4] for greeting in greetings} == {10}
    assert DELAY_S <= took < 50 * DELAY_S / 2
    assert opened_s - began_s < took


def test_connections_in_a_query_are_counted(backing: Backing) -> None:
    """MariaDB says how many of a target's are in one; an answer that a relay holds back is still under way."""
    assert backing.queries(CACHE) is None
    until(lambda: backing.queries(DATABASE) == 0)
    asking = [client(backing, delay_ms=0, queries="SELECT SLEEP(3)") for _ in range(3)]
    until(lambda: backing.queries(DATABASE) == 3)
    for one in asking:
        one.communicate(timeout=20)
    until(lambda: backing.queries(DATABASE) == 0)

    # For MariaDB itself it is over long before the answer arrives.
    url = urlsplit(url_after(backing, LONG_MS))
    with socket.create_connection(("127.0.0.1", url.port), timeout=20) as line:
        assert backing.queries(DATABASE) == 0
        assert line.recv(5)[4] == 10
        line.sendall(b"\x01\x00\x00\x01\x0e")
        until(lambda: backing.queries(DATABASE) == 1)
        assert b"Bad handshake" in received(line)
    until(lambda: backing.queries(DATABASE) == 0)


def test_relays_belong_to_the_database(backing: Backing) -> None:
    """They are part of its party, on its cores, and end with it."""
    pids = backing.family(DATABASE)

    assert len(pids) == 3
    assert {tuple(os.sched_getaffinity(pid)) for pid in pids} == {CORES}
    backing.stop()
    assert [pid for pid in pids if is_alive(pid)] == []
    backing.renew()
    assert len(backing.family(DATABASE)) == 3


def test_a_relay_that_dies_is_noticed_and_comes_back(backing: Backing) -> None:
    """It is said which one ended and how; the next trial finds one again, before a database that has its rows."""
    relay = next(
        pid for pid in backing.family(DATABASE) if b"relay_process" in Path(f"/proc/{pid}/cmdline").read_bytes()
    )
    os.kill(relay, signal.SIGKILL)
    until(lambda: backing.died() is not None)

    assert (backing.died() or "").startswith(f"the relay that delays MariaDB by {SHORT_MS} ms was ended by SIGKILL")
    backing.renew()
    assert backing.died() is None
    assert answer(backing, "SELECT COUNT(*) FROM quotes", delay_ms=SHORT_MS) == "1000\n"


def test_no_password_is_seen(backing: Backing, logs_of_all: Path) -> None:
    """A relay needs none: it is in neither its command nor its environment nor its log."""
    secret = str(urlsplit(str(backing.mysql_url)).password).encode()
    seen = [
        Path(f"/proc/{pid}/{name}").read_bytes() for pid in backing.family(DATABASE) for name in ("cmdline", "environ")
    ]

    assert len(seen) == 6
    assert [text for text in (*seen, *(path.read_bytes() for path in logs_of_all.iterdir())) if secret in text] == []
