"""The quotes of servers/contract: what /api/db answers, row by row."""

import csv
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from controller.errors import PlanError

QUOTES: Final = 1000
# Characters that every JSON library writes alike.
PLAIN: Final = re.compile(r"[A-Za-z0-9 .,;:!?-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quote:
    """One row; its author is invented."""

    id: int
    author: str
    content: str

    def __post_init__(self) -> None:
        if not (PLAIN.fullmatch(self.author) and PLAIN.fullmatch(self.content)):
            raise PlanError(f"expected author and content of row {self.id} to match {PLAIN.pattern}, found others")


def row_bytes(quote: Quote) -> bytes:
    """Return a quote as /api/db must answer it."""
    row = {"id": quote.id, "author": quote.author, "content": quote.content}
    return json.dumps(row, separators=(",", ":")).encode()


def read_quotes(path: Path) -> tuple[Quote, ...]:
    """Read quotes.csv.

    Raises PlanError, naming the file, when it is missing or its rows are not as the contract says.
    """
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            rows = [(int(row["id"]), row["author"], row["content"]) for row in csv.DictReader(lines, strict=True)]
        return tuple(Quote(id=number, author=author, content=content) for number, author, content in rows)
    except (OSError, csv.Error, KeyError, TypeError, ValueError, PlanError) as error:
        raise PlanError(f"{path}: expected the {QUOTES} quotes of the contract, found: {error}") from error
