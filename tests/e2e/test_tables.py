"""The tables of a real run: their columns, their sums, and what every command makes of them."""

import json
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.e2e.command import WENT_WELL, Machine, one_line
from tests.e2e.sample import BLOCKS, IN_FLIGHT, TARGETS, Sample

KEYS = "run_id target variant scenario endpoint trials requests failures"
NUMBERS = (
    "throughput_per_s throughput_low_per_s throughput_high_per_s latency_p50_ms latency_p90_ms latency_p95_ms "
    "latency_p99_ms latency_p999_ms latency_max_ms service_p50_ms service_p99_ms server_cpu_us_per_request "
    "proxy_cpu_us_per_request backing_cpu_us_per_request generator_cpu_us_per_request server_peak_rss_mib bound doubts"
)
TRIAL = "trial block order started_at startup_s warmup_s duration_s answered_total outcome reason"
FACTORS = (
    "proxy tls http gzip client_keepalive upstream_keepalive proxy_cache cache db pool db_delay_ms cpus in_flight "
    "streams metrics network"
)
CAPACITY = "capacity_per_s capacity_low_per_s capacity_high_per_s"
COSTS = "server_idle_rss_mib build_mib code_lines requests_per_cpu_s throughput_per_s_per_gib failure_share"
EVIDENCE = "bound_evidence"
COLUMNS = {
    "summary.csv": f"{KEYS} {NUMBERS} {FACTORS} {CAPACITY} startup_s {COSTS} {EVIDENCE} notes",
    "trials.csv": f"{KEYS} {NUMBERS} {TRIAL} {FACTORS} {CAPACITY} {COSTS} {EVIDENCE} notes",
    "comparison.csv": "scenario endpoint variant baseline candidate metric ratio ratio_low ratio_high p_value verdict "
    "detectable",
    "factors.csv": "factor level against target scenario endpoint metric ratio ratio_low ratio_high p_value verdict "
    "detectable notes",
    "errors.csv": "run_id trial order target variant scenario kind count first_s last_s sample",
    "steps.csv": "run_id trial block target variant scenario step rate_per_s duration_s offered answered failures "
    "latency_p50_ms latency_p90_ms latency_p95_ms latency_p99_ms latency_p999_ms kept missed doubts",
    "hypotheses.csv": "says verdict ratio ratio_low ratio_high detail",
}
TRIALS = len(TARGETS) * 2 * BLOCKS
ANSWERED_WRONG = {"wrong_status", "wrong_length", "wrong_body", "malformed"}


def samples_of(counts: dict[str, list[list[int]]]) -> int:
    """Return how many samples an endpoint's counts in the journal hold: every second number of the histogram."""
    return sum(counts["latency"][0][1::2])


def test_the_run_went_well(sample: Sample) -> None:
    """The command ends with 0, or with 11 where the machine was too busy for a second to be steady."""
    assert sample.done.returncode in WENT_WELL, sample.done
    assert [row["outcome"] for row in sample.journal("trials.jsonl")] == ["ok"] * TRIALS


@pytest.mark.parametrize("table", COLUMNS)
def test_the_columns_are_those_promised(table: str, sample: Sample) -> None:
    """Each table of a real run has the columns that are documented, in that order, and rows.

    Without errors, searches, factors that vary and hypotheses there are no rows of those.
    """
    header, *rows = (sample.folder / table).read_text().splitlines()

    assert header.split(",") == COLUMNS[table].split()
    assert bool(rows) == (table not in {"errors.csv", "steps.csv", "factors.csv", "hypotheses.csv"})


def test_windows_add_up_to_trials(sample: Sample) -> None:
    """Requests, failures and answers of every trial are the sums of its windows, to the request."""
    requests, failures, answered = Counter[str](), Counter[str](), Counter[str]()
    for window in sample.journal("windows.jsonl"):
        for counts in window["endpoints"].values():
            order, errors = str(window["order"]), counts["errors"]
            answered[order] += samples_of(counts) + sum(n for kind, n in errors.items() if kind in ANSWERED_WRONG)
            if window["phase"] == "measured":
                requests[order] += samples_of(counts) + sum(errors.values())
                failures[order] += sum(errors.values())
    together = [row for row in sample.table("trials.csv") if row["endpoint"] == "*"]

    assert len(together) == TRIALS
    assert {row["order"]: int(row["requests"]) for row in together} == requests
    assert {row["order"]: int(row["failures"]) for row in together} == {
        row["order"]: failures[row["order"]] for row in together
    }
    assert {row["order"]: int(row["answered_total"]) for row in together} == answered


def test_servers_counted_the_same(sample: Sample) -> None:
    """What each server counted is what the journal holds, and what was asked before load: ready, each kind once."""
    asked_before = {"health": 1 + 1, "mixed": 1 + 2}
    for target in TARGETS:
        rows = [row for row in sample.table("trials.csv") if row["endpoint"] == "*" and row["target"] == target]
        rows.sort(key=lambda row: int(row["order"]))
        # The first file was written when the contract was checked.
        counted = [int(path.read_text()) for path in sorted(sample.counts.glob(f"{target}-*.count"))][-len(rows) :]

        assert counted == [int(row["answered_total"]) + asked_before[row["scenario"]] for row in rows]


def test_throughput_is_right_answers_over_time(sample: Sample) -> None:
    """The throughput of a trial is its requests less its failures over its measured seconds."""
    for row in sample.table("trials.csv"):
        whole = int(row["requests"]) - int(row["failures"])

        assert float(row["throughput_per_s"]) == pytest.approx(whole / float(row["duration_s"]))


