"""The report for a terminal: answer first, plain characters, lines of at most 100 columns."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from textwrap import wrap

from controller.compare.findings import Findings
from controller.compare.pairs import ONE_TRIAL
from controller.compare.ranking import Ranking
from controller.compare.remarks import Remark
from controller.compare.verdicts import Comparison
from controller.compare.words import advice, answer, remark, scene
from controller.report.cells import UNKNOWN, Cells, cells_of, compared, rate_heading, ratio_text, seen_text
from controller.report.choose import beside_baseline, shown_whole
from controller.report.columns import TABLES
from controller.report.cost_cells import COST_HEADINGS, cost_rows, cost_title
from controller.report.effect_cells import EffectTable, effect_tables
from controller.report.hypothesis_cells import hypothesis_rows
from controller.report.limit_text import limit_lines

COLUMNS = 100
_LABEL = 8
# A longer name stands on a line of its own; where numbers are wide, so do shorter ones.
_LONGEST_NAMES = (22, 15, 8)
_LAST_HEADING = "limited"
_LONGEST_BESIDE = 40
_MOST_REMARKS = 20
_WHOLE = (ONE_TRIAL, "cannot tell")
_UNBROKEN = "\N{NO-BREAK SPACE}"


def findings_text(findings: Findings) -> str:
    """Return the whole report; of a run without trials it says so. Ends with a newline."""
    whole, others = shown_whole(findings.rankings)
    blocks = [list(_ranking_lines(findings, ranking)) for ranking in whole]
    if not blocks:
        blocks.append([f"{findings.run_id}: no trial has ended yet"])
    # What was asked is answered first.
    blocks.insert(0, list(_hypothesis_lines(findings)))
    blocks += [list(_effect_lines(table)) for table in effect_tables(findings)]
    blocks.append([line for ranking in others for line in _wrapped(answer(ranking), indent=2)])
    blocks.append([part for line in limit_lines(findings.slos) for part in _labelled("slo", line)])
    blocks.append(list(_cost_lines(findings)))
    blocks.append(list(_remark_lines(findings.remarks)))
    blocks.append(list(_where_lines(findings)))
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _ranking_lines(findings: Findings, ranking: Ranking) -> Iterator[str]:
    """Yield one scenario: its sentence, its ranking, and its targets beside the baseline."""
    name = scene(ranking)
    said = answer(ranking)
    beside = said.startswith(f"{name}: ") and len(name) <= _LONGEST_NAMES[0]
    yield from _wrapped(said, indent=len(name) + 2 if beside else 2)
    if more := remark(ranking):
        yield from _wrapped(more, indent=2, first=2)
    yield ""
    yield from _ranking_table(ranking)
    yield from _evidence_lines(ranking)
    if rows := beside_baseline(findings, ranking):
        yield ""
        yield from _beside_table(rows, compared=compared(ranking))
    if more := advice(ranking):
        yield ""
        yield from _wrapped(more, indent=2, first=2)


def _ranking_table(ranking: Ranking) -> Iterator[str]:
    """Yield the table of a ranking: two lines of headings, a line for each target, doubts under it."""
    cells = [cells_of(place) for place in ranking.places]
    placed, rate = len(ranking.measured) > 2, rate_heading(ranking)
    longest, (heading, units, *lines) = _narrowed(cells, placed=placed, rate=rate)
    # One heading over two columns, which no cell of a single column can be.
    yield re.sub(r"CPU us/ +request", lambda found: "CPU us/request".center(len(found[0])), heading)
    yield units
    for place, one, line in zip(ranking.places, cells, lines, strict=True):
        if len(one.target) > longest:
            yield f"  {one.target}"
        yield from _last_cell_wrapped(line, one.bound)
        if one.doubts:
            yield from _wrapped(f"doubt: {one.doubts}", indent=11, first=4)
        if place.reason and not place.measured:
            yield from _wrapped(place.reason, indent=12, first=4)


def _evidence_lines(ranking: Ranking) -> Iterator[str]:
    """Yield what shows each bound, once for all targets that have it in the same words."""
    shown: dict[str, list[str]] = {}
    for one in map(cells_of, ranking.places):
        if one.evidence:
            shown.setdefault(f"limited by {one.bound}, {one.evidence}", []).append(one.target)
    for text, targets in shown.items():
        yield from _wrapped(f"{', '.join(targets)}: {text}", indent=4, first=2)


def _narrowed(cells: Sequence[Cells], *, placed: bool, rate: str) -> tuple[int, list[str]]:
    """Return the lines of a table and the longest name in it, shortened until the last column has room for a word."""
    word = max(len(part) for one in cells for part in one.bound.split())
    for longest in _LONGEST_NAMES:
        lines = _table_lines(cells, placed=placed, rate=rate, longest_name=longest)
        if lines[0].index(_LAST_HEADING) + word <= COLUMNS:
            break
    return longest, lines


def _table_lines(cells: Sequence[Cells], *, placed: bool, rate: str, longest_name: int) -> list[str]:
    """Return headings and rows lined up; the last column may be too wide."""
    rows = [_row(one, named=len(one.target) <= longest_name, placed=placed) for one in cells]
    head = ("place", "target", rate, "", "p50", "p99", "CPU us/", "request", "memory", _LAST_HEADING)
    units = ("", "", "", "", "", "", "server", "generator", "peak", "by")
    heads = [row if placed else row[1:] for row in (head, units)]
    return list(aligned([*heads, *rows], left={len(heads[0]) - 1} | ({1} if placed else {0})))


def _last_cell_wrapped(line: str, last: str) -> Iterator[str]:
    """Yield a row whole, or its last cell on as many lines as that needs."""
    start = len(line) - len(last)
    first, *more = wrap(last, max(1, COLUMNS - start), break_long_words=False) or [""]
    yield line[:start] + first
    yield from (" " * start + part for part in more)


def _beside_table(rows: Sequence[Comparison], *, compared: str) -> Iterator[str]:
    """Yield the candidates beside the baseline; what must be said beside a verdict under it, or once for all."""
    names = [f"beside {rows[0].baseline}", *(row.candidate for row in rows)]
    cells = [(compared, "would have seen", "verdict")]
    cells += [(ratio_text(row), seen_text(row), row.verdict or UNKNOWN) for row in rows]
    shown = [(name if len(name) <= _LONGEST_BESIDE else "", *row) for name, row in zip(names, cells, strict=True)]
    caveats = [None, *(row.caveat for row in rows)]
    same = len(set(caveats[1:])) == 1
    for name, line, caveat in zip(names, aligned(shown, left={0, 3}), caveats, strict=True):
        if len(name) > _LONGEST_BESIDE:
            yield f"  {name}"
        yield line
        if caveat and not same:
            yield f"    {caveat}"
    if same and caveats[1]:
        yield f"    {caveats[1]}"


def _row(cells: Cells, *, named: bool, placed: bool) -> Sequence[str]:
    """Return a target's row; a name too long for its column stands on the line before."""
    row = (
        cells.place,
        cells.target if named else "",
        cells.rate,
        cells.width,
        cells.p50,
        cells.p99,
        cells.server_us,
        cells.generator_us,
        cells.memory,
        cells.bound,
    )
    return row if placed else row[1:]


