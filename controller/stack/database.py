"""The SQLite file that targets answer /api/db from: made once from the quotes, kept in the cache."""

import hashlib
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from controller.errors import StackError
from controller.plan.quotes import Quote, read_quotes
from controller.stack.cache import cache_folder, made_folder

# Changed when the table or the way it is written changes, so that no older file is taken for the same.
_LAYOUT = b"1"


def sqlite_database(quotes_csv: Path) -> Path:
    """Return the database of these quotes, made now unless the cache has it.

    Raises PlanError when the quotes are not as the contract says, StackError when it cannot be written.
    """
    quotes = read_quotes(quotes_csv)
    key = hashlib.sha256(_LAYOUT + quotes_csv.read_bytes()).hexdigest()[:16]
    folder = made_folder(cache_folder() / "databases")
    database = folder / f"quotes-{key}.sqlite"
    if not database.exists():
        _make(database, quotes)
    return database


def _make(database: Path, quotes: tuple[Quote, ...]) -> None:
    """Write the database beside its place and rename it, so that nobody ever sees half of it."""
    try:
        with tempfile.TemporaryDirectory(dir=database.parent) as folder:
            unfinished = Path(folder) / database.name
            with closing(sqlite3.connect(unfinished)) as connection, connection:
                connection.execute(
                    "CREATE TABLE quotes (id INTEGER PRIMARY KEY, author TEXT NOT NULL, content TEXT NOT NULL)"
                )
                rows = [(quote.id, quote.author, quote.content) for quote in quotes]
                connection.executemany("INSERT INTO quotes VALUES (?, ?, ?)", rows)
            unfinished.rename(database)
    except (OSError, sqlite3.Error) as error:
        raise StackError(f"expected to write the database {database}, found: {error}") from error


def warm_rows(database: Path) -> int:
    """Read all rows once, so that the first trial finds them in memory like every later one; return how many."""
    try:
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            return len(connection.execute("SELECT id, author, content FROM quotes").fetchall())
    except sqlite3.Error as error:
        raise StackError(
            f"expected to read the database {database}, found: {error}; remove it to have it made anew"
        ) from error