def test_connections_are_those_of_the_plan(sample: Sample) -> None:
    """Every window of load was made by as many connections as the plan says, on one worker."""
    windows = sample.journal("windows.jsonl")

    assert {(row["users"], row["workers"]) for row in windows if row["phase"] != "drain"} == {(IN_FLIGHT, 1)}
    assert {row["in_flight"] for row in sample.table("trials.csv")} == {str(IN_FLIGHT)}


def test_two_blocks_have_an_interval(sample: Sample) -> None:
    """With two trials there is a spread: the interval encloses the throughput, the comparison its ratio."""
    for row in sample.table("summary.csv"):
        low, middle, high = (float(row[f"throughput{part}_per_s"]) for part in ("_low", "", "_high"))

        assert 0 < low <= middle <= high
    for row in sample.table("comparison.csv"):
        if row["ratio_low"]:
            assert float(row["ratio_low"]) <= float(row["ratio"]) <= float(row["ratio_high"])


def test_blocks_hold_every_target_and_scenario_once(sample: Sample) -> None:
    """Each block is a shuffled whole."""
    rows = [row for row in sample.table("trials.csv") if row["endpoint"] == "*"]
    cells = {(row["block"], row["target"], row["scenario"]) for row in rows}

    assert len(cells) == len(rows) == TRIALS
    assert [int(row["order"]) for row in sorted(rows, key=lambda row: int(row["trial"]))] == list(range(1, TRIALS + 1))


def test_the_page_needs_no_network(sample: Sample) -> None:
    """report.html refers to nothing outside itself."""
    page = (sample.folder / "report.html").read_text(encoding="utf-8")
    links = re.findall(r"""(?:src|href|action|data)\s*=\s*["']?([^"'\s>]+)""", page)

    assert [link for link in links if not link.startswith(("#", "data:"))] == []
    assert re.findall(r"@import|url\((?!['\"]?(?:data:|#))|<link|<script[^>]+src", page) == []
    assert all(name in page for name in TARGETS)


def test_what_a_run_keeps(sample: Sample) -> None:
    """The folder holds plan, facts, journal, tables, page and logs, and `latest` points to it."""
    names = {path.name for path in sample.folder.iterdir()}
    logs = {path.name for path in (sample.folder / "logs").iterdir()}

    assert {"plan.toml", "facts.json", "windows.jsonl", "trials.jsonl", "report.html", *COLUMNS} <= names
    assert {"locust-master.log", "locust-worker-1.log", "supervisor.log"} <= logs
    assert (sample.folder.parent / "latest").resolve() == sample.folder


@pytest.mark.parametrize("format_", ["text", "markdown", "csv", "json", "html"])
def test_compare_in_every_format(format_: str, sample: Sample, machine: Machine) -> None:
    """The run can be shown in each format, with another baseline too."""
    done = machine.run("compare", "latest", "--baseline", "second", "--format", format_, cwd=sample.project)

    assert done.returncode == 0, done
    assert all(name in done.stdout for name in TARGETS)
    if format_ == "json":
        assert json.loads(done.stdout)


def test_the_report_can_be_made_again(sample: Sample, machine: Machine) -> None:
    """From the journal alone the same tables come again, byte by byte."""
    before = {table: (sample.folder / table).read_bytes() for table in COLUMNS}
    for table in COLUMNS:
        (sample.folder / table).unlink()
    done = machine.run("report", "latest", cwd=sample.project)

    assert done.returncode == 0, done
    assert {table: (sample.folder / table).read_bytes() for table in COLUMNS} == before
    assert {Path(line).name for line in done.stdout.split()} == {*COLUMNS, "report.html"}


def test_runs_are_listed_and_removed(sample: Sample, machine: Machine) -> None:
    """A run is listed with its state; a copy of it can be removed, and nothing else goes with it."""
    copy = sample.folder.with_name("sample-copy")
    shutil.copytree(sample.folder, copy)
    listed = machine.run("runs", cwd=sample.project)
    removed = machine.run("runs", "rm", "sample-copy", cwd=sample.project)
    again = machine.run("runs", "rm", "sample-copy", cwd=sample.project)

    assert [line.split()[0] for line in listed.stdout.splitlines()[:2]] == [sample.folder.name, "sample-copy"]
    assert listed.stdout.count(f"finished: {TRIALS} trials") == 2
    assert (removed.returncode, copy.exists(), sample.folder.exists()) == (0, False, True)
    assert "sample-copy" in one_line(again, 5)


def test_the_stored_plan_is_the_plan(sample: Sample, machine: Machine) -> None:
    """What `plan show` prints is what a run stores, and a stored plan can be run again as it is."""
    shown = machine.run("plan", "show", "sample", cwd=sample.project).stdout
    stored = sample.folder / "plan.toml"
    planned = machine.run("run", stored, "--dry-run", cwd=sample.project)

    assert shown == stored.read_text()
    assert planned.stdout.startswith(f"sample: 2 targets x 2 scenarios x {BLOCKS} blocks = {TRIALS} trials")
    assert planned.returncode == 0


def test_the_dry_run_says_the_order(sample: Sample, machine: Machine) -> None:
    """The order that --dry-run prints is the order in which the trials ran, and it leaves no folder."""
    before = sorted(sample.folder.parent.iterdir())
    done = machine.run("run", "sample", "--dry-run", cwd=sample.project)
    words = " ".join(re.split(r"block \d+", done.stdout.partition("order:")[2])).replace("·", " ").split()
    rows = sorted(sample.journal("trials.jsonl"), key=lambda row: row["order"])

    assert words == [word for row in rows for word in (row["target"], row["scenario"])]
    assert sorted(sample.folder.parent.iterdir()) == before
    assert "can see" in done.stdout
