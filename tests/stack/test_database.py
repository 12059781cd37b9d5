"""The database of quotes: made once, whole, from the CSV."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest

from controller.errors import PlanError, StackError
from controller.plan.quotes import read_quotes
from controller.stack.database import sqlite_database, warm_rows

HEADER = "id,author,content\n"
ROWS = [f"{number},Author {number},Content {number}\n" for number in range(1, 1001)]


@pytest.fixture
def quotes(tmp_path: Path) -> Path:
    """Return a CSV with as many quotes as the contract has."""
    path = tmp_path / "quotes.csv"
    path.write_text(HEADER + "".join(ROWS))
    return path


def test_it_holds_every_quote(quotes: Path) -> None:
    """What targets answer from is what the contract's file says, by number."""
    database = sqlite_database(quotes)
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT id, author, content FROM quotes ORDER BY id").fetchall()
        (key,) = connection.execute("SELECT name FROM pragma_table_info('quotes') WHERE pk = 1").fetchone()

    assert rows == [(quote.id, quote.author, quote.content) for quote in read_quotes(quotes)]
    assert key == "id"
    assert warm_rows(database) == 1000


def test_it_is_made_once_for_each_content(quotes: Path, cache: Path) -> None:
    """The same quotes give the same file untouched; others give another, and nothing unfinished is left."""
    first = sqlite_database(quotes)
    written = first.stat().st_mtime_ns
    again = sqlite_database(quotes)
    quotes.write_text(HEADER + "".join(ROWS).replace("Content 7\n", "Content seven\n"))
    other = sqlite_database(quotes)

    assert (again, again.stat().st_mtime_ns) == (first, written)
    assert other != first
    assert sorted((cache / "databases").iterdir()) == sorted([first, other])


def test_several_may_make_it_at_once(quotes: Path) -> None:
    """Whoever looks finds either no database or a whole one."""
    rows: list[int] = []
    threads = [threading.Thread(target=lambda: rows.append(warm_rows(sqlite_database(quotes)))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert rows == [1000] * 6


def test_what_cannot_be_used_is_one_line(quotes: Path, cache: Path, tmp_path: Path) -> None:
    """A missing CSV, a cache that is no folder and a database that is none are each told with their place."""
    with pytest.raises(PlanError, match=r"nowhere\.csv"):
        sqlite_database(tmp_path / "nowhere.csv")
    cache.write_text("in the way")
    with pytest.raises(StackError, match=r"expected to write to the cache folder .*FASTSERVE_CACHE"):
        sqlite_database(quotes)
    (tmp_path / "broken").write_text("no database at all, however long one looks at it")
    with pytest.raises(StackError, match="expected to read the database"):
        warm_rows(tmp_path / "broken")
