"""wrk, the generator in C that the others are measured against."""

import re
from collections.abc import Collection
from typing import Final

from benchmarks.process import run_to_its_end
from benchmarks.samples import Spent
from controller.errors import LoadError

_SUMMARY: Final = re.compile(r"^\s*(\d+) requests in ", re.MULTILINE)
_WRONG: Final = re.compile(r"^\s*(Socket errors: .*|Non-2xx or 3xx responses: .*)$", re.MULTILINE)


def run_wrk(url: str, *, connections: int, seconds: int, cores: Collection[int]) -> Spent:
    """Let wrk ask a URL over so many connections from one thread on these cores.

    Raises LoadError where it fails or was answered anything but 2xx.
    """
    argv = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", url]
    ended = run_to_its_end(argv, cores=cores)
    return Spent(requests=requests_in(ended.text), cpu_s=ended.cpu_s, seconds=float(seconds))


def requests_in(summary: str) -> int:
    """Return the requests of wrk's summary. Raises LoadError where it has none, or answers that were wrong."""
    if wrong := _WRONG.search(summary):
        raise LoadError(f"expected right answers alone, found in wrk's summary: {wrong[1]}")
    if (found := _SUMMARY.search(summary)) is None:
        raise LoadError(f"expected 'N requests in' in wrk's summary, found: {summary.strip()[-400:]!r}")
    return int(found[1])
