"""A private MariaDB: its data made once and kept in the cache, copied and given a password at each start."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from controller.errors import StackError
from controller.plan.quotes import Quote, read_quotes
from controller.stack.cache import cache_folder, made_folder
from controller.stack.log_tail import last_lines
from controller.stack.private import write_private
from controller.stack.query_count import QueryCount
from controller.stack.service import ANSWER_WITHIN_S, HOST, Service, Setting, environment, wait_for_service
from controller.stack.supervisor import Supervisor
from controller.stack.versions import tool_path, tool_version

SERVER: Final = "mariadbd"
NAME: Final = "MariaDB"
USER: Final = "fastserve"
DATABASE: Final = "fastserve"
# What the contract says, in the words of MySQL.
_COLUMNS: Final = "id INT PRIMARY KEY, author VARCHAR(255) NOT NULL, content TEXT NOT NULL"
_CLIENT: Final = "mariadb"
# Changed when the tables or the way they are made change, so that no older folder is taken for the same.
_LAYOUT: Final = b"1"
_MADE_WITHIN_S = 120.0
# Connections that are none of a pool's: the one that reads all rows, and those of a target that ended a moment ago.
_SPARE_CONNECTIONS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class _Account:
    """How to speak to an instance: the file that has the password, and how many rows it must have."""

    file: Path
    rows: int

    @property
    def client(self) -> list[str]:
        """The client that asks in its name, and answers with cells between tabs."""
        return [tool_path(_CLIENT) or _CLIENT, f"--defaults-file={self.file}", "--batch", "--skip-column-names"]

    def ask(self, statement: str) -> str:
        """Return what a statement answers. Raises StackError with what the client says."""
        try:
            done = subprocess.run(
                [*self.client, "--execute", statement],
                env=environment(),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=ANSWER_WITHIN_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise StackError(
                f"expected {NAME} to answer within {ANSWER_WITHIN_S:g} s, found: {_kind(error)}"
            ) from error
        if done.returncode:
            raise StackError(f"expected {NAME} to answer, found: {done.stderr.strip()}")
        return done.stdout

    def warm(self) -> None:
        """Read all rows, so that a trial finds them in memory. Raises StackError where some are missing."""
        found = self.ask(f"SELECT id, author, content FROM {DATABASE}.quotes").count("\n")
        if found != self.rows:
            raise StackError(f"expected {NAME} to have {self.rows} quotes, found {found}")


def start_mariadb(supervisor: Supervisor, setting: Setting, *, quotes_csv: Path, connections: int) -> Service:
    """Start a MariaDB that has the quotes and return it once it answers; it takes so many connections at least.

    Raises StackError where it does not get ready, PlanError for quotes that are not as the contract says.
    """
    password, port = setting.password, setting.chosen_port()
    data = setting.folder / "data"
    shutil.copytree(mariadb_data(quotes_csv, config=setting.config), data)
    options = _options(setting, port=port, data=data, connections=connections)
    argv = [tool_path(SERVER) or SERVER, f"--defaults-file={options}"]
    launched = supervisor.launch(NAME, argv, env=environment(), cwd=setting.folder, cpus=setting.cores, log=setting.log)
    client = f"[client]\nhost = {HOST}\nport = {port}\nprotocol = tcp\nuser = {USER}\npassword = {password}\n"
    account = _Account(file=write_private(setting.folder / "client.cnf", client), rows=len(read_quotes(quotes_csv)))
    try:
        wait_for_service(NAME, launched, port=port, answers=partial(_missing, account))
        account.warm()
        _require_connections(account, connections)
    except BaseException:
        launched.stop(0)
        raise
    count = QueryCount([*account.client, "--unbuffered"], env=environment(), cwd=setting.folder)
    return Service(
        name=NAME,
        url=f"mysql://{USER}:{password}@{HOST}:{port}/{DATABASE}",
        port=port,
        launched=launched,
        renew=account.warm,
        in_query=count.look,
        close=count.close,
    )


def mariadb_data(quotes_csv: Path, *, config: Path) -> Path:
    """Return a folder of data with these quotes and without any account, made now unless the cache has it.

    Raises PlanError when the quotes are not as the contract says, StackError when it cannot be made.
    """
    quotes = read_quotes(quotes_csv)
    version = tool_version(SERVER) or ""
    content = _LAYOUT + version.encode() + b"\0" + config.read_bytes() + b"\0" + quotes_csv.read_bytes()
    folder = made_folder(cache_folder() / "databases")
    data = folder / f"mariadb-{hashlib.sha256(content).hexdigest()[:16]}"
    if not data.exists():
        _make_data(data, quotes, config=config)
    return data


def _make_data(data: Path, quotes: Sequence[Quote], *, config: Path) -> None:
    """Make the folder beside its place and rename it, so that nobody ever sees half of it."""
    with tempfile.TemporaryDirectory(dir=data.parent) as name:
        folder = Path(name)
        unfinished, said = folder / "data", folder / "said"
        tables, options = folder / "tables.sql", folder / "options.cnf"
        tables.write_text("\n".join([*_tables(quotes), ""]), encoding="utf-8")
        options.write_text(f"!include {config}\n[mariadbd]\n{_as_whom()}", encoding="utf-8")
        argv = [
            tool_path("mariadb-install-db") or "mariadb-install-db",
            f"--defaults-file={options}",
            f"--datadir={unfinished}",
            f"--extra-file={tables}",
            "--skip-test-db",
            "--skip-name-resolve",
            "--auth-root-authentication-method=normal",
        ]
        try:
            with said.open("wb") as output:
                subprocess.run(
                    argv,
                    env=environment(),
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                    timeout=_MADE_WITHIN_S,
                    check=True,
                )
            if not data.exists():
                unfinished.rename(data)
        except (OSError, subprocess.SubprocessError) as error:
            # What comes after them is advice for other uses of the tool.
            lines = [line for line in last_lines(said, lines=50).splitlines() if "ERROR" in line]
            found = "; ".join([_kind(error), *lines])
            raise StackError(f"expected mariadb-install-db to make {data}, found {found}") from error


def _tables(quotes: Sequence[Quote]) -> list[str]:
    """Return the statements that make the table of the contract, a line each; quotes have no character to escape."""
    rows = [f"({quote.id}, '{quote.author}', '{quote.content}')" for quote in quotes]
    return [
        f"CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4;",
        f"CREATE TABLE {DATABASE}.quotes ({_COLUMNS}) ENGINE=InnoDB CHARACTER SET utf8mb4;",
        *(f"INSERT INTO {DATABASE}.quotes VALUES {', '.join(some)};" for some in _some(rows)),
        # Nobody may enter until a start names somebody; the one that stays owns system views and is locked.
        "DELETE FROM mysql.global_priv WHERE User <> 'mariadb.sys';",
        "DELETE FROM mysql.proxies_priv;",
    ]


def _some(rows: Sequence[str], size: int = 100) -> Iterator[Sequence[str]]:
    """Yield rows by so many: a statement of this kind may have 60,000 bytes."""
    for begin in range(0, len(rows), size):
        yield rows[begin : begin + size]


def _options(setting: Setting, *, port: int, data: Path, connections: int) -> Path:
    """Write what is this instance's own, and return the file that it starts with."""
    account = [
        f"CREATE OR REPLACE USER {USER}@'{HOST}' IDENTIFIED BY '{setting.password}';",
        f"GRANT SELECT ON {DATABASE}.* TO {USER}@'{HOST}';",
    ]
    init = write_private(setting.folder / "account.sql", "\n".join([*account, ""]))
    lines = [f"!include {setting.config}", "[mariadbd]", f"bind_address = {HOST}", f"port = {port}"]
    lines += [f"datadir = {data}", f"tmpdir = {setting.folder}", f"pid_file = {setting.folder / 'mariadbd.pid'}"]
    lines += [f"init_file = {init}", *([f"max_connections = {wanted}"] if (wanted := _wanted(connections)) else [])]
    return write_private(setting.folder / "mariadb.cnf", "\n".join([*lines, _as_whom()]))


def _wanted(connections: int) -> int | None:
    """Return how many connections to ask for where the settings' 2000 may be too few."""
    return connections + _SPARE_CONNECTIONS if connections > 2000 - _SPARE_CONNECTIONS else None


def _as_whom() -> str:
    # As root it refuses to start unless that is said.
    return "user = root\n" if os.geteuid() == 0 else ""


def _require_connections(account: _Account, connections: int) -> None:
    """Make sure that the pools fit: with few open files MariaDB takes fewer connections and only logs it."""
    if (most := int(account.ask("SELECT @@max_connections"))) < connections:
        raise StackError(
            f"expected {NAME} to take {connections} connections, found {most}: "
            "raise the limit of open files (ulimit -n)"
        )


def _missing(account: _Account) -> str | None:
    """Return what was found instead of an answer; None for one."""
    try:
        account.ask("SELECT 1")
    except StackError as error:
        return f"no answer to a query ({error})"
    return None


def _kind(error: Exception) -> str:
    """Say what happened without the command that was run."""
    if isinstance(error, subprocess.CalledProcessError):
        return f"status {error.returncode}"
    return "no end in time" if isinstance(error, subprocess.TimeoutExpired) else str(error)
