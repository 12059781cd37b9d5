"""The journal of a run: windows.jsonl and trials.jsonl, from which every table can be made again."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self, TypeVar

from controller.errors import StoreError
from controller.measure.trial import INTERRUPTED, TrialResult, Usage
from controller.measure.window import EndpointCounts, Window, merged_counts
from controller.store.lines import LineFile, cut_off_bytes, read_lines
from controller.store.rows import (
    StoredWindow,
    TrialRow,
    trial_from_row,
    trial_to_row,
    window_from_row,
    window_to_row,
)

WINDOWS = "windows.jsonl"
TRIALS = "trials.jsonl"

Row = TypeVar("Row")

# Merging costs a pass over all buckets: done for so many windows at once, memory stays small and time linear.
_MERGED_AT_ONCE = 64


class Journal:
    """The one writer of a run's windows and trials; a line is with the operating system when its append returns.

    The caller holds the run folder's lock. A trial's windows come before its line. After a failed
    append every other one fails too: a trial must not count when one of its windows is missing.
    """

    def __init__(self, folder: Path) -> None:
        """Open or make both files, taking off what a killed writer left of a last line: see cut_off."""
        self._windows = LineFile(folder / WINDOWS)
        try:
            self._trials = LineFile(folder / TRIALS)
        except StoreError:
            self._windows.close()
            raise
        self._stored: dict[int, int] = {}
        self._ended: set[int] = set()
        self._failed: StoreError | None = None

    @property
    def cut_off(self) -> tuple[str, ...]:
        """What opening took off the files, one line for each, for the user to see."""
        return tuple(text for text in (self._windows.cut_off, self._trials.cut_off) if text)

    def append_window(self, window: Window, *, at: str, resources: Mapping[str, Usage] | None = None) -> None:
        """Store a window; at is its wall time (iso_time). Raises StoreError where it cannot be written.

        Raises ValueError once the trial's line is written: the trial would no longer be the sum of its windows.
        """
        if window.order in self._ended:
            raise ValueError(f"window {window.index} comes after the end of its trial (order {window.order})")
        self._append(self._windows, window_to_row(StoredWindow(window=window, at=at, resources=resources or {})))
        self._stored[window.order] = self._stored.get(window.order, 0) + 1

    def append_trial(self, result: TrialResult) -> None:
        """Store a trial that is over, after its windows; its endpoints are theirs. Raises StoreError."""
        self._append(self._trials, trial_to_row(TrialRow(result, self._stored.pop(result.order, 0))))
        self._ended.add(result.order)

    def _append(self, file: LineFile, row: Mapping[str, Any]) -> None:
        if self._failed is not None:
            raise StoreError(str(self._failed)) from self._failed
        try:
            file.append(row)
        except StoreError as error:
            self._failed = error
            raise

    def close(self) -> None:
        """Close both files."""
        try:
            self._windows.close()
        finally:
            self._trials.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close both files."""
        self.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """All whole trials of a run in the order they ran, and what could not be used, one line each."""

    trials: tuple[TrialResult, ...]
    warnings: tuple[str, ...] = ()


def read_trials(folder: Path) -> list[TrialResult]:
    """Return the whole trials of a run with their endpoints; empty before the first one. See read_journal."""
    return list(read_journal(folder).trials)


def read_journal(folder: Path) -> Reading:
    """Read all trials of a run, each with the merged counts of its measured windows.

    Windows of a trial that never ended are left out. So is a trial that lacks windows, with a warning:
    its counts would be too low. Raises StoreError, naming file and line, for a damaged journal.
    """
    rows = {row.result.order: row for row in read_trial_rows(folder)}
    found, endpoints = _measured(folder, {order: _shown_step(row.result) for order, row in rows.items()})
    whole = [row for order, row in rows.items() if found.get(order, 0) >= row.windows]
    lost = [
        f"{folder / WINDOWS}: trial {row.result.trial} (order {order}) has {found.get(order, 0)} of its "
        f"{row.windows} windows and does not count"
        for order, row in rows.items()
        if found.get(order, 0) < row.windows
    ]
    trials = (replace(row.result, endpoints=endpoints.get(row.result.order, {})) for row in whole)
    return Reading(
        trials=tuple(sorted(trials, key=lambda trial: trial.order)), warnings=(*_cut_off_texts(folder), *lost)
    )


