"""The table and the CSV files say the same, and a cell that is not known is empty."""

import csv
import io

from benchmarks.figures import Figure
from benchmarks.fixed import FixedCost, TrialCost
from benchmarks.samples import rows_of
from benchmarks.table import (
    figures_csv,
    figures_text,
    fixed_cost_csv,
    fixed_cost_text,
    samples_csv,
    summary_csv,
    table_text,
)
from benchmarks.workloads import FAST_HTTP_USER, FASTSERVE, WRK
from tests.benchmarks.test_samples import sample

SAMPLES = [
    sample(generator, number, cpu_us=cost)
    for number in (1, 2, 3)
    for generator, cost in ((WRK, 4.0), (FASTSERVE, 4.4), (FAST_HTTP_USER, 80.0))
]


def test_the_table_gives_ratios_and_the_verdict() -> None:
    """FastServe's row has its share of wrk, how often FastHttpUser it is, and whether the floor is reached."""
    header, wrk, fastserve, fast_http_user = table_text(rows_of(SAMPLES)).splitlines()

    assert header.split()[:2] == ["workload", "generator"]
    assert fastserve.split()[2:6] == ["227,273", "4.40", "50,000", "0.22"]
    assert fastserve.split()[6:] == ["0.909", "(0.909", "to", "0.909)", "18.2", "0.8", "reached"]
    assert wrk.split()[-1] == "20.0"
    assert fast_http_user.split()[-1] == "1.0"


def test_a_miss_is_said() -> None:
    """Below the floor the row says so."""
    row = table_text(rows_of([sample(WRK, 1, cpu_us=4.0), sample(FASTSERVE, 1, cpu_us=5.2)])).splitlines()[-1]

    assert row.endswith("0.8 missed")


def test_unknown_ratios_are_empty_cells() -> None:
    """Without wrk and FastHttpUser there is no ratio, no floor and no 0."""
    (line,) = csv.DictReader(io.StringIO(summary_csv(rows_of([sample(FASTSERVE, 1, cpu_us=5.0)]))))

    assert {name for name, cell in line.items() if not cell} == {
        "of_rival",
        "of_rival_least",
        "of_rival_greatest",
        "of_fast_http_user",
        "floor",
        "verdict",
    }


def test_every_round_is_kept() -> None:
    """rounds.csv holds what was measured, from which the table can be made again."""
    lines = list(csv.DictReader(io.StringIO(samples_csv(SAMPLES))))

    assert len(lines) == len(SAMPLES)
    assert lines[1] == {
        "workload": "health",
        "generator": "FastServe",
        "round": "1",
        "requests": "100000",
        "cpu_s": str(SAMPLES[1].spent.cpu_s),
        "seconds": "2.0",
        "p50_ms": "",
        "p99_ms": "",
    }


def test_figures_say_what_was_found_and_what_was_to_be() -> None:
    """A figure is a line of text and a line of CSV, with its verdict."""
    figures = [
        Figure(name="lag", found="p99 0.12 ms", bound="at most 0.25 ms", reached=True),
        Figure(name="memory", found="310 MiB", bound="at most 300 MiB", reached=False),
    ]

    assert figures_text(figures).splitlines() == [
        "lag: p99 0.12 ms; at most 0.25 ms: reached",
        "memory: 310 MiB; at most 300 MiB: missed",
    ]
    assert figures_csv(figures).splitlines() == [
        "name,found,bound,verdict",
        "lag,p99 0.12 ms,at most 0.25 ms,reached",
        "memory,310 MiB,at most 300 MiB,missed",
    ]


def test_the_fixed_cost_says_its_bound() -> None:
    """The text gives the median, the trial that cost most and the verdict; the CSV every trial."""
    costs = [("a", 0.5, 1.8), ("b", None, 3.21), ("a", 0.4, 1.84)]
    cost = FixedCost(
        trials=tuple(
            TrialCost(order=order, target=target, scenario="health", startup_s=startup_s, fixed_s=fixed_s)
            for order, (target, startup_s, fixed_s) in enumerate(costs, start=1)
        )
    )

    assert fixed_cost_text(cost).endswith("median 1.84 s of 3, greatest 3.21 s (b health); at most 3 s: missed")
    assert fixed_cost_csv(cost).splitlines() == [
        "order,target,scenario,startup_s,fixed_s",
        "1,a,health,0.500,1.800",
        "2,b,health,,3.210",
        "3,a,health,0.400,1.840",
    ]
