"""Two runs in words: for a terminal, and for a pull request."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from textwrap import wrap
from types import MappingProxyType
from typing import Final

from controller.compare.joined import UNLIKE
from controller.compare.matched import DIFFERENT_TIMES, Matched
from controller.compare.metrics import CAPACITY
from controller.compare.verdicts import Comparison, Verdict
from controller.compare.words import difference_text
from controller.measure.trial import TOGETHER
from controller.report.cells import UNKNOWN, ratio_text, seen_text, verdict_text
from controller.report.joined import Joined, doubts_of, joined_csv, joined_json
from controller.report.markdown import escaped, table
from controller.report.stored import StoredRun
from controller.report.text import COLUMNS, aligned
from controller.units import counted, rate_text

_LABEL: Final = 8
_HEADINGS: Final = ("second run", "first run", "metric", "ratio", "would have seen", "verdict")
_TWO_RUNS: Final = "what changes from one run to the next is in no interval: one run of both versions pairs them"
_NO_CONTROL: Final = "no other target has the same build in both, so nothing shows how far the runs themselves differ"
# More sentences than these are no answer any more; the table has them all.
_MOST_SENTENCES: Final = 4


def joined_text(joined: Joined) -> str:
    """Return the report for a terminal, lines of at most 100 columns but for long names. Ends with a newline."""
    blocks = [[line for one in joined.joint.unlike for line in _labelled("differs", one)]]
    for one in joined.tables:
        rows = _rows(joined, one)
        blocks.append([line for said in _answers(joined, one, rows) for line in _wrapped(said)])
        blocks.append(list(aligned([_HEADINGS, *map(_cells, rows)], left={0, 1, 2, 5})))
        blocks[-1] += [f"    {name}: {caveat}" for name, caveat in _caveats(rows)]
    if not joined.rows:
        blocks.append([_nothing(joined)])
    blocks.append([line for label, said in _about(joined) for line in _labelled(label, said)])
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def joined_markdown(joined: Joined) -> str:
    """Return the report as GitHub-flavoured Markdown. Ends with a newline."""
    blocks = ["\n".join(f"- differs: {escaped(one)}" for one in joined.joint.unlike)]
    for one in joined.tables:
        rows = _rows(joined, one)
        blocks.append(f"### {escaped(_scene(one))}")
        blocks += [f"**{escaped(said)}**" for said in _answers(joined, one, rows)]
        cells = [(*_cells(row)[:-1], verdict_text(row) if row.verdict else row.caveat or UNKNOWN) for row in rows]
        blocks.append(table(_HEADINGS, cells, right={3, 4}))
    if not joined.rows:
        blocks.append(escaped(_nothing(joined)))
    blocks.append("\n".join(f"- {label}: {escaped(said)}" for label, said in _about(joined)))
    return "\n\n".join(filter(None, blocks)) + "\n"


def _rows(joined: Joined, one: Matched) -> list[Comparison]:
    """Return the rows of a scenario and variant, all endpoints together."""
    return [
        row for row in joined.rows if (row.scenario, row.variant, row.endpoint) == (one.scenario, one.variant, TOGETHER)
    ]


def _scene(one: Matched) -> str:
    return one.scenario if one.variant == "default" else f"{one.scenario} ({one.variant})"


def _answers(joined: Joined, one: Matched, rows: Sequence[Comparison]) -> list[str]:
    """Return a sentence for each pair that is asked about; of many only where they are."""
    asked = [pair for pair in joined.joint.pairs if not pair.same_build]
    ranked = dict.fromkeys(row.metric for row in rows)
    said = [
        _answer(_scene(one), row)
        for pair in asked[:_MOST_SENTENCES]
        for row in rows
        if (row.baseline, row.candidate, row.metric) == (pair.baseline, pair.candidate, next(iter(ranked)))
    ]
    left = len(asked) - _MOST_SENTENCES
    return [*said, f"{_scene(one)}: {counted(left, 'pair')} more in the table"] if left > 0 else said


def _answer(scene: str, row: Comparison) -> str:
    """Return what a row says, in one sentence without a full stop."""
    second, first = f"{row.candidate} of the second run", f"{row.baseline} of the first"
    if row.ratio is None:
        return f"{scene}: {second} beside {first}: {row.caveat}"
    ratio, _, interval = ratio_text(row).partition(" ")
    if row.verdict in {Verdict.FASTER, Verdict.SLOWER}:
        if row.metric == CAPACITY.name:
            return f"{second} holds {ratio} times the rate of {first} in {scene} {interval}"
        return f"{second} answers {scene} {ratio} times as fast as {first} {interval}"
    parts = [f"{ratio} times {interval}".strip(), row.caveat or ""]
    if row.verdict is None:
        return f"{scene}: {second} beside {first}: {'; '.join(filter(None, parts))}"
    if row.detectable is not None:
        parts.append(f"{difference_text(row.detectable)} would have been seen")
    return f"{scene}: cannot tell whether {second} is faster than {first} ({'; '.join(filter(None, parts))})"


def _cells(row: Comparison) -> tuple[str, ...]:
    verdict = row.verdict.value if row.verdict else UNKNOWN
    return row.candidate, row.baseline, row.metric, ratio_text(row), seen_text(row), verdict


def _caveats(rows: Sequence[Comparison]) -> Iterator[tuple[str, str]]:
    """Yield what must be said beside rows, once for each target; what holds for all of them stands elsewhere."""
    said = {(row.candidate, row.caveat) for row in rows if row.caveat not in {None, UNLIKE, DIFFERENT_TIMES}}
    yield from sorted((name, caveat) for name, caveat in said if caveat)


def _nothing(joined: Joined) -> str:
    """Return why there is no row."""
    if joined.tables:
        return "both runs have no target but the one that joins them: there is nothing to compare"
    return "no scenario was measured in both runs: there is nothing to compare"


def _about(joined: Joined) -> Iterator[tuple[str, str]]:
    """Yield which runs were compared, through which target, and what that cannot show."""
    yield "first", _run_text(joined.first)
    yield "second", _run_text(joined.second)
    through = joined.joint.through
    if through is None:
        yield "through", f"no target, since none is known to be the same in both: {DIFFERENT_TIMES}"
        return
    rates = "; ".join(f"{_scene(one)} {' then '.join(map(_rate, one.rates(through)))}" for one in joined.tables)
    yield "through", f"{through}: each target's ratio to it within its own run, then the ratio of both ({rates})"
    yield "note", _TWO_RUNS
    if not any(pair.same_build for pair in joined.joint.pairs):
        yield "note", _NO_CONTROL


def _rate(per_s: float | None) -> str:
    return UNKNOWN if per_s is None else f"{rate_text(per_s)}/s"


def _run_text(stored: StoredRun) -> str:
    """Return a run's name, how many blocks it has, and what is in doubt."""
    blocks = counted(len({trial.block for trial in stored.trials if trial.ok}), "block")
    doubts = ", ".join(f"{counted(n, 'trial')} {kind}" for kind, n in doubts_of(stored).items())
    return f"{stored.run.run_id}, {blocks}" + (f"; in doubt: {doubts}" if doubts else "")


def _labelled(label: str, text: str) -> list[str]:
    return wrap(
        text,
        COLUMNS,
        initial_indent=label.ljust(_LABEL),
        subsequent_indent=" " * _LABEL,
        break_on_hyphens=False,
        break_long_words=False,
    )


def _wrapped(text: str) -> list[str]:
    return wrap(text, COLUMNS, subsequent_indent="  ", break_on_hyphens=False, break_long_words=False)


JOINED_REPORTS: Final[Mapping[str, Callable[[Joined], str]]] = MappingProxyType(
    {"text": joined_text, "markdown": joined_markdown, "csv": joined_csv, "json": joined_json}
)
