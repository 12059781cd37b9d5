"""What each factor does, as people read it: the same tables in terminal, Markdown and page."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from controller.compare.compression import compression_text
from controller.compare.effect_words import METRIC_WORDS, change_text, interactions_text
from controller.compare.effects import ALL_TARGETS, ON_SHARED_CORE, Effect, deciding_metric, on_shared_cores
from controller.compare.findings import Findings
from controller.compare.intervals import Interval
from controller.compare.metrics import CPU, metrics_of
from controller.measure.trial import TOGETHER
from controller.report.cells import UNKNOWN, ratio_text, seen_text

_SHARED = (
    "target, backing services or generator share cores: verdicts are on the CPU time that a request takes of all but "
    "the generator, where less is faster; throughput on a shared core gets none"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectRow:
    """One level of a factor: what it does to what decides, and beside that to something else; dashes are not known."""

    change: str
    target: str
    interval: Interval | None
    ratio: str
    seen: str
    verdict: str
    caveat: str | None
    beside: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectTable:
    """All effects of one scenario. rows are those over all targets, targets those at each where there are several.

    heading is what the verdicts are about, beside what stands there without one. said are sentences on interactions,
    on what gzip saves and costs, and on what decides where that is not what targets are ranked by. over says in words
    how many targets there are.
    """

    scenario: str
    over: str
    heading: str
    beside: str
    rows: tuple[EffectRow, ...]
    targets: tuple[EffectRow, ...]
    said: tuple[str, ...]

    @property
    def title(self) -> str:
        """What the table is about: "what tuning does in quotes: throughput, each level beside its factor's first"."""
        return f"what tuning does in {self.scenario}: {self.heading}, each level beside its factor's first"


def effect_tables(findings: Findings) -> Iterator[EffectTable]:
    """Yield a table for each scenario in which a factor varies, in the order of the rankings."""
    for scenario in dict.fromkeys(ranking.scenario for ranking in findings.rankings):
        rows = [row for row in findings.effects if (row.scenario, row.endpoint) == (scenario, TOGETHER)]
        if rows:
            yield _table(findings, scenario, rows)


def _table(findings: Findings, scenario: str, effects: Sequence[Effect]) -> EffectTable:
    """Return the table of one scenario."""
    trials = [trial for trial in findings.trials if trial.scenario == scenario]
    shared, decides = on_shared_cores(trials), deciding_metric(trials)
    beside = metrics_of(trials)[0] if decides is CPU else CPU
    targets = list(dict.fromkeys(row.target for row in effects if row.target != ALL_TARGETS))
    rows = [
        _row(
            row,
            next(other for other in effects if (other.metric, _which(other)) == (beside.name, _which(row))),
            of=len(targets),
        )
        for row in effects
        if row.metric == decides.name
    ]
    single = [row for row in rows if row.target != ALL_TARGETS]
    said = [line for one in findings.interactions if one.scenario == scenario for line in interactions_text(one)]
    said += [compression_text(one) for one in findings.compressions if one.scenario == scenario]
    return EffectTable(
        scenario=scenario,
        over=f"over {len(targets)} targets" if len(targets) > 1 else f"at {targets[0]}",
        heading=METRIC_WORDS[decides.name],
        beside=METRIC_WORDS[beside.name] + (f"\n{ON_SHARED_CORE}" if shared else ""),
        rows=tuple(row for row in rows if row.target == ALL_TARGETS),
        targets=tuple(single) if len(targets) > 1 else (),
        said=(*([_SHARED] if shared else []), *said),
    )


def _which(row: Effect) -> tuple[object, ...]:
    return row.factor, row.level, row.target


def _row(row: Effect, beside: Effect, *, of: int) -> EffectRow:
    """Return one level's line; over targets it says so where some of them are not in it."""
    some = f"over {row.targets} of {of} targets" if row.target == ALL_TARGETS and 0 < row.targets < of else None
    return EffectRow(
        change=change_text(row.factor, against=row.against, level=row.level),
        target=row.target,
        interval=None if row.ratio is None else Interval(mean=row.ratio, low=row.ratio_low, high=row.ratio_high),
        ratio=ratio_text(row),
        seen=seen_text(row),
        verdict=UNKNOWN if row.verdict is None else row.verdict.value,
        caveat="; ".join(filter(None, (some, row.caveat))) or None,
        beside=ratio_text(beside),
    )
