"""wrk, the generator in C that the others are measured against."""

import re
from typing import Final

from controller.errors import LoadError
from controller.load.rivals.process import Burst, Told, last, rival_folder, run_to_its_end
from controller.measure.spent import Taken

_SUMMARY: Final = re.compile(r"^\s*(\d+) requests in ", re.MULTILINE)
_RATE: Final = re.compile(r"^Requests/sec:\s*([\d.]+)", re.MULTILINE)
_PERCENTILE: Final = re.compile(r"^\s*(50|99)%\s+([\d.]+)(us|ms|s|m|h)$", re.MULTILINE)
_WRONG: Final = re.compile(r"^\s*(Socket errors: .*|Non-2xx or 3xx responses: .*)$", re.MULTILINE)
_IN_MS: Final = {"us": 0.001, "ms": 1.0, "s": 1_000.0, "m": 60_000.0, "h": 3_600_000.0}


def run_wrk(burst: Burst) -> Taken:
    """Let wrk ask from one thread. Raises LoadError where it fails or was answered anything but 2xx and 3xx."""
    argv = ["wrk", "-t", "1", "-c", str(burst.connections), "-d", f"{burst.seconds}s", "--latency", burst.url]
    with rival_folder() as folder:
        ended = run_to_its_end(argv, burst, folder=folder)
    return ended.taken(told_by_wrk(ended.text))


def told_by_wrk(summary: str) -> Told:
    """Return what wrk's summary says. Raises LoadError where it has none, or answers that were wrong."""
    if wrong := _WRONG.search(summary):
        raise LoadError(f"expected right answers alone, found in wrk's summary: {wrong[1]}")
    if (found := _SUMMARY.search(summary)) is None or (rate := _RATE.search(summary)) is None:
        raise LoadError(f"expected 'N requests in' and 'Requests/sec' in wrk's summary, found: {last(summary)}")
    requests, per_s = int(found[1]), float(rate[1])
    if not requests:
        raise LoadError("expected answers, found none in wrk's summary")
    latencies = {part: float(number) * _IN_MS[unit] for part, number, unit in _PERCENTILE.findall(summary)}
    # The rate has more digits than the seconds beside it.
    return Told(requests=requests, seconds=requests / per_s, p50_ms=latencies.get("50"), p99_ms=latencies.get("99"))
