"""The CSV files of a run: what is not known is an empty cell, numbers are written in full."""

import csv
import io
from pathlib import Path

from controller.compare.findings import Findings
from controller.errors import StoreError
from controller.report.columns import TABLES
from controller.store.files import write_whole as write_file


def table_csv(findings: Findings, table: str) -> str:
    """Return one of TABLES as CSV text with a header line. Raises KeyError for another name."""
    columns, rows = TABLES[table]
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    # csv writes None as an empty cell and floats so that reading gives the same number.
    writer.writerows(rows(findings))
    return text.getvalue()


def comparison_csv(findings: Findings) -> str:
    """Return comparison.csv as text."""
    return table_csv(findings, "comparison.csv")


def write_tables(folder: Path, findings: Findings) -> tuple[Path, ...]:
    """Write all tables into a run's folder and return their paths.

    A reader sees the old file or the new one, never half of one. Raises StoreError where that cannot be written.
    """
    return tuple(write_whole(folder / table, table_csv(findings, table)) for table in TABLES)


def write_whole(path: Path, text: str) -> Path:
    """Write a file whole or not at all, and return its path. Raises StoreError where it cannot be written."""
    try:
        write_file(path, text)
    except OSError as error:
        raise StoreError(
            f"{path}: expected to write it, found: {error.strerror}; the journal beside it is whole: "
            "make room, then make the tables again with fastserve report"
        ) from error
    return path
