"""The runs of a folder: which there are, whether they are finished, how big they are; and removing one."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from controller.errors import StoreError
from controller.measure.trial import INTERRUPTED
from controller.store.files import is_file, writing
from controller.store.folder import FACTS, LATEST, RunFolder, open_run_folder
from controller.store.journal import read_trial_rows
from controller.store.lock import run_lock, writer_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRun:
    """A run as `fastserve runs` shows it.

    done counts planned trials with a result, failed those of them that failed. writer is who writes to it
    now. problem says in one line why it cannot be read; planned, done and failed are then None.
    """

    path: Path
    size_bytes: int
    writer: str | None
    started_at: str | None = None
    planned: int | None = None
    done: int | None = None
    failed: int | None = None
    problem: str | None = None

    @property
    def finished(self) -> bool:
        """Whether every planned trial has a result."""
        return self.planned is not None and self.done is not None and self.done >= self.planned


def list_runs(out: Path) -> list[ListedRun]:
    """Return the runs in a folder by name; none where the folder is missing. Raises StoreError if it is no folder."""
    try:
        folders = sorted(path for path in out.iterdir() if path.is_dir() and not path.is_symlink())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(f"{out}: expected a folder of runs, found: {error.strerror}") from error
    return [_listed(path) for path in folders if is_file(path / FACTS)]


def remove_run(path: Path) -> None:
    """Remove a run folder and all in it. Raises StoreError for what is none, and while it is written to."""
    run = open_run_folder(path)
    with run_lock(run.path), writing(run.path):
        shutil.rmtree(run.path)
    latest = run.path.parent / LATEST
    if latest.is_symlink() and not latest.exists():
        with writing(latest):
            latest.unlink()


def _listed(path: Path) -> ListedRun:
    size_bytes, writer = _size_bytes(path), writer_of(path)
    try:
        run = open_run_folder(path)
        done, failed = _progress(run)
    except StoreError as error:
        return ListedRun(path=path, size_bytes=size_bytes, writer=writer, problem=str(error))
    return ListedRun(
        path=path,
        size_bytes=size_bytes,
        writer=writer,
        started_at=run.started_at,
        planned=run.planned,
        done=done,
        failed=failed,
    )


def _progress(run: RunFolder) -> tuple[int, int]:
    """Return how many planned trials have a result, and how many of these failed; the last result counts."""
    results = [row.result for row in read_trial_rows(run.path) if row.result.outcome != INTERRUPTED]
    last = {result.trial: result for result in results if 1 <= result.trial <= run.planned}
    return len(last), sum(not result.ok for result in last.values())


def _size_bytes(path: Path) -> int:
    """Return the size of all files in a folder; one that cannot be looked at counts nothing."""
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                total += (Path(folder) / name).lstat().st_size
            except OSError:
                continue
    return total
