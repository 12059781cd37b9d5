"""The real command in a process of its own, with folders of its own for what it shares between runs."""

import csv
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import FASTSERVE

WITHIN_S = 120.0
# What a run may end with that went well: on a busy machine two halves of a second are not always alike.
WENT_WELL = {0, 11}
Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where commands run: a lock and a cache that no other test and no user shares."""

    folder: Path

    def environment(self, changes: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the variables of a command: the caller's, with folders of its own and some changes."""
        own = {"TMPDIR": str(self.folder / "tmp"), "FASTSERVE_CACHE": str(self.folder / "cache")}
        (self.folder / "tmp").mkdir(exist_ok=True)
        return {**os.environ, **own, **(changes or {})}

    def run(self, *arguments: object, cwd: Path, env: Mapping[str, str] | None = None) -> Done:
        """Run a command to its end."""
        return subprocess.run(
            [FASTSERVE, *map(str, arguments)],
            cwd=cwd,
            env=self.environment(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=WITHIN_S,
            check=False,
        )

    @contextmanager
    def started(
        self, *arguments: object, cwd: Path, env: Mapping[str, str] | None = None
    ) -> Iterator["subprocess.Popen[str]"]:
        """Start a command and go on; killed with the block where it still runs, its output in .said files of cwd."""
        with (cwd / "stdout.said").open("w") as out, (cwd / "stderr.said").open("w") as errors:
            process = subprocess.Popen(
                [FASTSERVE, *map(str, arguments)],
                cwd=cwd,
                env=self.environment(env),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=errors,
                text=True,
            )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def one_line(done: Done, status: int) -> str:
    """Hold a refusal to its form: this status, one message on stderr, nothing on stdout; return the message."""
    assert "Traceback" not in done.stderr, done.stderr
    said = [line for line in done.stderr.splitlines() if line.startswith("Error: ")]
    assert (done.returncode, len(said), done.stdout) == (status, 1, ""), done
    return done.stderr[done.stderr.index("Error: ") :]


def until(holds: Callable[[], object], *, within_s: float = 30.0, what: str = "") -> None:
    """Wait until something holds; fail when it does not in time."""
    until_s = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < until_s, f"did not hold within {within_s} s: {what}"
        time.sleep(0.02)


def rows_of(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def trials_of(folder: Path) -> list[dict[str, str]]:
    """Return the rows of a run's trials as run, all endpoints together, those that were not measured among them."""
    rows = [row for row in rows_of(folder / "trials.csv") if row["endpoint"] in ("*", "")]
    return sorted(rows, key=lambda row: int(row["order"]))


def lines_of(path: Path) -> list[dict[str, Any]]:
    """Return the rows of a file of the journal, without a line that is cut off; none where there is no file."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]


def run_folder(out: Path) -> Path:
    """Return the folder of the last run."""
    return (out / "latest").resolve()


def wait_for_window(out: Path, *, phase: str, after: int = 0) -> None:
    """Wait until the newest run has a window of a phase beyond so many lines."""

    def there() -> bool:
        rows = lines_of(out / "latest" / "windows.jsonl")[after:]
        return any(row["phase"] == phase for row in rows)

    # Longer than a run may wait for the kernel to forget the closed connections of the tests before.
    until(there, within_s=150.0, what=f"a {phase} window")


def interrupt(process: "subprocess.Popen[str]", *, number: signal.Signals = signal.SIGINT) -> int:
    """Send a signal and return the status that the command ends with."""
    process.send_signal(number)
    return process.wait(WITHIN_S)
