"""Locust started by hand with FastServe's Locust file, and the figures in what it writes."""

import csv
import json
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from controller.load.fleet import locust_environment
from controller.load.place import locustfile
from controller.stack.ports import free_port

WITHIN_S = 90
_ARGUMENTS = re.compile(r"window\.templateArgs = (\{.*\})\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Figures:
    """Requests and failures, by path; "Aggregated" is all together."""

    requests: dict[str, int]
    failures: dict[str, int]


@dataclass(frozen=True, slots=True)
class Written:
    """What a Locust left: figures of its CSV and of its page, occurrences by kind of failure, status and log.

    total_per_s is the throughput of its whole time, current_per_s the one of the last seconds, as it went on.
    """

    total_per_s: float
    current_per_s: tuple[float, ...]
    table: Figures
    page: Figures
    kinds: dict[str, int]
    status: int
    log: str


def run_locust(
    folder: Path,
    *options: str,
    host: str,
    workers: int = 0,
    files: Sequence[Path] = (locustfile(),),
    first_under: Sequence[str] = (),
) -> Written:
    """Run a headless Locust, with so many workers or alone, until it ends by itself; files are its Locust files.

    first_under is a command that starts the first worker.
    """
    common = ["--headless", "--host", host, "--csv", "out", "--html", "out.html", *options]
    if not workers:
        process, helpers = start_locust(folder, common, files=files), []
    else:
        port = str(free_port())
        master = ["--master", "--master-bind-host", "127.0.0.1", "--master-bind-port", port]
        process = start_locust(folder, [*master, "--expect-workers", str(workers), *common], files=files)
        toward = ["--worker", "--master-host", "127.0.0.1", "--master-port", port]
        helpers = [
            start_locust(folder, toward, files=files, under=() if number else first_under) for number in range(workers)
        ]
    try:
        log, _ = process.communicate(timeout=WITHIN_S)
        for helper in helpers:
            log += helper.communicate(timeout=WITHIN_S)[0]
    finally:
        for started in [process, *helpers]:
            started.kill()
    return _written(folder, status=process.returncode, log=log)


def start_locust(
    folder: Path, arguments: Sequence[str], *, files: Sequence[Path] = (locustfile(),), under: Sequence[str] = ()
) -> "subprocess.Popen[str]":
    """Start a Locust in a folder, with a home of its own, so that nobody's settings reach it."""
    return subprocess.Popen(
        [*under, sys.executable, "-m", "locust", "-f", ",".join(map(str, files)), *arguments],
        cwd=folder,
        env=locust_environment(home=folder, control=None),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _written(folder: Path, *, status: int, log: str) -> Written:
    rows = _rows(folder / "out_stats.csv")
    table = Figures(
        {row["Name"]: int(row["Request Count"]) for row in rows},
        {row["Name"]: int(row["Failure Count"]) for row in rows},
    )
    found = _ARGUMENTS.search((folder / "out.html").read_text(encoding="utf-8"))
    assert found is not None
    entries = json.loads(found[1])["requests_statistics"]
    page = Figures(
        {entry["name"]: entry["num_requests"] for entry in entries},
        {entry["name"]: entry["num_failures"] for entry in entries},
    )
    kinds = {row["Error"]: int(row["Occurrences"]) for row in _rows(folder / "out_failures.csv")}
    history = [row for row in _rows(folder / "out_stats_history.csv") if row["Name"] == "Aggregated"]
    return Written(
        total_per_s=next(float(row["Requests/s"]) for row in rows if row["Name"] == "Aggregated"),
        current_per_s=tuple(float(row["Requests/s"]) for row in history),
        table=table,
        page=page,
        kinds=kinds,
        status=status,
        log=log,
    )


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
