"""A run's folder: made, opened, locked against a second writer, and pointed to by `latest`."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from controller import __version__
from controller.errors import StoreError
from controller.store.files import is_file, read_text, write_whole, writing

# Raised when an older FastServe would misread what a newer one writes.
FORMAT: Final = 1
LATEST: Final = "latest"
FACTS: Final = "facts.json"
PLAN: Final = "plan.toml"
# Two runs of one plan within a second get -2, -3, ...
_MOST_WITHIN_A_SECOND = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFolder:
    """A run on disk. planned is how many trials its plan has, builds the key of each target's build.

    machine is what machine_facts knew when the run began: plain JSON values, for people to read.
    """

    path: Path
    started_at: str
    planned: int
    builds: Mapping[str, str]
    machine: Mapping[str, Any] = field(default_factory=dict)

    @property
    def run_id(self) -> str:
        """The name of the run in every table."""
        return self.path.resolve().name

    @property
    def logs(self) -> Path:
        """Where the logs of all that was started are."""
        return self.path / "logs"

    @property
    def wrong(self) -> Path:
        """Where samples of wrong answers are."""
        return self.path / "wrong"

    def plan_text(self) -> str:
        """Return the resolved plan. Raises StoreError where it cannot be read."""
        return read_text(self.path / PLAN)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContents:
    """What a run folder holds from its first moment on."""

    plan_toml: str
    planned: int
    builds: Mapping[str, str]
    machine: Mapping[str, Any] = field(default_factory=dict)


def iso_time(moment: datetime) -> str:
    """Return a moment as ISO 8601 in UTC with milliseconds: 2026-11-23T06:13:00.123Z."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def create_run_folder(out: Path, name: str, *, now: datetime, contents: RunContents) -> RunFolder:
    """Make the folder <out>/<name>-<UTC time>/ with its plan and facts, and let <out>/latest point to it.

    Raises StoreError when it cannot be written.
    """
    with writing(out):
        if out.exists() and not out.is_dir():
            raise StoreError(f"{out}: expected a folder for runs, found a file: choose another one with --out")
        out.mkdir(parents=True, exist_ok=True)
        path = _new_folder(out, f"{name}-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}")
    run = RunFolder(
        path=path,
        started_at=iso_time(now),
        planned=contents.planned,
        builds=dict(contents.builds),
        machine=dict(contents.machine),
    )
    with writing(path):
        run.logs.mkdir()
        run.wrong.mkdir()
        (path / PLAN).write_text(contents.plan_toml, encoding="utf-8")
        # Last, and all at once: a folder with facts is a whole run folder.
        write_whole(path / FACTS, json.dumps(_facts_of(run), indent=2, allow_nan=False) + "\n")
    _point_latest(out, path.name)
    return run


def set_planned(run: RunFolder, planned: int) -> None:
    """Say how many trials a run has, where it was not known when it began. Raises StoreError."""
    with writing(run.path):
        facts = _facts_of(replace(run, planned=planned))
        write_whole(run.path / FACTS, json.dumps(facts, indent=2, allow_nan=False) + "\n")


def open_run_folder(path: Path) -> RunFolder:
    """Read a run folder; `latest` will do. Raises StoreError for anything else and for a newer format."""
    facts_path = path / FACTS
    if not is_file(facts_path):
        raise StoreError(f"{path}: expected a run folder, found {_what_is(path)}")
    try:
        facts = json.loads(read_text(facts_path))
        return _run_of(path.resolve() if path.is_symlink() else path, facts)
    except (ValueError, RecursionError) as error:
        raise StoreError(f"{facts_path}: expected the facts of a run, found a damaged file ({error})") from error


def _facts_of(run: RunFolder) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "fastserve": __version__,
        "run": {"started_at": run.started_at, "planned": run.planned, "builds": run.builds},
        "machine": run.machine,
    }


def _run_of(path: Path, facts: object) -> RunFolder:
    """Return the run that facts.json tells of. Raises ValueError for another shape, StoreError for a newer one."""
    if not isinstance(facts, dict) or type(facts.get("format")) is not int:
        raise ValueError("no number of its format")
    if facts["format"] > FORMAT:
        raise StoreError(
            f"{path}: expected a run of format {FORMAT}, which FastServe {__version__} reads, found format "
            f"{facts['format']}, written by FastServe {facts.get('fastserve', 'of unknown version')}: use that version"
        )
    run, machine = facts.get("run"), facts.get("machine")
    if not isinstance(run, dict) or not isinstance(machine, dict):
        raise ValueError("no run or no machine")
    started_at, planned, builds = (run.get(key) for key in ("started_at", "planned", "builds"))
    if not isinstance(started_at, str) or type(planned) is not int or not isinstance(builds, dict):
        raise ValueError("started_at, planned or builds is missing or of the wrong type")
    return RunFolder(path=path, started_at=started_at, planned=planned, builds=builds, machine=machine)


def _new_folder(out: Path, name: str) -> Path:
    for number in range(1, _MOST_WITHIN_A_SECOND):
        path = out / (name if number == 1 else f"{name}-{number}")
        try:
            path.mkdir()
        except FileExistsError:
            continue
        return path
    raise StoreError(f"{out / name}: expected a new folder, found that it and {_MOST_WITHIN_A_SECOND} others exist")


def _point_latest(out: Path, name: str) -> None:
    """Let out/latest point to a run; where the file system has no links, or `latest` is something else, it stays."""
    link = out / f".{LATEST}.{os.getpid()}"
    with suppress(OSError):
        link.symlink_to(name)
        link.replace(out / LATEST)
    with suppress(OSError):
        link.unlink()


def _what_is(path: Path) -> str:
    if not path.exists():
        return "nothing there"
    return f"a folder without {FACTS}" if path.is_dir() else "a file"
