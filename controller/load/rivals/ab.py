"""ab, ApacheBench: one process, HTTP/1.0, and latencies in whole milliseconds."""

import re
from typing import Final

from controller.errors import LoadError
from controller.load.rivals.process import Burst, Told, last, rival_folder, run_to_its_end
from controller.measure.spent import Taken

# With -t alone it ends at 50,000 requests; it sets memory aside for each that it may make.
_MOST_PER_S: Final = 250_000
# It waits for the end of a connection that nobody says is kept; all connections silent for so long end it.
_SILENT_S: Final = 5
_GAVE_UP: Final = "(70007)"
_COUNT: Final = re.compile(
    r"^(Complete requests|Failed requests|Non-2xx responses|Keep-Alive requests):\s+(\d+)$", re.MULTILINE
)
_SECONDS: Final = re.compile(r"^Time taken for tests:\s+([\d.]+) seconds$", re.MULTILINE)
_PERCENTILE: Final = re.compile(r"^\s*(50|99)%\s+(\d+)$", re.MULTILINE)


def run_ab(burst: Burst) -> Taken:
    """Let ab ask over connections that it keeps alive.

    Raises LoadError where it fails, was answered anything but 2xx, or had its connections closed.
    """
    bounds = ["-t", str(burst.seconds), "-n", str(_MOST_PER_S * burst.seconds), "-s", str(_SILENT_S)]
    # -l: bodies may differ in length, as they do where a row comes by chance.
    argv = ["ab", "-q", "-k", "-l", "-c", str(burst.connections), *bounds, burst.url]
    try:
        with rival_folder() as folder:
            ended = run_to_its_end(argv, burst, folder=folder)
    except LoadError as error:
        if _GAVE_UP not in str(error):
            raise
        raise LoadError(
            f"expected answers, found all of ab's connections silent for {_SILENT_S} s: so they are where a server "
            "keeps those of HTTP/1.0 open without a word of it (Connection: keep-alive)"
        ) from error
    return ended.taken(told_by_ab(ended.text))


def told_by_ab(summary: str) -> Told:
    """Return what ab's summary says. Raises LoadError where it has none, or answers that were wrong."""
    counts = {name: int(number) for name, number in _COUNT.findall(summary)}
    if not counts.get("Complete requests") or (seconds := _SECONDS.search(summary)) is None:
        raise LoadError(f"expected 'Complete requests' and 'Time taken' in ab's summary, found: {last(summary)}")
    for wrong in ("Failed requests", "Non-2xx responses"):
        if counts.get(wrong):
            raise LoadError(f"expected right answers alone, found in ab's summary: {wrong}: {counts[wrong]}")
    requests, kept = counts["Complete requests"], counts.get("Keep-Alive requests", 0)
    if kept < requests:
        raise LoadError(
            f"expected the server to keep ab's connections, which are HTTP/1.0, found {requests - kept:,} of "
            f"{requests:,} closed after an answer"
        )
    latencies = {part: float(number) for part, number in _PERCENTILE.findall(summary)}
    return Told(requests=requests, seconds=float(seconds[1]), p50_ms=latencies.get("50"), p99_ms=latencies.get("99"))
