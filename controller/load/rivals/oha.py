"""oha, a generator in Rust on tokio and hyper."""

import json
from typing import Any, Final

from controller.errors import LoadError
from controller.load.rivals.process import Burst, Told, last, rival_folder, run_to_its_end
from controller.measure.spent import Taken
from controller.units import MS_PER_S

# What was under way when the time was over is no error.
_AT_ITS_END: Final = "aborted due to deadline"


def run_oha(burst: Burst) -> Taken:
    """Let oha ask. Raises LoadError where it fails or was answered anything but 2xx."""
    size = ["-c", str(burst.connections), "-z", f"{burst.seconds}s"]
    argv = ["oha", "--no-tui", "--output-format", "json", "--redirect", "0", *size, burst.url]
    with rival_folder() as folder:
        ended = run_to_its_end(argv, burst, folder=folder)
    return ended.taken(told_by_oha(ended.text))


def told_by_oha(summary: str) -> Told:
    """Return what oha's JSON says. Raises LoadError for anything else, or answers that were wrong.

    Its own rate counts what was aborted at the end too; this counts answers.
    """
    try:
        data: dict[str, Any] = json.loads(summary)
        statuses = {str(status): int(n) for status, n in data["statusCodeDistribution"].items()}
        errors = {str(error): int(n) for error, n in data["errorDistribution"].items() if error != _AT_ITS_END}
        seconds, latency = float(data["summary"]["total"]), data["latencyPercentiles"]
        p50_ms, p99_ms = float(latency["p50"]) * MS_PER_S, float(latency["p99"]) * MS_PER_S
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LoadError(
            f"expected oha's summary as JSON with statusCodeDistribution, found: {last(summary)}"
        ) from error
    wrong = errors | {f"status {status}": n for status, n in statuses.items() if not status.startswith("2")}
    if wrong:
        named = ", ".join(f"{what} {n:,}" for what, n in sorted(wrong.items()))
        raise LoadError(f"expected right answers alone, found in oha's summary: {named}")
    return Told(requests=sum(statuses.values()), seconds=seconds, p50_ms=p50_ms, p99_ms=p99_ms)
