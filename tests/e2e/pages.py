"""An ad-hoc session in a test: the real command, and its page asked over HTTP as a browser would."""

import json
import signal
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.measure.window import merged_counts
from controller.store.journal import read_trials
from tests.e2e.command import WITHIN_S, Machine, run_folder, until


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A session whose page answers; said is the folder with what the command wrote."""

    url: str
    process: "subprocess.Popen[str]"
    folder: Path

    def get(self, path: str, **headers: str) -> str:
        """Return what stands at a path."""
        with urllib.request.urlopen(
            urllib.request.Request(self.url + path, headers=headers), timeout=WITHIN_S
        ) as answer:
            text: str = answer.read().decode()
        return text

    def post(self, path: str, **form: object) -> dict[str, Any]:
        """Press a button."""
        data = urllib.parse.urlencode(form).encode()
        with urllib.request.urlopen(self.url + path, data=data, timeout=WITHIN_S) as answer:
            said: dict[str, Any] = json.loads(answer.read())
        return said

    def start(self, target: str, *, users: object = 2, **form: object) -> dict[str, Any]:
        """Fill in the start form and send it."""
        filled = {"user_count": users, "spawn_rate": 100, "scenario": "health", "model": "closed", "host": ""}
        return self.post("/swarm", target=target, **{**filled, **form})

    @property
    def numbers(self) -> dict[str, Any]:
        """What the page shows, as it asks for it."""
        numbers: dict[str, Any] = json.loads(self.get("/stats/requests"))
        return numbers

    @property
    def state(self) -> str:
        """What Locust says of itself."""
        return str(self.numbers["state"])

    @property
    def run(self) -> Path:
        """The folder of its run."""
        return run_folder(self.folder / "fastserve-runs")

    @property
    def said(self) -> str:
        """What it said on stderr up to now."""
        return (self.folder / "stderr.said").read_text()

    def wait_until_measured(self, windows: int = 2) -> None:
        """Wait until some windows of the measured phase are stored."""
        begun = len(read_trials(self.run))
        path = self.run / "windows.jsonl"

        def there() -> bool:
            rows = [json.loads(line) for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
            return sum(row["order"] == begun + 1 and row["phase"] == "measured" for row in rows) >= windows

        until(there, within_s=60.0, what="windows of the measured phase")

    def end(self) -> int:
        """Press Ctrl-C and return the exit status."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(WITHIN_S)


@contextmanager
def page_of(machine: Machine, project: Path, *arguments: object) -> Iterator[Page]:
    """Run `fastserve web` in a project for the time of the block."""
    with machine.started("web", "--port", 0, *arguments, cwd=project) as process:
        said = project / "stdout.said"
        until(lambda: said.read_text().endswith("\n") or process.poll() is not None, within_s=90.0, what="a URL")
        assert process.poll() is None, (project / "stderr.said").read_text()
        yield Page(url=said.read_text().splitlines()[0], process=process, folder=project)


def shown_as_stored(line: dict[str, Any], run: Path) -> None:
    """Hold a line of the page with all of a trial to the journal: counts, and latency to the microsecond."""
    trial = read_trials(run)[-1]
    stored = merged_counts(trial.endpoints.values())
    latency = stored.latency
    assert line["num_requests"] == stored.attempts > 0
    assert line["num_failures"] == stored.failures
    for percent, part in ((0.5, 500), (0.95, 950), (0.99, 990), (0.999, 999)):
        assert line[f"response_time_percentile_{percent}"] == latency.quantile_ms(part, 1000)
    assert line["median_response_time"] == latency.quantile_ms(1, 2)
    assert (line["min_response_time"], line["max_response_time"]) == (latency.min_us / 1000, latency.max_us / 1000)
    assert line["total_rps"] == stored.attempts / trial.duration_s
