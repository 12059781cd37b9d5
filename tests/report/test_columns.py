"""The columns of the tables: in the order promised, each explained, and none invented."""

import re
from pathlib import Path

import pytest

from controller.measure.doubt import PASSING, REMEDIES, DoubtKind
from controller.measure.errors import ErrorKind
from controller.plan.factors import FACTORS
from controller.report.columns import COMPARISON, EFFECTS, ERRORS, HYPOTHESES, STEPS, SUMMARY, TRIALS
from controller.report.joined import JOINED

DICTIONARY = Path(__file__).parents[2] / "exports" / "COLUMNS.md"

FIRST_OF_SUMMARY = [
    "run_id",
    "target",
    "variant",
    "scenario",
    "endpoint",
    "trials",
    "requests",
    "failures",
    "throughput_per_s",
    "throughput_low_per_s",
    "throughput_high_per_s",
    "latency_p50_ms",
    "latency_p90_ms",
    "latency_p95_ms",
    "latency_p99_ms",
    "latency_p999_ms",
    "latency_max_ms",
    "service_p50_ms",
    "service_p99_ms",
    "server_cpu_us_per_request",
    "proxy_cpu_us_per_request",
    "backing_cpu_us_per_request",
    "generator_cpu_us_per_request",
    "server_peak_rss_mib",
    "bound",
    "doubts",
]


COSTS = ("server_idle_rss_mib", "build_mib", "code_lines", "requests_per_cpu_s", "throughput_per_s_per_gib")
SHARE = "failure_share"
EVIDENCE = "bound_evidence"
CAPACITY = ("capacity_per_s", "capacity_low_per_s", "capacity_high_per_s")


def explained(table: str) -> list[tuple[str, str]]:
    """Return (column, meaning) of one table of the dictionary, in the order written."""
    text = DICTIONARY.read_text(encoding="utf-8").split(f"## {table}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^\| `(\w+)` \|[^|]*\| ([^|]+) \|$", text, re.MULTILINE)


def test_summary_columns_stand_in_the_order_promised() -> None:
    """First the fixed ones, then every factor, then what was added since, and notes last."""
    assert [*SUMMARY] == [*FIRST_OF_SUMMARY, *FACTORS, *CAPACITY, "startup_s", *COSTS, SHARE, EVIDENCE, "notes"]


def test_trials_are_the_same_with_what_one_trial_has() -> None:
    """trials.csv has every column of summary.csv, in the same order, and its own."""
    own = [
        "trial",
        "block",
        "order",
        "started_at",
        "startup_s",
        "warmup_s",
        "duration_s",
        "answered_total",
        "outcome",
        "reason",
    ]

    shared = [column for column in SUMMARY if column != "startup_s"]
    assert [column for column in TRIALS if column in shared] == shared
    assert [column for column in TRIALS if column not in shared] == own


def test_comparison_columns_stand_in_the_order_promised() -> None:
    """comparison.csv has these columns and no other."""
    assert " ".join(COMPARISON) == (
        "scenario endpoint variant baseline candidate metric ratio ratio_low ratio_high p_value verdict detectable"
    )


def test_effect_columns_stand_in_the_order_promised() -> None:
    """factors.csv has these columns and no other."""
    assert " ".join(EFFECTS) == (
        "factor level against target scenario endpoint metric "
        "ratio ratio_low ratio_high p_value verdict detectable notes"
    )


def test_error_columns_stand_in_the_order_promised() -> None:
    """errors.csv has these columns and no other."""
    assert " ".join(ERRORS) == "run_id trial order target variant scenario kind count first_s last_s sample"


def test_every_kind_of_error_is_explained() -> None:
    """The dictionary has one line for each kind, in the order of the code, and for no other."""
    text = DICTIONARY.read_text(encoding="utf-8").split("| kind | what happened |\n", 1)[1]

    assert re.findall(r"^\| `(\w+)` \| [^|]{10,} \|$", text, re.MULTILINE) == [kind.value for kind in ErrorKind]


def test_every_doubt_is_explained() -> None:
    """The dictionary has one line for each kind, in the order of the code, whether it may pass, and what to do."""
    text = DICTIONARY.read_text(encoding="utf-8").split("| doubt | raised when | may pass | what to do |\n", 1)[1]
    rows = re.findall(r"^\| `(.+)` \| [^|]{10,} \| (yes|no) \| (.+) \|$", text, re.MULTILINE)

    assert rows == [(kind.value, "yes" if kind in PASSING else "no", REMEDIES[kind]) for kind in DoubtKind]


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        ("summary.csv", SUMMARY),
        ("trials.csv", tuple(column for column in TRIALS if column not in SUMMARY or column == "startup_s")),
        ("comparison.csv", COMPARISON),
        ("factors.csv", EFFECTS),
        ("two runs", tuple(column for column in JOINED if column not in COMPARISON)),
        ("errors.csv", ERRORS),
        ("steps.csv", STEPS),
        ("hypotheses.csv", HYPOTHESES),
    ],
)
def test_every_column_is_explained(table: str, columns: tuple[str, ...]) -> None:
    """The dictionary explains exactly the columns that the code writes, in their order."""
    rows = explained(table)

    assert tuple(column for column, _ in rows) == columns
    assert all(len(meaning) > 10 for _, meaning in rows)
