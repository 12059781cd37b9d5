"""The CSV files: whole, exact, and empty where nothing is known."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from controller.compare.blocks import counted_trials
from controller.errors import StoreError
from controller.measure.errors import Errors
from controller.report.columns import TABLES
from controller.report.tables import table_csv, write_tables
from tests.factories.found import RUNS, found, quick
from tests.factories.trials import failed, trial_of


def rows_of(trials: list, table: str) -> list[dict[str, str]]:
    """Return the rows of one table of a run as read back."""
    return list(csv.DictReader(io.StringIO(table_csv(found(trials), table))))


def test_numbers_read_back_as_they_were() -> None:
    """A reader of the file computes with the numbers that the program had."""
    findings = found(quick())
    frame = pd.read_csv(io.StringIO(table_csv(findings, "summary.csv")))

    assert list(frame["throughput_per_s"]) == [row.numbers.throughput_per_s for row in findings.summary]
    assert list(frame["requests"]) == [row.numbers.requests for row in findings.summary]


def test_what_is_not_known_is_an_empty_cell() -> None:
    """One trial has no interval, closed loops no proxy, and neither is a zero."""
    row = rows_of(RUNS["one trial each"](), "summary.csv")[0]

    assert row["throughput_low_per_s"] == row["throughput_high_per_s"] == row["proxy_cpu_us_per_request"] == ""
    assert float(row["throughput_per_s"]) > 0


def test_throughput_of_a_trial_is_what_its_row_says() -> None:
    """throughput_per_s is (requests - failures) over the measured seconds, of every measured trial."""
    for row in rows_of(quick(), "trials.csv"):
        if row["outcome"] == "ok":
            expected = (int(row["requests"]) - int(row["failures"])) / float(row["duration_s"])
            assert float(row["throughput_per_s"]) == pytest.approx(expected)


def test_summary_requests_are_the_sum_over_trials_that_count() -> None:
    """Summed by target, scenario and endpoint, the trials' requests are those of the summary."""
    trials = pd.read_csv(io.StringIO(table_csv(found(quick()), "trials.csv")))
    summary = pd.read_csv(io.StringIO(table_csv(found(quick()), "summary.csv")))
    keys = ["target", "scenario", "endpoint"]
    summed = trials[trials["outcome"] == "ok"].groupby(keys)["requests"].sum()

    assert summed.to_dict() == summary.set_index(keys)["requests"].to_dict()


def test_every_trial_has_its_rows() -> None:
    """Failed ones too, with outcome, reason and what was counted, and no rate."""
    trials = quick()
    rows = rows_of(trials, "trials.csv")
    (broken,) = (row for row in rows if row["outcome"] == "failed")

    assert [int(row["order"]) for row in rows if row["endpoint"] == "*"] == [trial.order for trial in trials]
    assert broken["reason"] == "python-flask died at second 3 with status 1"
    assert (broken["trials"], broken["throughput_per_s"], broken["latency_p50_ms"]) == ("0", "", "")


def test_a_failed_trial_keeps_its_counts() -> None:
    """Requests that were counted before it failed are in the table, so that nothing is lost; a rate is not."""
    trial = trial_of(rate_per_s=100)
    cut = failed(trial)
    cut = type(cut)(**{name: getattr(cut, name) for name in cut.__slots__} | {"endpoints": trial.endpoints})
    row = rows_of([cut], "trials.csv")[0]

    assert (row["requests"], row["failures"], row["throughput_per_s"]) == ("400", "0", "")


def test_a_repeated_trial_stays_in_the_table() -> None:
    """Both are kept, and only the last counts."""
    both = [trial_of(rate_per_s=100), trial_of(rate_per_s=200, order=9)]

    assert len([row for row in rows_of(both, "trials.csv") if row["endpoint"] == "*"]) == 2
    assert float(rows_of(both, "summary.csv")[0]["throughput_per_s"]) == pytest.approx(200)
    assert len(counted_trials(both)) == 1


def test_answers_of_the_whole_trial_are_counted_once() -> None:
    """answered_total stands beside `*` alone, so that a sum over rows is a sum over trials."""
    rows = rows_of([trial_of()], "trials.csv")

    assert [row["answered_total"] for row in rows] == ["13000", ""]


def test_errors_stand_by_trial_and_kind() -> None:
    """Every trial has a row for each kind of error that it had; what only a lost worker knew is empty."""
    errors = {
        "timeout": Errors(count=3, first_s=0.5, last_s=2.25, sample="/a: no answer within 30 s"),
        "reset": Errors(count=1),
    }
    rows = rows_of([trial_of(), replace(trial_of(trial=2, order=7), errors=errors)], "errors.csv")

    assert [(row["trial"], row["order"], row["kind"], row["count"]) for row in rows] == [
        ("2", "7", "reset", "1"),
        ("2", "7", "timeout", "3"),
    ]
    assert [(row["first_s"], row["last_s"], row["sample"]) for row in rows] == [
        ("", "", ""),
        ("0.5", "2.25", "/a: no answer within 30 s"),
    ]


def test_a_reason_of_several_lines_stays_one_cell() -> None:
    """Commas, quotes and line ends are text."""
    reason = 'expected "ok",\nfound 500; see logs'

    assert rows_of([failed(trial_of(), reason)], "trials.csv")[0]["reason"] == reason


def test_tables_are_written_whole(tmp_path: Path) -> None:
    """Every table and no leftovers; writing again replaces them."""
    first = write_tables(tmp_path, found(RUNS["one target"]()))
    second = write_tables(tmp_path, found(quick()))

    assert first == second
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(TABLES)
    assert "python-fastapi" in (tmp_path / "summary.csv").read_text(encoding="utf-8")


def test_every_step_of_a_search_is_in_a_table_of_its_own(tmp_path: Path) -> None:
    """steps.csv has all steps as run; the trial has the two ends of its search, and the summary their spread."""
    trials = RUNS["searches"]()
    write_tables(tmp_path, found(trials))
    steps, rows = rows_of(trials, "steps.csv"), rows_of(trials, "trials.csv")
    (summary,) = (
        row for row in rows_of(trials, "summary.csv") if (row["target"], row["endpoint"]) == ("python-flask", "*")
    )

    assert (tmp_path / "steps.csv").exists()
    assert [(int(row["trial"]), int(row["step"])) for row in steps] == [
        (trial.trial, step.step) for trial in trials for step in trial.steps
    ]
    assert {(row["kept"], row["missed"]) for row in steps} == {("yes", ""), ("no", "p99 31.2 ms, at most 20 ms")}
    for trial in trials:
        whole, part = (row for row in rows if int(row["trial"]) == trial.trial)
        assert trial.capacity is not None
        assert float(whole["capacity_per_s"]) == float(whole["capacity_low_per_s"]) == trial.capacity.per_s
        assert float(whole["capacity_high_per_s"]) == trial.capacity.high_per_s
        assert part["capacity_per_s"] == ""
    ends = [float(summary[f"capacity_{name}per_s"]) for name in ("low_", "", "high_")]
    assert ends == sorted(ends)
    assert len(set(ends)) == 3


def test_searches_are_compared_by_capacity_alone() -> None:
    """Throughput and latency are those of a rate that the search chose, so they get no row."""
    trials = RUNS["searches"]()

    assert [(row["metric"], row["verdict"]) for row in rows_of(trials, "comparison.csv")] == [
        ("capacity_per_s", "faster")
    ]


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """One line: which file, what was found, what to do."""
    with pytest.raises(StoreError, match=r"summary\.csv: expected to write it, found: .*; the journal "):
        write_tables(tmp_path / "gone", found(quick()))
