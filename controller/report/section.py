"""One scenario of the page: its ranking with intervals, its latencies, its throughput over time, its trials."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from controller.compare.blocks import cells
from controller.compare.findings import Findings
from controller.compare.intervals import Interval
from controller.compare.ranking import Placed, Ranking
from controller.compare.verdicts import Comparison
from controller.compare.words import advice, scene
from controller.measure.trial import TOGETHER, TrialResult
from controller.measure.window import EndpointCounts, merged_counts
from controller.report.cells import UNKNOWN, Cells, cells_of, compared, rate_heading, ratio_text, seen_text
from controller.report.chart_capacity import Percentile, capacity_chart
from controller.report.chart_cpu import CpuTable, cpu_table
from controller.report.chart_latency import curves_of, latency_chart, percentile_cells
from controller.report.chart_rows import RowChart, rate_chart, ratio_chart
from controller.report.chart_time import time_panel, time_span, trace_of
from controller.report.choose import beside_baseline
from controller.report.trial_cells import step_cells, trial_cells, trial_name
from controller.units import rate_text


@dataclass(frozen=True, slots=True, kw_only=True)
class RankingRow:
    """A target's line; place is empty where it repeats the line above, first: a new group of places starts here."""

    cells: Cells
    place: str
    starts_group: bool
    about: str
    bar: Markup
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioRow:
    """A candidate beside the baseline."""

    candidate: str
    bar: Markup
    ratio: str
    verdict: str
    caveat: str | None
    seen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """A target's throughput over time; chart is None where none of its trials has a window."""

    target: str
    chart: Markup | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """All that the page says of one scenario and variant; charts are None where there is nothing to draw.

    compared is what its targets are compared by, in a word, and rate its heading; steps are those of searches, and
    curves their latency by rate.
    """

    anchor: str
    name: str
    compared: str
    rate: str
    settings: str
    legend: str
    axis: Markup
    ranking: tuple[RankingRow, ...]
    baseline: str
    ratio_axis: Markup
    ratios: tuple[RatioRow, ...]
    cpu: CpuTable | None
    curves: tuple[Percentile, Markup] | None
    advice: str | None
    latency: Markup | None
    percentiles: tuple[tuple[str, list[str]], ...]
    panels: tuple[Panel, ...]
    trials: tuple[Sequence[str], ...]
    steps: tuple[Sequence[str], ...]


def section_of(findings: Findings, ranking: Ranking, *, colours: Mapping[str, int]) -> Section:
    """Return the section of one ranking."""
    mine = [one for one in findings.trials if (one.scenario, one.variant) == (ranking.scenario, ranking.variant)]
    targets = [place.target for place in ranking.places]
    latencies = _latencies(mine, targets)
    rates = rate_chart([interval for place in ranking.measured if (interval := place.row.interval)])
    rows = beside_baseline(findings, ranking)
    ratios = ratio_chart([interval for row in rows if (interval := _interval(row))])
    return Section(
        anchor=f"s{findings.rankings.index(ranking) + 1}",
        name=scene(ranking),
        compared=compared(ranking),
        rate=rate_heading(ranking),
        settings=_settings(findings, ranking),
        legend=_legend(ranking),
        axis=rates.axis(),
        ranking=_ranking_rows(findings, ranking, rates),
        baseline=rows[0].baseline if rows else "",
        ratio_axis=ratios.axis(),
        ratios=tuple(_ratio_row(row, ratios) for row in rows),
        cpu=cpu_table(mine, targets),
        curves=capacity_chart(mine, targets, colours, label=f"Latency by arrival rate, {scene(ranking)}"),
        advice=advice(ranking),
        latency=latency_chart(curves_of(latencies, colours), label=f"Latency by percentile, {scene(ranking)}"),
        percentiles=tuple((target, percentile_cells(counts)) for target, counts in latencies.items()),
        panels=_panels(findings, mine, targets),
        trials=tuple(trial_cells(trial) for trial in mine),
        steps=tuple(step_cells(trial, step) for trial in mine for step in trial.steps),
    )


