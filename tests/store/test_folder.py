"""A run folder is made whole, opened strictly, and found again."""

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import pytest

from controller.errors import StoreError
from controller.store.folder import LATEST, RunFolder, iso_time, open_run_folder
from controller.store.journal import TRIALS, Journal
from controller.store.lock import run_lock
from controller.store.resume import check_same_plan
from controller.store.runs import list_runs, remove_run
from tests.store.samples import AT, new_run, trial_of, windows_of

FACTS = "facts.json"


def changed(run: RunFolder, **values: object) -> Path:
    """Return the run's folder after values of its facts were replaced."""
    facts = json.loads((run.path / FACTS).read_text(encoding="utf-8"))
    (run.path / FACTS).write_text(json.dumps(facts | values), encoding="utf-8")
    return run.path


def test_a_run_folder_opens_as_it_was_made(tmp_path: Path) -> None:
    """Name, plan, facts: all of it, also through `latest`."""
    run = new_run(tmp_path / "deep" / "out")

    assert run.path.name == run.run_id == "quick-20261123T061300Z"
    assert open_run_folder(run.path) == open_run_folder(run.path.parent / LATEST) == run
    assert run.started_at == "2026-11-23T06:13:00.000Z"
    assert run.plan_text().startswith('name = "quick"')
    assert run.logs.is_dir()
    assert run.wrong.is_dir()


def test_two_runs_within_a_second_have_a_folder_each(tmp_path: Path) -> None:
    """The second does not write into the first, and is the latest."""
    first, second = new_run(tmp_path), new_run(tmp_path)

    assert second.run_id == f"{first.run_id}-2"
    assert open_run_folder(tmp_path / LATEST).run_id == second.run_id


def test_latest_is_a_relative_link(tmp_path: Path) -> None:
    """A folder of runs may be moved, and its latest moves along."""
    run = new_run(tmp_path / "a")
    moved = shutil.move(tmp_path / "a", tmp_path / "b")

    assert open_run_folder(Path(moved) / LATEST).run_id == run.run_id


def test_without_a_link_there_is_still_a_run(tmp_path: Path) -> None:
    """Something else called `latest`, or a file system without links, stops no run."""
    (tmp_path / LATEST).mkdir()

    run = new_run(tmp_path)

    assert open_run_folder(run.path) == run
    assert sorted(path.name for path in tmp_path.iterdir()) == [LATEST, run.run_id]


def test_what_is_no_run_folder_is_refused(tmp_path: Path) -> None:
    """Nothing there, a file, some folder: each is said."""
    (tmp_path / "file").touch()

    for path, found in [("none", "nothing there"), ("file", "a file"), (".", "a folder without facts.json")]:
        with pytest.raises(StoreError, match=f"expected a run folder, found {found}"):
            open_run_folder(tmp_path / path)


def test_a_path_that_cannot_be_looked_at_is_one_line(tmp_path: Path) -> None:
    """A name longer than any file's is refused like every other path that holds no run."""
    path = tmp_path / ("x" * 300)

    for act in (open_run_folder, remove_run, list_runs, new_run):
        with pytest.raises(StoreError, match="File name too long"):
            act(path)


def test_a_newer_format_is_refused_with_both_versions(tmp_path: Path) -> None:
    """What a newer FastServe wrote is not guessed at."""
    path = changed(new_run(tmp_path), format=2, fastserve="9.1")

    with pytest.raises(
        StoreError, match=r"format 1, which FastServe .* reads, found format 2, written by FastServe 9\.1"
    ):
        open_run_folder(path)


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": true}', '{"format": 1}', "\udcff"])
def test_damaged_facts_are_one_line(tmp_path: Path, text: str) -> None:
    """Whatever stands in facts.json: a run or one line that names the file."""
    run = new_run(tmp_path)
    (run.path / FACTS).write_bytes(text.encode("utf-8", errors="surrogateescape"))

    with pytest.raises(StoreError, match="damaged file") as raised:
        open_run_folder(run.path)

    assert FACTS in str(raised.value)
    assert "\n" not in str(raised.value)


