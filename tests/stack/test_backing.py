"""Redis and MariaDB as private instances: as written down, with the contract's rows, and gone without a trace."""

import csv
import os
import shutil
import signal
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from controller.errors import StackError
from controller.stack import private
from controller.stack.backing import CACHE, DATABASE, Backing, Needs, backing_services, needs_of, require_services
from controller.stack.private import private_folder
from controller.stack.procfs import is_alive
from controller.stack.redis import ask_redis
from controller.stack.settings import Settings
from controller.stack.supervisor import Supervisor
from controller.stack.tools import advice
from tests.needs import require
from tests.stack.programs import until

SERVERS = Path(__file__).resolve().parents[2] / "servers"
QUOTES = SERVERS / "contract" / "quotes.csv"
BOTH = Needs(redis=True, mysql=True, connections=10)


@pytest.fixture(autouse=True)
def _tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """Need both servers, which Debian puts where only root looks."""
    monkeypatch.setenv("PATH", os.environ["PATH"] + ":/usr/sbin")
    require("redis-server", "mariadbd")


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a cache in which MariaDB's data is made by whichever test is first."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def temporary(tmp_path: Path, made_once: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder in which temporary ones are made."""
    folder = tmp_path / "a temporary folder"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("FASTSERVE_CACHE", str(made_once))
    return folder


@pytest.fixture
def backing(supervisor: Supervisor, temporary: Path, logs: Path) -> Iterator[Backing]:
    """Have both services."""
    with backing_services(supervisor, BOTH, servers=SERVERS, logs=logs) as both:
        yield both


def redis_says(backing: Backing, *words: str) -> object:
    """Return Redis's reply to a command."""
    url = urlsplit(backing.redis_url or "")
    assert isinstance(url.password, str)
    return ask_redis(url.port or 0, url.password, *words)


