"""What the page shows, section by section, as values: the template only places them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from controller.compare.findings import Findings
from controller.compare.remarks import Remark, Severity
from controller.compare.words import answer, remark
from controller.report.chart_rows import TIMES
from controller.report.choose import shown_whole
from controller.report.cost_cells import COST_HEADINGS, cost_rows, cost_title
from controller.report.effect_section import EffectSection, effect_sections
from controller.report.hypothesis_cells import HYPOTHESIS_HEADINGS, HYPOTHESIS_TITLE, hypothesis_rows
from controller.report.limit_text import limit_lines
from controller.report.section import Section, section_of
from controller.units import MIB, crossed_text

_COLOURS = 12
_MOST_CHIPS = 6
# The page's head has the time, and the format is for programs.
_SAID_ELSEWHERE = frozenset({"at", "format"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A scenario's sentence, and the second one where there is more to say."""

    text: str
    more: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The whole page. chips are the heaviest remarks; facts are names with texts; again is how to repeat the run.

    others are the sections of further variants, below what their factors do.
    """

    title: str
    question: str
    subtitle: str
    answers: tuple[Answer, ...]
    chips: tuple[Remark, ...]
    more_remarks: int
    sections: tuple[Section, ...]
    others: tuple[Section, ...]
    effects: tuple[EffectSection, ...]
    hypothesis_title: str
    hypothesis_headings: tuple[str, ...]
    hypotheses: tuple[tuple[str, ...], ...]
    slos: tuple[str, ...]
    cost_title: str
    cost_headings: tuple[str, ...]
    costs: tuple[tuple[str, ...], ...]
    remarks: tuple[Remark, ...]
    facts: tuple[tuple[str, str], ...]
    plan_text: str
    again: str
    run_id: str


def page_of(findings: Findings) -> Page:
    """Return the page of a run, also of one without a single trial."""
    colours = _colours(findings)
    whole, others = shown_whole(findings.rankings)
    return Page(
        title=findings.name or findings.run_id,
        question=findings.question,
        subtitle=subtitle(findings),
        answers=tuple(Answer(text=answer(one), more=remark(one)) for one in whole),
        chips=findings.remarks[:_MOST_CHIPS],
        more_remarks=max(0, len(findings.remarks) - _MOST_CHIPS),
        sections=tuple(section_of(findings, one, colours=colours) for one in whole),
        others=tuple(section_of(findings, one, colours=colours) for one in others),
        effects=tuple(effect_sections(findings)),
        cost_title=cost_title(findings),
        hypothesis_title=HYPOTHESIS_TITLE,
        hypothesis_headings=HYPOTHESIS_HEADINGS,
        hypotheses=tuple(hypothesis_rows(findings)),
        slos=tuple(limit_lines(findings.slos)),
        cost_headings=COST_HEADINGS,
        costs=tuple(cost_rows(findings)),
        remarks=findings.remarks,
        facts=tuple(fact_lines(findings.facts)),
        plan_text=findings.plan_text,
        again=f"fastserve run {findings.folder}/plan.toml" if findings.folder else "",
        run_id=findings.run_id,
    )


def _colours(findings: Findings) -> dict[str, int]:
    """Return each target's colour, the same all over the page, in the order of the first ranking that has it."""
    targets = dict.fromkeys(place.target for ranking in findings.rankings for place in ranking.places)
    return {target: n % _COLOURS + 1 for n, target in enumerate(targets)}


def subtitle(findings: Findings) -> str:
    """Return when the run was and how big: "23 Nov 2026 · 12 targets x 5 scenarios x 5 blocks"."""
    sizes = (
        crossed_text(
            targets=len({trial.target for trial in findings.trials}),
            variants=len({trial.variant for trial in findings.trials}),
            scenarios=len({trial.scenario for trial in findings.trials}),
            cases=len({(trial.scenario, trial.variant) for trial in findings.trials}),
            cells=len({(trial.scenario, trial.variant, trial.target) for trial in findings.trials}),
            times=TIMES,
        ),
        _many({trial.block for trial in findings.trials}, "block"),
    )
    started = min((trial.started_at for trial in findings.trials), default=None)
    parts = [] if started is None else [day_text(started), f" {TIMES} ".join(sizes)]
    return " · ".join(parts) or "no trial has ended yet"


def _many(things: Iterable[Any], word: str) -> str:
    count = len(set(things))
    return f"{count} {word}{'' if count == 1 else 's'}"


def day_text(started_at: str) -> str:
    """Return the day and minute of a time in ISO 8601; another text comes back as it is."""
    try:
        moment = datetime.fromisoformat(started_at)
    except ValueError:
        return started_at
    return f"{moment.day} {moment:%b %Y, %H:%M} {moment.tzname() or ''}".rstrip()


def fact_lines(facts: Mapping[str, Any], *, above: str = "") -> Iterator[tuple[str, str]]:
    """Yield facts as (name, text): a group of plain facts is one line, deeper ones are named by their path."""
    for key, value in facts.items():
        name = f"{above} {_fact_name(key)}".strip()
        if isinstance(value, Mapping) and any(isinstance(one, Mapping) for one in value.values()):
            yield from fact_lines(value, above=name)
        elif _known(value) and name not in _SAID_ELSEWHERE:
            yield name, fact_text(key, value)


def fact_text(key: str, value: Any) -> str:
    """Return one fact as text: what a group knows, its parts named and joined; bytes in the unit that reads best."""
    if isinstance(value, Mapping):
        return " · ".join(f"{_fact_name(one)} {fact_text(one, of)}" for one, of in value.items() if _known(of))
    if isinstance(value, list | tuple):
        return ", ".join(fact_text(key, one) for one in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if key.endswith("_bytes") and isinstance(value, int):
        return f"{value / 1024 / MIB:.0f} GiB" if value >= 1024 * MIB else f"{value / MIB:.0f} MiB"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _known(value: Any) -> bool:
    return value is not None and value not in ("", [], {})


def _fact_name(key: str) -> str:
    return key.removesuffix("_bytes").replace("_", " ")


def is_heavy(one: Remark) -> bool:
    """Return whether a remark is more than a note."""
    return one.severity is not Severity.NOTE