def _settings(findings: Findings, ranking: Ranking) -> str:
    """Return how a ranking's scenario was offered: as its variant in the plan says, else as its own one does."""
    if (planned := findings.settings.get(scene(ranking))) is not None:
        return planned
    return as_offered(findings.settings.get(ranking.scenario, ""), ranking.variant)


def as_offered(settings: str, variant: str) -> str:
    """Return how a scenario is offered in a variant, whose own number in flight and rate are not the plan's."""
    levels = dict(level.split("=", 1) for level in variant.split(",") if "=" in level)
    if "in_flight" in levels:
        settings = re.sub(r"[\d,]+(?= in flight)", f"{int(levels['in_flight']):,}", settings)
    if "rate_per_s" in levels:
        settings = settings.replace("closed loop", f"{rate_text(float(levels['rate_per_s']))}/s offered")
    return settings


def _latencies(trials: Sequence[TrialResult], targets: Sequence[str]) -> dict[str, EndpointCounts]:
    """Return each target's counts over all trials that count; targets without any answer are left out."""
    counted = {cell.target: found for cell, found in cells(trials).items()}
    found = {
        target: merged_counts(counts for trial in counted[target] if trial.ok and (counts := trial.counts(TOGETHER)))
        for target in targets
    }
    return {target: counts for target, counts in found.items() if counts.samples}


def _legend(ranking: Ranking) -> str:
    """Return how to read the ranking's marks."""
    most = max((place.row.trials for place in ranking.places), default=0)
    if most == 0:
        return "No trial was measured to its end."
    if most == 1:
        return "Dot: one trial. One trial has no spread, so there are no intervals and no places."
    ties = " Rows that share a place cannot be told apart." if len(ranking.measured) > 1 else ""
    return f"Dot: geometric mean of up to {most} trials. Bar: 95 % interval.{ties}"


def _ranking_rows(findings: Findings, ranking: Ranking, chart: RowChart) -> tuple[RankingRow, ...]:
    """Return the lines of the ranking; a place is written once for those that share it."""
    rows: list[RankingRow] = []
    above = ""
    for placed in ranking.places:
        cells = cells_of(placed)
        rows.append(
            RankingRow(
                cells=cells,
                place="" if cells.place == above else cells.place.replace("-", "–"),  # noqa: RUF001
                starts_group=cells.place != above,
                about=findings.about.get(placed.target, ""),
                bar=chart.bar(placed.row.interval, label=_bar_label(placed)),
                reason=None if placed.measured else placed.reason,
            )
        )
        above = cells.place
    return tuple(rows)


def _bar_label(placed: Placed) -> str:
    """Return in words what a bar shows."""
    interval = placed.row.interval
    if interval is None:
        return "not measured"
    ends = "" if interval.low is None else f", {rate_text(interval.low)} to {rate_text(interval.high or 0)}"
    return f"{rate_text(interval.mean)} a second{ends}"


def _interval(row: Comparison) -> Interval | None:
    return None if row.ratio is None else Interval(mean=row.ratio, low=row.ratio_low, high=row.ratio_high)


def _ratio_row(row: Comparison, chart: RowChart) -> RatioRow:
    """Return a candidate's line."""
    return RatioRow(
        candidate=row.candidate,
        bar=chart.bar(_interval(row), label=f"{ratio_text(row)} of {row.baseline}"),
        ratio=ratio_text(row),
        verdict=row.verdict or UNKNOWN,
        caveat=row.caveat,
        seen=seen_text(row),
    )


def _panels(findings: Findings, trials: Sequence[TrialResult], targets: Sequence[str]) -> tuple[Panel, ...]:
    """Return a panel for each target, all over the same seconds; none where no trial has any window."""
    traces = {
        target: [
            trace_of(findings.timelines.get(trial.order, ()), name=trial_name(trial), ok=trial.ok)
            for trial in trials
            if trial.target == target
        ]
        for target in targets
    }
    span = time_span([trace for found in traces.values() for trace in found])
    panels = tuple(
        Panel(target=target, chart=time_panel(found, span=span, label=f"Throughput over time, {target}"))
        for target, found in traces.items()
    )
    return panels if any(panel.chart is not None for panel in panels) else ()