def mariadb_says(backing: Backing, statement: str, *, password: str | None = None, user: str | None = None) -> str:
    """Return what MariaDB answers to a target's account, or how it refuses."""
    url = urlsplit(backing.mysql_url or "")
    done = subprocess.run(
        [
            "mariadb",
            "--no-defaults",
            "-h127.0.0.1",
            f"-P{url.port}",
            f"-u{user or url.username}",
            "-N",
            "-B",
            "fastserve",
        ],
        env={**os.environ, "MYSQL_PWD": str(url.password) if password is None else password},
        input=statement,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout or done.stderr


def test_only_what_is_needed_is_started(supervisor: Supervisor, temporary: Path, logs: Path) -> None:
    """Without a need nothing runs, and no folder is made."""
    with backing_services(supervisor, Needs(), servers=SERVERS, logs=logs) as backing:
        assert (backing.parties, backing.redis_url, backing.mysql_url, backing.died()) == ((), None, None, None)
        assert list(temporary.iterdir()) == []
        backing.renew()
    assert not (logs / "cache.log").exists()


def test_needs_follow_from_settings() -> None:
    """What a target is told to use and given no address of is needed."""
    redis = Settings(cache_backend="redis")

    assert needs_of(Settings()).parties == ()
    assert needs_of(redis).parties == (CACHE,)
    assert needs_of(Settings(cache_backend="redis", db_backend="mysql")).parties == (CACHE, DATABASE)
    assert needs_of(Settings(cache_backend="redis", redis_url="redis://127.0.0.1:1/0")).parties == ()


def test_settings_get_only_the_addresses_they_lack(backing: Backing) -> None:
    """A target is told where what it uses is; who named another place keeps it."""
    told = backing.told(Settings(cache_backend="redis", db_backend="mysql"))
    own = backing.told(Settings(cache_backend="redis", redis_url="redis://127.0.0.1:1/0"))

    assert (told.redis_url, told.mysql_url) == (backing.redis_url, backing.mysql_url)
    assert (own.redis_url, own.mysql_url) == ("redis://127.0.0.1:1/0", None)


def test_every_row_is_that_of_the_file(backing: Backing) -> None:
    """The table has the rows of the one CSV, byte for byte, in the columns that the contract asks for."""
    with QUOTES.open(encoding="utf-8", newline="") as lines:
        rows = [f"{row['id']}\t{row['author']}\t{row['content']}" for row in csv.DictReader(lines)]

    assert mariadb_says(backing, "SELECT id, author, content FROM quotes ORDER BY id").splitlines() == rows
    columns = [line.split("\t")[:4] for line in mariadb_says(backing, "DESCRIBE quotes").splitlines()]
    assert columns == [
        ["id", "int(11)", "NO", "PRI"],
        ["author", "varchar(255)", "NO", ""],
        ["content", "text", "NO", ""],
    ]


def test_the_settings_of_mariadb_are_in_force(backing: Backing) -> None:
    """What compose/mariadb.cnf says is what the server runs with."""
    found = dict(line.split("\t", 1) for line in mariadb_says(backing, "SHOW VARIABLES").splitlines())
    wanted = {
        "max_connections": "2000",
        "max_prepared_stmt_count": "100000",
        "thread_handling": "one-thread-per-connection",
        "innodb_buffer_pool_size": str(64 << 20),
        "query_cache_type": "OFF",
        "log_bin": "OFF",
        "performance_schema": "OFF",
        "general_log": "OFF",
        "skip_name_resolve": "ON",
        "character_set_server": "utf8mb4",
        "local_infile": "OFF",
        "bind_address": "127.0.0.1",
        "socket": "",
    }

    assert {name: found.get(name) for name in wanted} == wanted


def test_the_settings_of_redis_are_in_force(backing: Backing) -> None:
    """What compose/redis.conf says is what the server runs with."""
    wanted = {
        "save": b"",
        "appendonly": b"no",
        "maxclients": b"10000",
        "maxmemory": b"%d" % (512 << 20),
        "maxmemory-policy": b"allkeys-lru",
        "timeout": b"0",
        "databases": b"1",
        "bind": b"127.0.0.1",
    }

    assert {name: redis_says(backing, "CONFIG", "GET", name) for name in wanted} == {
        name: [name.encode(), value] for name, value in wanted.items()
    }


def test_nobody_enters_without_the_password(backing: Backing) -> None:
    """Other users of the machine can neither read nor change what targets get; targets can only read the rows."""
    port = urlsplit(backing.redis_url or "").port or 0
    with pytest.raises(OSError, match="WRONGPASS"):
        ask_redis(port, "wrong", "PING")
    assert "Access denied" in mariadb_says(backing, "SELECT 1", password="")
    assert "Access denied" in mariadb_says(backing, "SELECT 1", user="root", password="")
    assert "Access denied" in mariadb_says(backing, "SELECT 1", user="nobody", password="")
    assert "denied" in mariadb_says(backing, "DELETE FROM quotes")
    assert "denied" in mariadb_says(backing, "SELECT User FROM mysql.global_priv")


def test_a_password_is_in_no_log_and_no_command(backing: Backing, temporary: Path, logs: Path, made_once: Path) -> None:
    """What others may see never has it; the files that do are their owner's alone, in a folder that is too."""
    secrets = [(urlsplit(url or "").password or "?").encode() for url in (backing.redis_url, backing.mysql_url)]
    pids = [pid for party in backing.parties for pid in backing.family(party)]
    backing.renew()

    seen = [Path(f"/proc/{pid}/{name}").read_bytes() for pid in pids for name in ("cmdline", "environ")]
    kept = [path.read_bytes() for folder in (logs, made_once) for path in folder.rglob("*") if path.is_file()]
    assert len(pids) == 2
    assert [text for text in (*seen, *kept) for secret in secrets if secret in text] == []
    holders = [path for path in temporary.rglob("*.[cs][onq]*") if any(s in path.read_bytes() for s in secrets)]
    assert sorted(path.name for path in holders) == ["account.sql", "client.cnf", "redis.conf"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in holders} == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in temporary.iterdir()} == {0o700}
    assert all(secret.decode() not in repr(backing.told(Settings(cache_backend="redis"))) for secret in secrets)


def test_two_instances_have_nothing_in_common(
    backing: Backing, supervisor: Supervisor, temporary: Path, logs: Path
) -> None:
    """Passwords and ports are new each time, and what one stores the other has not."""
    redis_says(backing, "SET", "a", "1")
    with backing_services(supervisor, Needs(redis=True), servers=SERVERS, logs=logs) as other:
        assert urlsplit(other.redis_url or "").password != urlsplit(backing.redis_url or "").password
        assert redis_says(other, "GET", "a") is None
        assert redis_says(backing, "GET", "a") == b"1"


