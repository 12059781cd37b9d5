"""h2load, the generator in C that HTTP/2 is measured against; it speaks HTTP/1.1 too."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from controller.errors import LoadError
from controller.load.rivals.process import Burst, Told, last, rival_folder, run_to_its_end
from controller.measure.histogram import Histogram, recorded
from controller.measure.spent import Taken

_SUMMARY: Final = re.compile(
    r"^requests: (\d+) total, .* (\d+) succeeded, (\d+) failed, (\d+) errored, (\d+) timeout$", re.MULTILINE
)
_RATE: Final = re.compile(r"^finished in \S+, ([\d.]+) req/s", re.MULTILINE)


def run_h2load(burst: Burst) -> Taken:
    """Let h2load ask from one thread, without percentiles, of which it prints none.

    Raises LoadError where it fails or was answered anything but 2xx.
    """
    with rival_folder() as folder:
        ended = run_to_its_end(_argv(burst), burst, folder=folder)
    return ended.taken(told_by_h2load(ended.text))


def run_h2load_logged(burst: Burst) -> Taken:
    """Do the same, with percentiles from its log of every request, whose writing is in its CPU time."""
    with rival_folder() as folder:
        log = folder / "requests.log"
        ended = run_to_its_end(_argv(burst, f"--log-file={log}"), burst, folder=folder)
        latency = _latency(log)
    return ended.taken(told_by_h2load(ended.text, latency))


def _argv(burst: Burst, *more: str) -> Sequence[str]:
    protocol = [] if burst.http == "2" else ["--h1"]
    size = ["-t", "1", "-c", str(burst.connections), "-m", str(burst.streams), "-D", str(burst.seconds)]
    return ["h2load", *protocol, *size, *more, burst.url]


def told_by_h2load(summary: str, latency: Histogram | None = None) -> Told:
    """Return what h2load's summary says. Raises LoadError where it has none, or answers that were wrong."""
    if (found := _SUMMARY.search(summary)) is None or (rate := _RATE.search(summary)) is None:
        raise LoadError(f"expected 'requests: N total' in h2load's summary, found: {last(summary)}")
    total, succeeded, *wrong = map(int, found.groups())
    if any(wrong):
        raise LoadError(f"expected right answers alone, found in h2load's summary: {found[0]}")
    if not (requests := min(total, succeeded)):
        raise LoadError("expected answers, found none in h2load's summary")
    return Told(
        requests=requests,
        # Rates are of all that ended, and so are the seconds that they stand for.
        seconds=total / float(rate[1]),
        p50_ms=None if latency is None else latency.quantile_ms(50, 100),
        p99_ms=None if latency is None else latency.quantile_ms(99, 100),
    )


def _latency(log: Path) -> Histogram:
    with log.open(encoding="ascii") as lines:
        return logged_latency(lines)


def logged_latency(lines: Iterable[str]) -> Histogram:
    """Return the latencies of a log: on each line when a request began, its status, and the microseconds it took."""
    return recorded(Counter(int(line.split()[2]) for line in lines))