def test_times_are_utc_with_milliseconds() -> None:
    """A moment reads the same everywhere."""
    assert iso_time(datetime.fromisoformat("2026-11-23T07:13:00.123456+01:00")) == AT
    assert iso_time(datetime(2026, 1, 1, tzinfo=UTC)) == "2026-01-01T00:00:00.000Z"


def test_a_run_goes_on_only_with_its_own_plan_and_builds(tmp_path: Path) -> None:
    """Comments do not matter; a changed setting, a missing one, another build are all listed."""
    run = new_run(tmp_path)
    check_same_plan(run, plan_toml='name = "quick"\nload.in_flight = 64', builds={"python-flask": "k1"})

    with pytest.raises(StoreError) as raised:
        check_same_plan(run, plan_toml="seed = 1\nload = { in_flight = 32 }", builds={"python-flask": "k2"})

    told = str(raised.value)
    assert "plan load.in_flight: was 64, now 32" in told
    assert "plan name: was 'quick', now 'not there'" in told
    assert "plan seed: was 'not there', now 1" in told
    assert "build of target python-flask: was 'k1', now 'k2'" in told


def test_runs_are_listed_with_how_far_they_came(tmp_path: Path) -> None:
    """Finished, unfinished, failed, being written, damaged: each is told; other folders are no runs."""
    finished, going, damaged = new_run(tmp_path, name="a"), new_run(tmp_path, name="b"), new_run(tmp_path, name="c")
    with Journal(finished.path) as journal:
        journal.append_trial(trial_of(1))
        journal.append_trial(trial_of(2, outcome="failed"))
    with Journal(going.path) as journal:
        journal.append_window(windows_of(1, 1)[0], at=AT)
        journal.append_trial(trial_of(1))
        journal.append_trial(trial_of(2, trial=1))
        journal.append_trial(trial_of(3, trial=2, outcome="interrupted"))
    (damaged.path / FACTS).write_text("{", encoding="utf-8")
    (tmp_path / "other").mkdir()
    (tmp_path / "file").touch()

    with run_lock(going.path):
        first, second, third = list_runs(tmp_path)

    assert (first.path, first.finished, first.done, first.failed, first.writer) == (finished.path, True, 2, 1, None)
    assert (second.path, second.finished, second.done, second.planned) == (going.path, False, 1, 2)
    assert second.writer is not None
    assert second.size_bytes >= (going.path / TRIALS).stat().st_size > 0
    assert third.problem is not None
    assert not third.finished


def test_no_runs_are_no_error(tmp_path: Path) -> None:
    """A folder that was not made yet holds none; a file is no folder."""
    assert list_runs(tmp_path / "none") == []

    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="expected a folder of runs"):
        list_runs(tmp_path / "file")


def test_a_run_is_removed_whole_and_nothing_else(tmp_path: Path) -> None:
    """Its folder goes, and `latest` where it pointed there; other folders and runs being written are refused."""
    run = new_run(tmp_path)
    (tmp_path / "precious").mkdir()
    with pytest.raises(StoreError, match="expected a run folder"):
        remove_run(tmp_path / "precious")
    with run_lock(run.path), pytest.raises(StoreError, match="writing to this run"):
        remove_run(run.path)

    remove_run(tmp_path / LATEST)

    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


def test_a_plan_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    """A missing or damaged plan.toml in a run is told as such."""
    run = new_run(tmp_path)
    (run.path / "plan.toml").write_text("name =", encoding="utf-8")
    with pytest.raises(StoreError, match=r"plan\.toml: expected the resolved plan, found a damaged file"):
        check_same_plan(run, plan_toml="", builds={})

    (run.path / "plan.toml").unlink()
    with pytest.raises(StoreError, match=r"plan\.toml: expected a readable file"):
        run.plan_text()
