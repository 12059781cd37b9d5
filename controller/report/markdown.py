"""The report for a pull request: short tables in Markdown, answer first."""

import re
from collections.abc import Iterable, Iterator, Sequence

from controller.compare.effects import ALL_TARGETS
from controller.compare.findings import Findings
from controller.compare.ranking import Placed, Ranking
from controller.compare.words import advice, answer, remark, scene
from controller.report.cells import cells_of, compared, rate_heading, ratio_text, seen_text, verdict_text
from controller.report.choose import beside_baseline
from controller.report.cost_cells import COST_HEADINGS, cost_rows, cost_title
from controller.report.effect_cells import EffectRow, EffectTable, effect_tables
from controller.report.hypothesis_cells import HYPOTHESIS_HEADINGS, HYPOTHESIS_TITLE, hypothesis_rows
from controller.report.limit_text import limit_lines

_MEASURED = ("p50", "p99", "CPU us/request", "peak memory", "limited by", "doubts")
# Characters that would start a link, a tag, emphasis, code or another cell.
_SPECIAL = re.compile(r"([\\`*_\[\]<>|~#&])")


def findings_markdown(findings: Findings) -> str:
    """Return the report as GitHub-flavoured Markdown; of a run without trials it says so. Ends with a newline."""
    blocks = [_ranking_block(findings, ranking) for ranking in findings.rankings]
    blocks = blocks or [f"{escaped(findings.run_id)}: no trial has ended yet"]
    blocks += [_effect_block(effect) for effect in effect_tables(findings)]
    if hypotheses := list(hypothesis_rows(findings)):
        blocks.insert(0, f"### {HYPOTHESIS_TITLE}\n\n{table(HYPOTHESIS_HEADINGS, hypotheses, right={2})}")
    if findings.slos:
        blocks.append("\n".join(f"- SLO {escaped(line)}" for line in limit_lines(findings.slos)))
    if rows := list(cost_rows(findings)):
        blocks.append(f"### {cost_title(findings)}\n\n{table(COST_HEADINGS, rows, right={1, 2, 3, 4, 5})}")
    if findings.remarks:
        blocks.append("\n".join(f"- {one.severity}: {escaped(one.line)}" for one in findings.remarks))
    return "\n\n".join(blocks) + "\n"


def _ranking_block(findings: Findings, ranking: Ranking) -> str:
    """Return one scenario: heading, sentence, ranking, and the targets beside the baseline."""
    parts = [f"### {escaped(scene(ranking))}", f"**{escaped(answer(ranking))}**"]
    if more := remark(ranking):
        parts.append(escaped(more))
    heads = ("place", "target", rate_heading(ranking), *_MEASURED)
    parts.append(table(heads, [_ranking_row(place) for place in ranking.places], right={0, 2, 3, 4, 5, 6}))
    if rows := beside_baseline(findings, ranking):
        beside = ("candidate", compared(ranking), "would have seen", "verdict")
        body = [(row.candidate, ratio_text(row), seen_text(row), verdict_text(row)) for row in rows]
        parts += [f"Beside {escaped(rows[0].baseline)}:", table(beside, body, right={1, 2})]
    if more := advice(ranking):
        parts.append(escaped(more))
    return "\n\n".join(parts)


def _ranking_row(place: Placed) -> Sequence[str]:
    """Return a target's row; what went wrong stands in the last cell."""
    cells = cells_of(place)
    trouble = [cells.doubts, place.reason if place.reason and not place.measured else ""]
    return (
        cells.place,
        cells.target,
        f"{cells.rate} {cells.width}".strip(),
        cells.p50,
        cells.p99,
        f"{cells.server_us} server, {cells.generator_us} generator",
        cells.memory,
        f"{cells.bound}: {cells.evidence}" if cells.evidence else cells.bound,
        "; ".join(filter(None, trouble)),
    )


def _effect_block(effect: EffectTable) -> str:
    """Return what each factor does in one scenario: heading, what is to be said, all targets together, each target."""
    heads = ("change", "target", effect.heading, "would have seen", "verdict", effect.beside.replace("\n", " "))
    parts = [f"### {escaped(effect.title[0].upper() + effect.title[1:])}"]
    parts += [escaped(said) for said in effect.said]
    parts.append(
        table(heads, [_effect_row(row, over=effect.over) for row in (*effect.rows, *effect.targets)], right={2, 3, 5})
    )
    return "\n\n".join(parts)


def _effect_row(row: EffectRow, *, over: str) -> Sequence[str]:
    """Return one level's row."""
    target = over if row.target == ALL_TARGETS else row.target
    verdict = f"{row.verdict} ({row.caveat})" if row.caveat else row.verdict
    return row.change, target, row.ratio, row.seen, verdict, row.beside


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, right: set[int]) -> str:
    """Return a Markdown table; columns in `right` are lined up to the right."""
    marks = ["---:" if column in right else "---" for column in range(len(heads))]
    return "\n".join(_lines([heads, marks, *([escaped(cell) for cell in row] for row in rows)]))


def _lines(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for row in rows:
        yield f"| {' | '.join(row)} |"


def escaped(text: str) -> str:
    """Return text that Markdown shows as it is, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
