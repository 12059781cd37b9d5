"""The journal gives back what was stored, whole or not at all, and says what it could not use."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.errors import StoreError
from controller.measure.histogram import recorded
from controller.measure.trial import TrialResult, Usage
from controller.measure.window import EndpointCounts, Phase, Window, merged_by_endpoint, merged_endpoints
from controller.store.journal import (
    TRIALS,
    WINDOWS,
    Journal,
    missing_trials,
    next_order,
    read_journal,
    read_stored_windows,
    read_trials,
    read_windows,
)
from tests.measure.samples import windows
from tests.store.samples import AT, trial_of, trials, usages, windows_of


def store(folder: Path, *parts: Window | TrialResult) -> None:
    """Store windows and trials one after the other."""
    with Journal(folder) as journal:
        for part in parts:
            journal.append_trial(part) if isinstance(part, TrialResult) else journal.append_window(part, at=AT)


@given(st.lists(st.tuples(windows(), usages()), max_size=6))
def test_windows_come_back_as_they_were(stored: list[tuple[Window, dict[str, Usage]]]) -> None:
    """Every count, every float to the last bit, with the time and the resources they were stored with."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        with Journal(folder) as journal:
            for window, resources in stored:
                journal.append_window(window, at=AT, resources=resources)

        found = list(read_stored_windows(folder))

        assert [part.window for part in found] == list(read_windows(folder)) == [window for window, _ in stored]
        assert [part.resources for part in found] == [resources for _, resources in stored]
        assert {part.at for part in found} <= {AT}


@given(st.lists(trials(st.just(1)), max_size=4), st.lists(windows(st.integers(1, 6)), max_size=12))
def test_trials_come_back_with_their_measured_windows_merged(drawn: list[TrialResult], measured: list[Window]) -> None:
    """A trial is its line and the sum of its measured windows; windows of trials without a line belong to none.

    Of a search only the windows of the step count that showed its capacity; those of other steps are stored.
    """
    results = [replace(result, order=order) for order, result in enumerate(drawn, start=1)]
    with TemporaryDirectory() as name:
        store(Path(name), *measured, *results)

        reading = read_journal(Path(name))

    for found, result in zip(reading.trials, results, strict=True):
        step = None if result.capacity is None else result.capacity.step
        of_it = [window for window in measured if (window.order, window.step) == (result.order, step)]
        assert found == replace(result, endpoints=merged_by_endpoint(window.measured for window in of_it))
    assert reading.warnings == ()


def test_long_trials_are_merged_in_parts(tmp_path: Path) -> None:
    """More windows than are merged at once give the same counts as all of them together."""
    long = [
        replace(window, phase=Phase.MEASURED, endpoints={"/a": EndpointCounts(latency=recorded({window.index: 2}))})
        for window in windows_of(1, 200)
    ]
    store(tmp_path, *long, trial_of(1))

    assert read_trials(tmp_path)[0].endpoints == merged_endpoints(long)


def test_a_new_journal_is_empty(tmp_path: Path) -> None:
    """Nothing stored is no error, whether or not the files are there."""
    assert read_journal(tmp_path).trials == ()
    assert next_order(tmp_path) == 1

    store(tmp_path)

    assert read_journal(tmp_path).trials == ()
    assert read_journal(tmp_path).warnings == ()
    assert list(read_windows(tmp_path)) == []


