"""k6, whose users run a script in JavaScript."""

import json
from typing import Any, Final

from controller.errors import LoadError
from controller.load.rivals.process import Burst, Told, last, rival_folder, run_to_its_end
from controller.measure.spent import Taken
from controller.units import MS_PER_S

_SCRIPT: Final = """\
import http from 'k6/http';
export const options = { discardResponseBodies: true, summaryTrendStats: ['med', 'p(99)'] };
export default function () { http.get(__ENV.FASTSERVE_URL); }
export function handleSummary(data) { return { 'summary.json': JSON.stringify(data) }; }
"""


def run_k6(burst: Burst) -> Taken:
    """Let as many users as there are connections ask, one request after the other.

    Raises LoadError where it fails or was answered anything but 2xx and 3xx.
    """
    told_what = ["--vus", str(burst.connections), "--duration", f"{burst.seconds}s", "-e", f"FASTSERVE_URL={burst.url}"]
    argv = ["k6", "run", "--quiet", "--no-usage-report", "--address", "", *told_what, "script.js"]
    with rival_folder() as folder:
        (folder / "script.js").write_text(_SCRIPT, encoding="utf-8")
        ended = run_to_its_end(argv, burst, folder=folder)
        summary = folder / "summary.json"
        text = summary.read_text(encoding="utf-8") if summary.is_file() else ended.text
    return ended.taken(told_by_k6(text))


def told_by_k6(summary: str) -> Told:
    """Return what k6 hands to handleSummary says. Raises LoadError for anything else, or answers that were wrong."""
    try:
        data: dict[str, Any] = json.loads(summary)
        values = {name: metric["values"] for name, metric in data["metrics"].items()}
        # A rate of failures: passes are requests of which it is true that they failed.
        requests, wrong = int(values["http_reqs"]["count"]), int(values["http_req_failed"]["passes"])
        latency, seconds = values["http_req_duration"], data["state"]["testRunDurationMs"] / MS_PER_S
        p50_ms, p99_ms = float(latency["med"]), float(latency["p(99)"])
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LoadError(f"expected k6's summary as JSON with http_reqs, found: {last(summary)}") from error
    if wrong:
        raise LoadError(f"expected right answers alone, found {wrong:,} failed of {requests:,} in k6's summary")
    return Told(requests=requests, seconds=seconds, p50_ms=p50_ms, p99_ms=p99_ms)
