"""What targets cost to run, as people read it: the same rows in terminal, Markdown and page."""

from collections.abc import Iterator
from typing import Final

from controller.compare.costs import Cost
from controller.compare.findings import Findings
from controller.report.cells import UNKNOWN
from controller.units import MIB, duration_text

COST_TITLE: Final = "What it costs to run"
COST_HEADINGS: Final = ("target", "start-up", "idle memory", "peak memory", "lines of code", "build")


def cost_title(findings: Findings) -> str:
    """Return what stands above the rows: each is of all trials of its target, of whichever variant."""
    several = len({trial.variant for trial in findings.trials}) > 1
    return f"{COST_TITLE}, all variants together" if several else COST_TITLE


def cost_rows(findings: Findings) -> Iterator[tuple[str, ...]]:
    """Yield a row for each target of which something is known, in the order of the first ranking that has it."""
    placed = dict.fromkeys(place.target for ranking in findings.rankings for place in ranking.places)
    for target in (*placed, *(name for name in findings.costs if name not in placed)):
        if target in findings.costs:
            yield target, *_cells(findings.costs[target])


def _cells(cost: Cost) -> tuple[str, ...]:
    return (
        UNKNOWN if cost.startup_s is None else duration_text(cost.startup_s * 1000),
        _size(cost.idle_rss_bytes),
        _size(cost.peak_rss_bytes),
        UNKNOWN if cost.code_lines is None else f"{cost.code_lines:,}",
        _size(cost.build_bytes),
    )


def _size(size_bytes: float | None) -> str:
    if size_bytes is None:
        return UNKNOWN
    size = size_bytes / MIB
    return f"{size:,.1f} MiB" if 0 < size < 10 else f"{size:,.0f} MiB"
