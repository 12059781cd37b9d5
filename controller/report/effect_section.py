"""What each factor does, drawn: a forest of ratios with their intervals, each in the row that has its numbers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from markupsafe import Markup

from controller.compare.findings import Findings
from controller.report.chart_rows import RowChart, ratio_chart
from controller.report.effect_cells import EffectRow, EffectTable, effect_tables


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Rows that stand together, each with its name and its drawing; change stands above them where it is not empty."""

    change: str
    rows: tuple[tuple[str, EffectRow, Markup], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectSection:
    """All that the page says of the factors of one scenario; each is empty where there is a single target."""

    anchor: str
    table: EffectTable
    axis: Markup
    together: Group
    each_axis: Markup
    each: tuple[Group, ...]


def effect_sections(findings: Findings) -> Iterator[EffectSection]:
    """Yield a section for each scenario in which a factor varies."""
    for n, table in enumerate(effect_tables(findings), start=1):
        together, each = _chart(table.rows), _chart(table.targets)
        yield EffectSection(
            anchor=f"f{n}",
            table=table,
            axis=together.axis(),
            together=Group(change="", rows=tuple((row.change, row, _bar(row, together, table)) for row in table.rows)),
            each_axis=each.axis(),
            each=tuple(
                Group(change=change, rows=tuple((row.target, row, _bar(row, each, table)) for row in rows))
                for change, rows in groupby(table.targets, key=lambda row: row.change)
            ),
        )


def _chart(rows: Sequence[EffectRow]) -> RowChart:
    return ratio_chart([row.interval for row in rows if row.interval is not None])


def _bar(row: EffectRow, chart: RowChart, table: EffectTable) -> Markup:
    """Return a row's drawing, with what it shows in words."""
    return chart.bar(row.interval, label=f"{row.change}, {table.heading}: {row.ratio}")