def aligned(rows: Sequence[Sequence[str]], *, left: set[int]) -> Iterator[str]:
    """Yield rows with their columns lined up, to the right but for those in `left`, two spaces in front of each."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        cells = [
            cell.ljust(width) if column in left else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield ("  " + "  ".join(cells)).rstrip()


def _effect_lines(table: EffectTable) -> Iterator[str]:
    """Yield what each factor does in one scenario, over all targets, and what is to be said of it."""
    yield from _wrapped(table.title, indent=2)
    upper = (table.over, table.heading, "seen", "", table.beside.partition("\n")[0])
    lower = ("", "", "from", "verdict", table.beside.partition("\n")[2])
    rows = [(row.change, row.ratio, row.seen, row.verdict, row.beside) for row in table.rows]
    two, more, *lines = aligned([upper, lower, *rows], left={0, 3})
    yield two
    yield more
    for row, line in zip(table.rows, lines, strict=True):
        yield line
        if row.caveat:
            yield f"    {row.caveat}"
    for said in table.said:
        yield from _wrapped(said, indent=4, first=2)


def _hypothesis_lines(findings: Findings) -> Iterator[str]:
    """Yield what each hypothesis of the plan came to, the numbers under it."""
    for says, verdict, _, detail in hypothesis_rows(findings):
        yield from _wrapped(f"{verdict}: {says}", indent=2)
        yield from _wrapped(detail, indent=4, first=4)


def _cost_lines(findings: Findings) -> Iterator[str]:
    """Yield what each target costs to run; nothing where nobody knows."""
    if not (rows := list(cost_rows(findings))):
        return
    yield cost_title(findings).lower()
    shown = [("" if len(row[0]) > _LONGEST_NAMES[0] else row[0], *row[1:]) for row in rows]
    heading, *lines = aligned([COST_HEADINGS, *shown], left={0})
    yield heading
    for row, line in zip(rows, lines, strict=True):
        if len(row[0]) > _LONGEST_NAMES[0]:
            yield f"  {row[0]}"
        yield line


def _remark_lines(remarks: Iterable[Remark]) -> Iterator[str]:
    """Yield failures, doubts and notes, each with its label; of very many the first ones and how many more."""
    for severity, group in groupby(remarks, key=lambda remark: remark.severity):
        found = list(group)
        for one in found[:_MOST_REMARKS]:
            yield from _labelled(severity.value, one.line)
        if len(found) > _MOST_REMARKS:
            yield from _labelled(severity.value, f"and {len(found) - _MOST_REMARKS} more, in trials.csv")


def _where_lines(findings: Findings) -> Iterator[str]:
    """Yield where the tables and the report are and what to do next, as far as that is known."""
    if findings.folder:
        # Of a run that varies no factor there is nothing to read in factors.csv.
        tables = [table for table in TABLES if table != "factors.csv" or findings.effects]
        yield from _labelled("tables", f"{findings.folder}/{'  '.join(tables)}")
        yield from _labelled("report", f"{findings.folder}/report.html")
    if findings.following:
        yield from _labelled("next", findings.following)


def _labelled(label: str, text: str) -> list[str]:
    # Paths and commands are for copying: only prose is broken into lines.
    if label in {"tables", "report", "next"}:
        return [label.ljust(_LABEL) + text]
    lines = _wrapped(text, indent=_LABEL, first=_LABEL)
    return [label.ljust(_LABEL) + lines[0].lstrip(), *lines[1:]]


def _wrapped(text: str, *, indent: int, first: int = 0) -> list[str]:
    """Return prose in lines that fit; what people look for stays on one line, words too long for one are broken."""
    for whole in _WHOLE:
        text = text.replace(whole, whole.replace(" ", _UNBROKEN))
    lines = wrap(text, COLUMNS, initial_indent=" " * first, subsequent_indent=" " * indent, break_on_hyphens=False)
    return [line.replace(_UNBROKEN, " ") for line in lines] or [""]