@given(st.data())
def test_cut_anywhere_every_whole_line_is_kept(data: st.DataObject) -> None:
    """Cut at any byte: the lines before are read, the rest is told of, and a writer can go on from there."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        store(folder, *windows_of(1, 5))
        path = folder / WINDOWS
        whole = path.read_bytes()
        cut = data.draw(st.integers(0, len(whole)))
        path.write_bytes(whole[:cut])
        lines, rest = whole[:cut].count(b"\n"), cut - (whole[:cut].rfind(b"\n") + 1)

        assert list(read_windows(folder)) == windows_of(1, 5)[:lines]
        assert [str(rest) in warning for warning in read_journal(folder).warnings] == [True] * (rest > 0)

        with Journal(folder) as journal:
            assert len(journal.cut_off) == (rest > 0)
            for window in windows_of(1, 5)[lines:]:
                journal.append_window(window, at=AT)

        assert path.read_bytes() == whole


@pytest.mark.parametrize("tail", [b'{"order":1', b'{"order":1\n', b"\0" * 5000, b"[1]\n", b"\xff\xfe\n", b'{"a":1}'])
def test_a_last_line_that_is_not_whole_does_not_count(tmp_path: Path, tail: bytes) -> None:
    """With or without its newline, text or not: what a crash left of the last line is left out and taken off."""
    store(tmp_path, *windows_of(1, 3))
    whole = (tmp_path / WINDOWS).read_bytes()
    (tmp_path / WINDOWS).write_bytes(whole + tail)

    assert list(read_windows(tmp_path)) == windows_of(1, 3)
    assert f"({len(tail)} bytes)" in read_journal(tmp_path).warnings[0]

    store(tmp_path)

    assert (tmp_path / WINDOWS).read_bytes() == whole


def test_a_last_line_longer_than_a_block_is_found(tmp_path: Path) -> None:
    """A window with many buckets is larger than what is read at a time from the end."""
    big = EndpointCounts(latency=recorded(dict.fromkeys(range(0, 60_000_000, 3_000), 1)))
    wide = replace(windows_of(1, 1)[0], endpoints={f"/{n}": big for n in range(40)})
    store(tmp_path, *windows_of(1, 2), wide)
    size = (tmp_path / WINDOWS).stat().st_size
    assert size > 3 * 65_536
    (tmp_path / WINDOWS).write_bytes((tmp_path / WINDOWS).read_bytes()[:-1])

    assert list(read_windows(tmp_path)) == windows_of(1, 2)

    store(tmp_path, wide)

    assert list(read_windows(tmp_path)) == [*windows_of(1, 2), wide]


@pytest.mark.parametrize("file", [WINDOWS, TRIALS])
def test_a_damaged_line_in_the_middle_is_refused(tmp_path: Path, file: str) -> None:
    """A line that no crash explains is an error that names file and line."""
    store(tmp_path, *windows_of(1, 3), *(trial_of(order) for order in (1, 2, 3)))
    lines = (tmp_path / file).read_bytes().splitlines(keepends=True)
    (tmp_path / file).write_bytes(lines[0] + lines[1][:20] + b"\n" + lines[2])

    with pytest.raises(StoreError, match=rf"{file}, line 2: .*damaged"):
        read_journal(tmp_path)


def told_by(read: Callable[[], object]) -> str:
    """Return what a StoreError says; nothing where there is none."""
    try:
        read()
    except StoreError as error:
        return str(error)
    return ""


KEYS = ["order", "index", "phase", "start_s", "end_s", "users", "workers", "endpoints", "at", "resources"]
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)


@given(st.sampled_from([*KEYS, "surprise"]), JSON)
def test_any_value_in_a_window_is_read_or_refused(key: str, value: object) -> None:
    """Whatever stands in a window: a window comes of it or a StoreError that names the line, nothing else."""
    with TemporaryDirectory() as name:
        counts = EndpointCounts(latency=recorded({5: 1}), errors={"timeout": 1})
        store(Path(name), replace(windows_of(1, 1)[0], endpoints={"/a": counts}), *windows_of(1, 1))
        first, second = (Path(name) / WINDOWS).read_text(encoding="utf-8").splitlines()
        changed = json.dumps({**json.loads(first), key: value})
        (Path(name) / WINDOWS).write_text(f"{changed}\n{second}\n", encoding="utf-8")

        told = told_by(lambda: list(read_windows(Path(name))))

        assert f"{WINDOWS}, line 1: " in told or (told == "" and key != "surprise")


@given(st.sampled_from([item for item in TrialResult.__dataclass_fields__ if item != "endpoints"] + ["windows"]), JSON)
def test_any_value_in_a_trial_is_read_or_refused(key: str, value: object) -> None:
    """Whatever stands in a trial: a trial comes of it or a StoreError that names the line, nothing else."""
    with TemporaryDirectory() as name:
        store(Path(name), trial_of(1), trial_of(2))
        first, second = (Path(name) / TRIALS).read_text(encoding="utf-8").splitlines()
        changed = json.dumps({**json.loads(first), key: value})
        (Path(name) / TRIALS).write_text(f"{changed}\n{second}\n", encoding="utf-8")

        told = told_by(lambda: read_journal(Path(name)))

        assert told == "" or f"{TRIALS}, line " in told


def test_unknown_keys_are_refused_and_younger_ones_default(tmp_path: Path) -> None:
    """What a newer version wrote is not guessed at; what an older one did not know yet is unknown."""
    usage = Usage(cpu_s=1.0, busiest=0.5, peak_rss_bytes=1, in_query=3.5)
    store(tmp_path, replace(trial_of(1), usage={"database": usage}))
    row = json.loads((tmp_path / TRIALS).read_text(encoding="utf-8"))
    for younger in ("bound", "evidence"):
        del row[younger]
    del row["usage"]["database"]["in_query"]
    (tmp_path / TRIALS).write_text(json.dumps(row) + "\n", encoding="utf-8")
    (trial,) = read_trials(tmp_path)
    assert (trial.bound, trial.evidence, trial.usage) == (None, None, {"database": replace(usage, in_query=None)})

    (tmp_path / TRIALS).write_text(json.dumps(row | {"mood": "good"}) + "\n", encoding="utf-8")
    with pytest.raises(StoreError, match="line 1: unknown mood"):
        read_trials(tmp_path)

    del row["outcome"]
    (tmp_path / TRIALS).write_text(json.dumps(row) + "\n", encoding="utf-8")
    with pytest.raises(StoreError, match="line 1: missing outcome"):
        read_trials(tmp_path)


def test_a_trial_that_lacks_a_window_does_not_count(tmp_path: Path) -> None:
    """Its counts would be too low: it is left out, told of, and missing for a resume."""
    store(tmp_path, *windows_of(1, 2), trial_of(1), *windows_of(2, 3), trial_of(2))
    lines = (tmp_path / WINDOWS).read_bytes()
    (tmp_path / WINDOWS).write_bytes(lines[:-5])

    reading = read_journal(tmp_path)

    assert [trial.order for trial in reading.trials] == [1]
    assert "2 of its 3 windows" in reading.warnings[1]
    assert missing_trials([1, 2], reading.trials) == [2]
    assert next_order(tmp_path) == 3


def test_an_order_is_there_once(tmp_path: Path) -> None:
    """Two lines about one order are damage, not a choice."""
    store(tmp_path, trial_of(1))
    store(tmp_path, trial_of(1))

    with pytest.raises(StoreError, match="line 2: order 1 is there twice"):
        read_trials(tmp_path)


def test_a_window_after_the_end_of_its_trial_is_a_bug(tmp_path: Path) -> None:
    """It would make the stored trial another one than the one that was reported."""
    with Journal(tmp_path) as journal:
        journal.append_trial(trial_of(1))
        with pytest.raises(ValueError, match="after the end"):
            journal.append_window(windows_of(1, 1)[0], at=AT)


def test_nothing_that_is_no_number_is_stored(tmp_path: Path) -> None:
    """NaN and infinity are bugs, found where they are written."""
    with Journal(tmp_path) as journal, pytest.raises(ValueError, match="JSON"):
        journal.append_window(replace(windows_of(1, 1)[0], end_s=float("nan")), at=AT)

    assert list(read_windows(tmp_path)) == []


def test_orders_of_trials_that_never_ended_are_not_used_again(tmp_path: Path) -> None:
    """The next order is above those of lone windows and of lone trials."""
    store(tmp_path, trial_of(4), *windows_of(7, 1))
    assert next_order(tmp_path) == 8

    store(tmp_path, trial_of(9))
    assert next_order(tmp_path) == 10


def test_what_is_still_to_run() -> None:
    """Trials without a result and interrupted ones are missing, failed ones are not; the planned order stays."""
    results = [
        trial_of(1, trial=3),
        trial_of(2, trial=1, outcome="failed"),
        trial_of(3, trial=4, outcome="interrupted"),
    ]

    assert missing_trials([4, 3, 2, 1], results) == [4, 2]
    assert missing_trials([4], [*results, trial_of(4, trial=4)]) == []


def test_long_journals_are_read_one_line_at_a_time(tmp_path: Path) -> None:
    """Reading a journal of many windows takes the memory of few."""
    import tracemalloc

    counts = EndpointCounts(latency=recorded(dict.fromkeys(range(200), 3)))
    long = [replace(window, phase=Phase.MEASURED, endpoints={"/a": counts}) for window in windows_of(1, 3000)]
    store(tmp_path, *long, trial_of(1))
    del long
    size = (tmp_path / WINDOWS).stat().st_size
    tracemalloc.start()
    try:
        found = read_trials(tmp_path)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert found[0].endpoints["/a"].samples == 3000 * 600
    assert peak_bytes < size / 2
