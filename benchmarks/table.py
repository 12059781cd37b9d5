"""What was found as a table to read and as CSV."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import fields
from typing import Any, Final

from benchmarks.figures import Figure
from benchmarks.fixed import MOST_FIXED_S, FixedCost, TrialCost
from benchmarks.samples import Ratio, Row, Sample
from controller.measure.spent import Spent
from controller.units import rate_text, three_digits

_HEADERS: Final = (
    "workload",
    "generator",
    "requests/CPU-s",
    "CPU us each",
    "requests/s",
    "cores",
    "of wrk or h2load, least to greatest",
    "of FastHttpUser",
    "floor",
)
# How many of the columns are text, and stand left.
_TEXT_COLUMNS: Final = 2
_SAMPLE_COLUMNS: Final = ("workload", "generator", "round", *(field.name for field in fields(Spent)))


def table_text(rows: Sequence[Row]) -> str:
    """Return the rows as an aligned table."""
    lines = [_HEADERS, *(_cells(row) for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(_HEADERS))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if place < _TEXT_COLUMNS else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def fixed_cost_text(cost: FixedCost) -> str:
    """Return one line about what a trial costs beside warm-up and measuring."""
    greatest = cost.greatest
    return (
        f"a trial beside warm-up and measuring: median {cost.median_s:.2f} s of {len(cost.trials)}, greatest "
        f"{greatest.fixed_s:.2f} s ({greatest.target} {greatest.scenario}); at most {MOST_FIXED_S:g} s: "
        f"{_verdict(cost.reached)}"
    )


def figures_text(figures: Iterable[Figure]) -> str:
    """Return a line for each figure: what was asked, what was found, what was to be reached."""
    return "\n".join(f"{one.name}: {one.found}; {one.bound}: {_verdict(one.reached)}" for one in figures)


def figures_csv(figures: Iterable[Figure]) -> str:
    """Return one line for each figure."""
    return _csv(
        ("name", "found", "bound", "verdict"), [(f.name, f.found, f.bound, _verdict(f.reached)) for f in figures]
    )


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.workload.name,
        row.generator,
        rate_text(row.per_cpu_s),
        three_digits(row.cpu_us),
        rate_text(row.per_s),
        f"{row.cores:.2f}",
        _ratio_text(row.of_rival),
        "" if row.of_fast_http_user is None else f"{row.of_fast_http_user.median:.1f}",
        "" if row.reached is None else f"{row.workload.floor:g} {_verdict(row.reached)}",
    )


def _ratio_text(ratio: Ratio | None) -> str:
    return "" if ratio is None else f"{ratio.median:.3f} ({ratio.least:.3f} to {ratio.greatest:.3f})"


def _verdict(reached: bool) -> str:
    return "reached" if reached else "missed"


def summary_csv(rows: Iterable[Row]) -> str:
    """Return one line for each generator and workload; a cell that is not known is empty."""
    header = (
        *("workload", "generator", "rounds", "requests_per_cpu_s", "cpu_us_per_request", "requests_per_s", "cores"),
        *("rival", "of_rival", "of_rival_least", "of_rival_greatest", "of_fast_http_user", "floor", "verdict"),
    )
    return _csv(header, [_summary_cells(row) for row in rows])


def fixed_cost_csv(cost: FixedCost) -> str:
    """Return one line for each trial of a run that has a next one."""
    names = [field.name for field in fields(TrialCost)]
    return _csv(names, [[_number_text(getattr(trial, name)) for name in names] for trial in cost.trials])


def _number_text(value: object) -> object:
    return f"{value:.3f}" if isinstance(value, float) else value


def samples_csv(samples: Iterable[Sample]) -> str:
    """Return one line for each round of each generator, as measured."""
    lines = [
        (sample.workload.name, sample.generator, sample.round, *(getattr(sample.spent, f.name) for f in fields(Spent)))
        for sample in samples
    ]
    return _csv(_SAMPLE_COLUMNS, lines)


def _summary_cells(row: Row) -> tuple[Any, ...]:
    rival, fast = row.of_rival, row.of_fast_http_user
    return (
        *(
            row.workload.name,
            row.generator,
            row.rounds,
            f"{row.per_cpu_s:.0f}",
            f"{row.cpu_us:.3f}",
            f"{row.per_s:.0f}",
        ),
        f"{row.cores:.3f}",
        row.workload.rival,
        *(("", "", "") if rival is None else (f"{rival.median:.4f}", f"{rival.least:.4f}", f"{rival.greatest:.4f}")),
        "" if fast is None else f"{fast.median:.2f}",
        *(("", "") if row.reached is None else (row.workload.floor, _verdict(row.reached))),
    )


def _csv(header: Sequence[str], lines: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(lines)
    return text.getvalue()
