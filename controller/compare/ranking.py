"""Who answers fastest, and which places cannot be told apart: one ranking for each scenario and variant."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import inf
from types import MappingProxyType

from controller.compare.blocks import Cell, by_block, cells
from controller.compare.metrics import THROUGHPUT, Metric, metrics_of
from controller.compare.pairs import paired_difference
from controller.compare.summary import SummaryRow
from controller.compare.verdicts import Judged, Verdict, judge
from controller.measure.trial import INTERRUPTED, TOGETHER, TrialResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A target's place: first is 1 + how many are certainly faster, last is all but those certainly slower.

    Both are None where no spread is known, or where it answered nothing at all. reason says why a target
    has no numbers.
    """

    row: SummaryRow
    first: int | None = None
    last: int | None = None
    reason: str | None = None

    @property
    def target(self) -> str:
        """The name of the target."""
        return self.row.target

    @property
    def measured(self) -> bool:
        """Whether there is any number to rank it by."""
        return self.row.interval is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """The targets of one scenario and variant by a metric, the ones without numbers last.

    metric is throughput, or capacity where that was searched; slo is then what was to be kept, in words. pairs
    holds every two measured targets, as (higher in this ranking, lower): all are one family, corrected together.
    """

    scenario: str
    variant: str
    places: tuple[Placed, ...]
    pairs: Mapping[tuple[str, str], Judged]
    metric: Metric = THROUGHPUT
    slo: str | None = None

    @property
    def measured(self) -> tuple[Placed, ...]:
        """The targets that have numbers, fastest first."""
        return tuple(place for place in self.places if place.measured)

    @property
    def leaders(self) -> tuple[Placed, ...]:
        """The first target and all that cannot be told from it, as far down as that goes without a gap."""
        measured = self.measured
        end = next((n for n in range(1, len(measured)) if self._certain(measured[0], measured[n])), len(measured))
        return measured[:end]

    def _certain(self, one: Placed, other: Placed) -> bool:
        return self.pairs[one.target, other.target].verdict is not Verdict.CANNOT_TELL


def rankings(trials: Iterable[TrialResult], rows: Iterable[SummaryRow]) -> tuple[Ranking, ...]:
    """Return a ranking for each scenario and variant, in the order planned; rows are those of summaries()."""
    grouped = cells(trials)
    tables: dict[tuple[str, str], list[SummaryRow]] = {}
    for row in rows:
        if row.endpoint == TOGETHER:
            tables.setdefault((row.scenario, row.variant), []).append(row)
    return tuple(_ranking(table, grouped) for table in tables.values())


def _ranking(rows: Sequence[SummaryRow], grouped: Mapping[Cell, Sequence[TrialResult]]) -> Ranking:
    """Return the ranking of one scenario and variant."""
    found = {row.target: grouped[Cell(row.scenario, row.variant, row.target)] for row in rows}
    # Equal numbers fall back on the name, so that the same numbers always give the same page.
    ordered = sorted(rows, key=lambda row: (-row.interval.mean if row.interval else inf, row.target))
    trials = [trial for listed in found.values() for trial in listed]
    metric = metrics_of(trials)[0]
    values = {
        row.target: by_block(found[row.target], metric=metric, endpoint=TOGETHER)
        for row in ordered
        if row.interval is not None
    }
    couples = list(combinations(values, 2))
    judged = judge([paired_difference(values[one], values[other]) for one, other in couples])
    pairs = MappingProxyType(dict(zip(couples, judged, strict=True)))
    return Ranking(
        scenario=rows[0].scenario,
        variant=rows[0].variant,
        places=tuple(_placed(row, pairs, reason=_reason(found[row.target])) for row in ordered),
        pairs=pairs,
        metric=metric,
        slo=next((trial.capacity.slo for trial in trials if trial.capacity is not None), None),
    )


def _placed(row: SummaryRow, pairs: Mapping[tuple[str, str], Judged], *, reason: str | None) -> Placed:
    """Return a target's place among all that were measured."""
    mine = {couple: judged for couple, judged in pairs.items() if row.target in couple}
    if row.interval is None:
        return Placed(row=row, reason=reason)
    if all(judged.p_corrected is None for judged in mine.values()):
        # No pair of it could be tested; alone it is first without any test.
        return Placed(row=row) if mine else Placed(row=row, first=1, last=1)
    faster = sum(_other_is(Verdict.FASTER, row.target, couple, judged) for couple, judged in mine.items())
    slower = sum(_other_is(Verdict.SLOWER, row.target, couple, judged) for couple, judged in mine.items())
    return Placed(row=row, first=1 + faster, last=1 + len(mine) - slower)


def _other_is(verdict: Verdict, target: str, couple: tuple[str, str], judged: Judged) -> bool:
    """Return whether the other target of a couple is certainly faster, or certainly slower, than this one."""
    of_the_first = {Verdict.FASTER: Verdict.SLOWER, Verdict.SLOWER: Verdict.FASTER}[verdict]
    return judged.verdict is (of_the_first if couple[0] == target else verdict)


def _reason(trials: Sequence[TrialResult]) -> str | None:
    """Return why the last trial without a result has none; None where all have one."""
    last = next((trial for trial in reversed(trials) if not trial.ok), None)
    if last is None:
        unknown = [trial.capacity for trial in trials if trial.capacity and trial.capacity.per_s is None]
        return f"{unknown[-1].slo}: {unknown[-1].reason}" if unknown else None
    if last.outcome == INTERRUPTED:
        return last.reason or last.outcome
    return f"{last.outcome}: {last.reason}" if last.reason else last.outcome