def test_nothing_carries_over(backing: Backing) -> None:
    """Before each trial Redis is empty, and both are the same processes as before."""
    pids = {party: backing.family(party) for party in backing.parties}
    redis_says(backing, "SET", "fastserve:k", "{}")
    backing.renew()

    assert redis_says(backing, "DBSIZE") == 0
    assert {party: backing.family(party) for party in backing.parties} == pids


def test_nothing_is_left(supervisor: Supervisor, temporary: Path, logs: Path) -> None:
    """With the block processes and folder end; what stays are the logs."""
    with backing_services(supervisor, BOTH, servers=SERVERS, logs=logs) as backing:
        pids = [pid for party in backing.parties for pid in backing.family(party)]
        assert len(pids) == 2

    assert [pid for pid in pids if is_alive(pid)] == []
    assert list(temporary.iterdir()) == []
    assert {"cache.log", "database.log"} <= {path.name for path in logs.iterdir()}


@pytest.mark.parametrize(("party", "name"), [(CACHE, "Redis"), (DATABASE, "MariaDB")])
def test_one_that_dies_is_noticed_and_comes_back(backing: Backing, party: str, name: str) -> None:
    """It is said which one ended and how; the next trial finds it where it was, as it was at the start."""
    urls = backing.redis_url, backing.mysql_url
    assert backing.died() is None
    (pid,) = backing.family(party)
    os.kill(pid, signal.SIGKILL)
    until(lambda: backing.died() is not None)

    assert (backing.died() or "").startswith(f"{name} was ended by SIGKILL; the end of its log")
    assert backing.family(party) == []
    backing.renew()
    assert backing.died() is None
    assert backing.family(party) not in ([], [pid])
    assert (backing.redis_url, backing.mysql_url) == urls
    assert redis_says(backing, "PING") == b"PONG"
    assert mariadb_says(backing, "SELECT COUNT(*) FROM quotes") == "1000\n"


def test_they_run_on_their_cores(supervisor: Supervisor, temporary: Path, logs: Path) -> None:
    """Backing services keep to the cores they are given."""
    core = min(os.sched_getaffinity(0))
    with backing_services(supervisor, BOTH, servers=SERVERS, logs=logs, cores=(core,)) as backing:
        assert [os.sched_getaffinity(pid) for party in backing.parties for pid in backing.family(party)] == [{core}] * 2


def test_a_large_pool_fits(supervisor: Supervisor, temporary: Path, logs: Path) -> None:
    """A plan with more connections than the written settings allow gets them."""
    needs = Needs(mysql=True, connections=2500)
    with backing_services(supervisor, needs, servers=SERVERS, logs=logs) as backing:
        assert int(mariadb_says(backing, "SELECT @@max_connections")) >= 2500


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One line names the program, the factor that needs it and the package that has it."""
    monkeypatch.setenv("PATH", str(tmp_path))
    if any(Path(folder, "redis-server").exists() for folder in ("/usr/local/sbin", "/usr/sbin", "/sbin")):
        pytest.skip("it is found here whatever PATH says")

    with pytest.raises(StackError) as error:
        require_services(Needs(redis=True))
    assert str(error.value) == "cache redis needs redis-server, found none on PATH: apt-get install redis-server"
    assert advice("mariadbd", least="0") == "apt-get install mariadb-server"


def test_folders_of_the_dead_are_removed(temporary: Path) -> None:
    """What a killed run left is removed by the next one; a living one's folder is not."""
    left = temporary / "fastserve-backing-left"
    left.mkdir()
    with private_folder() as first, private_folder() as second:
        assert not left.exists()
        assert sorted(temporary.iterdir()) == sorted([first, second])


def test_what_is_written_much_is_in_memory_where_it_has_room(temporary: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder in a tmpfs; one on the disk where that is small or missing; and there too those of the dead go."""
    memory = temporary / "memory"
    memory.mkdir()
    monkeypatch.setattr(private, "_MEMORY", memory)
    left = memory / "fastserve-backing-left"
    left.mkdir()
    with private_folder(in_memory=True) as folder:
        assert folder.parent == memory
        assert not left.exists()
    assert not folder.exists()

    monkeypatch.setattr(private, "_MEMORY_BYTES", shutil.disk_usage(memory).total + 1)
    with private_folder(in_memory=True) as folder:
        assert folder.parent == temporary
    monkeypatch.setattr(private, "_MEMORY", temporary / "nowhere")
    with private_folder(in_memory=True) as folder:
        assert folder.parent == temporary