def read_trial_rows(folder: Path) -> Iterator[TrialRow]:
    """Yield the lines of trials.jsonl as they stand: no endpoints, whether or not all windows are there.

    Raises StoreError, naming file and line, for a damaged line and for two lines about one order.
    """
    seen: set[int] = set()
    for number, row in _rows(folder / TRIALS, trial_from_row):
        if row.result.order in seen:
            raise StoreError(f"{folder / TRIALS}, line {number}: order {row.result.order} is there twice")
        seen.add(row.result.order)
        yield row


def read_windows(folder: Path) -> Iterator[Window]:
    """Yield every whole window of a run, one at a time, as stored; also those of trials that never ended."""
    return (stored.window for stored in read_stored_windows(folder))


def read_stored_windows(folder: Path) -> Iterator[StoredWindow]:
    """Yield every whole window with its wall time and resources, one at a time, as stored."""
    return (stored for _, stored in _rows(folder / WINDOWS, window_from_row))


def next_order(folder: Path) -> int:
    """Return an order above all that a run has used, also for trials that never ended; 1 in a new run."""
    windows = (stored.window.order for stored in read_stored_windows(folder))
    trials = (row.result.order for row in read_trial_rows(folder))
    return max(max(windows, default=0), max(trials, default=0)) + 1


def missing_trials(planned: Iterable[int], trials: Iterable[TrialResult]) -> list[int]:
    """Return the numbers of planned trials that still have to run, in planned order.

    A failed trial was run; one that was interrupted was not.
    """
    done = {trial.trial for trial in trials if trial.outcome != INTERRUPTED}
    return [number for number in planned if number not in done]


def _rows(path: Path, read: Callable[[Mapping[str, Any]], Row]) -> Iterator[tuple[int, Row]]:
    """Yield (line number, value) of each line of a file of the journal."""
    for number, row in read_lines(path):
        try:
            value = read(row)
        except ValueError as error:
            raise StoreError(f"{path}, line {number}: {error}") from error
        yield number, value


def _shown_step(trial: TrialResult) -> int | None:
    """Return the step of a search whose numbers are the trial's; None where it was no search, or found nothing."""
    return None if trial.capacity is None else trial.capacity.step


def _measured(
    folder: Path, orders: Mapping[int, int | None]
) -> tuple[dict[int, int], dict[int, dict[str, EndpointCounts]]]:
    """Return, by order, how many windows there are of any phase and the merged counts of the measured phase.

    orders says for each trial which step's windows are merged: None are those of a trial that is no search.
    """
    found: dict[int, int] = {}
    parts: dict[tuple[int, str], list[EndpointCounts]] = {}
    for window in read_windows(folder):
        if window.order not in orders:
            continue
        found[window.order] = found.get(window.order, 0) + 1
        if window.step == orders[window.order]:
            for endpoint, counts in window.measured.items():
                _gather(parts.setdefault((window.order, endpoint), []), counts)
    endpoints: dict[int, dict[str, EndpointCounts]] = {}
    for (order, endpoint), gathered in sorted(parts.items()):
        endpoints.setdefault(order, {})[endpoint] = merged_counts(gathered)
    return found, endpoints


def _gather(parts: list[EndpointCounts], counts: EndpointCounts) -> None:
    parts.append(counts)
    if len(parts) == _MERGED_AT_ONCE:
        parts[:] = [merged_counts(parts)]


def _cut_off_texts(folder: Path) -> Sequence[str]:
    """Say which files of a journal end in the middle of a line."""
    sizes = {folder / name: cut_off_bytes(folder / name) for name in (WINDOWS, TRIALS)}
    return [
        f"{path}: the last line is cut off and does not count ({lost} bytes)" for path, lost in sizes.items() if lost
    ]
