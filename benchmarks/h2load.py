"""h2load, the generator in C that HTTP/2 is measured against."""

import re
from collections.abc import Collection
from typing import Final

from benchmarks.process import run_to_its_end
from benchmarks.samples import Spent
from controller.errors import LoadError

_SUMMARY: Final = re.compile(
    r"^requests: (\d+) total, .* (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout$", re.MULTILINE
)


def run_h2load(url: str, *, connections: int, streams: int, seconds: int, cores: Collection[int]) -> Spent:
    """Let h2load ask a URL over so many connections with so many streams from one thread on these cores.

    Raises LoadError where it fails or was answered anything but 2xx.
    """
    argv = ["h2load", "-t", "1", "-c", str(connections), "-m", str(streams), "-D", str(seconds), url]
    ended = run_to_its_end(argv, cores=cores)
    return Spent(requests=requests_in(ended.text), cpu_s=ended.cpu_s, seconds=float(seconds))


def requests_in(summary: str) -> int:
    """Return the requests of h2load's summary. Raises LoadError where it has none, or answers that were wrong."""
    if (found := _SUMMARY.search(summary)) is None:
        raise LoadError(f"expected 'requests: N total' in h2load's summary, found: {summary.strip()[-400:]!r}")
    total, succeeded, *wrong = map(int, found.groups())
    if any(wrong):
        raise LoadError(f"expected right answers alone, found in h2load's summary: {found[0]}")
    return min(total, succeeded)
