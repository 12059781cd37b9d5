"""Locust's statistics with our numbers in them: nothing is rounded, and only the measured phase counts."""

import csv
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

# Locust patches whatever imports it, so it is looked at in a process of its own.
SCRIPT = """
import csv, io, json, sys
from locust.env import Environment
from locust.stats import PERCENTILES_TO_REPORT
from random import Random
from controller.measure.histogram import recorded
from controller.measure.window import EndpointCounts, Phase, Window, merged_counts
from controller.plugin.numbers import ExactCsv, ExactStats

random = Random(5)
opened = sys.argv[1] == "open"
phases = [Phase.WARMUP] * 3 + [Phase.MEASURED] * 12 + [Phase.DRAIN]

def counts():
    durations = {}
    for _ in range(500):
        us = int(random.lognormvariate(5.3, 1.2))
        durations[us] = durations.get(us, 0) + 1
    apart = {"lag": recorded({3: 500}), "timeout_us": 30_000_000} if opened else {}
    return EndpointCounts(latency=recorded(durations), bytes=1000, errors={"timeout": 2}, **apart)

windows = [
    Window(order=1, index=n, start_s=float(n), end_s=n + 1.0, phase=phase, endpoints={"/a": counts(), "/b": counts()})
    for n, phase in enumerate(phases)
]
environment = Environment()
stats = environment.stats = ExactStats()
for window in windows:
    stats.take(window, {"/a": "GET", "/b": "POST"})
    if window.phase is Phase.WARMUP:
        stats.history.append({"drawn": True})
measured = [window for window in windows if window.phase is Phase.MEASURED]
# In the open model what came in the drain was planned in the measured phase.
whole = merged_counts(counts for window in windows for counts in window.measured.values())
assert whole.attempts == (13 if opened else 12) * 2 * 502
lately = merged_counts(counts for window in measured[-10:] for counts in window.endpoints.values())
total = stats.total
line = total.to_dict()

assert (total.num_requests, total.num_failures) == (whole.attempts, whole.failures)
for part in (500, 660, 900, 950, 990, 999, 1000):
    assert total.get_response_time_percentile(part / 1000) == whole.latency_ms(part, 1000), part
    assert total.get_current_response_time_percentile(part / 1000) == lately.latency_ms(part, 1000), part
assert line["median_response_time"] == whole.latency_ms(1, 2)
assert (line["min_response_time"], line["max_response_time"]) == (
    whole.latency.min_us / 1000, whole.latency.max_us / 1000)
assert line["total_rps"] == whole.attempts / 12 and line["current_rps"] == lately.attempts / 10
assert line["total_fail_per_sec"] == whole.failures / 12 and line["current_fail_per_sec"] == lately.failures / 10
assert sum(entry.num_requests for entry in stats.entries.values()) == whole.attempts
assert sorted(stats.entries) == [("/a", "GET"), ("/b", "POST")]
assert sum(error.occurrences for error in stats.errors.values()) == whole.failures
# What the page drew in the warm-up is not taken from it.
assert len(stats.history) == 3, stats.history

text = io.StringIO()
ExactCsv(environment, PERCENTILES_TO_REPORT).requests_csv(csv.writer(text))
stats.reset_all()
assert (stats.total.num_requests, stats.total.to_dict()["median_response_time"], stats.total.total_rps) == (0, 0, 0)
stats.clear_all()
assert list(stats.entries) == [] and stats.total.get_current_response_time_percentile(0.5) is None
print(json.dumps({"csv": text.getvalue(), "p99": whole.latency_ms(99, 100)}))
"""


@pytest.mark.parametrize("model", ["closed", "open"])
def test_percentiles_rates_and_counts_are_those_of_the_measured_windows(model: str, tmp_path: Path) -> None:
    """What Locust asks its statistics for is what our counts say, of one line or of all; a reset forgets all of it."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, model], capture_output=True, text=True, cwd=tmp_path, check=False
    )

    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    total = list(csv.DictReader(io.StringIO(said["csv"])))[-1]
    assert float(total["99%"]) == said["p99"] != round(said["p99"])
