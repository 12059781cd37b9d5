"""The rows that a hypothesis chooses, and which of them stand against one another."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Final, TypeAlias

from controller.compare.blocks import Cell, bounds_of, by_block, doubts_of
from controller.compare.metrics import THROUGHPUT
from controller.compare.summary import column_metric
from controller.compare.words import scene_text
from controller.measure.trial import TOGETHER, TrialResult
from controller.plan.factors import LOAD_FACTORS, Level
from controller.plan.hypothesis import OTHERS, Choice, Hypothesis

SPREAD: Final = "spread"
_BOUND: Final = "bound"
# The trials that count, as blocks.cells has them.
Grouped: TypeAlias = Mapping[Cell, Sequence[TrialResult]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """One row of a side, or with `spread` the rows of all its targets together; values are by block.

    factors has the levels that are in force there.
    """

    targets: tuple[str, ...]
    scenario: str
    variant: str
    endpoint: str
    factors: Mapping[str, Level]
    values: Mapping[int, float]
    doubts: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The row as one reads it: "go-fiber in quotes (gzip=on) at /api/db"."""
        who = self.targets[0] if len(self.targets) == 1 else f"{len(self.targets)} targets"
        at = "" if self.endpoint == TOGETHER else f" at {self.endpoint}"
        return f"{who} in {scene_text(self.scenario, self.variant)}{at}"


def with_targets(hypothesis: Hypothesis, grouped: Grouped) -> Hypothesis:
    """Return a hypothesis whose "others" are the targets that its other side does not name, where it chooses rows."""
    known = [_known(cell, found) for cell, found in grouped.items()]
    compare, to = ({*dict(side).get("target", ())} for side in _sides(hypothesis))
    return replace(
        hypothesis,
        compare=_named(hypothesis.compare, known, beside=to),
        to=_named(hypothesis.to, known, beside=compare),
    )


def _sides(hypothesis: Hypothesis) -> tuple[Choice, Choice]:
    return hypothesis.compare, hypothesis.to


def _named(choice: Choice, known: Sequence[Mapping[str, Level]], *, beside: set[Level]) -> Choice:
    """Return a choice with the names of others in the place of that word; beside are those that it does not mean."""
    if OTHERS not in dict(choice).get("target", ()):
        return choice
    rest = {key: its for key, its in choice if key != "target"}
    others = sorted({str(row["target"]) for row in known if _is_chosen(row, rest)} - beside)
    return tuple((key, tuple(others) if key == "target" else its) for key, its in choice)


def chosen_pairs(hypothesis: Hypothesis, grouped: Grouped) -> list[tuple[Chosen, Chosen]]:
    """Return every row of `compare` with each row of `to` that differs from it only in what one of both names.

    A factor that does not act on one of two rows does not tell them apart; what decides on a load belongs to its
    scenario, and tells apart only rows of one scenario. A side that names no endpoint means all of them together.
    """
    together = hypothesis.metric == SPREAD
    named = {key for side in _sides(hypothesis) for key, _ in side}
    if together:
        named.add("target")
    sides = [list(_rows(choice, grouped, metric=hypothesis.metric)) for choice in _sides(hypothesis)]
    if together:
        sides = [_spreads(side) for side in sides]
    return [(one, other) for one, other in product(*sides) if one != other and _only_differ_in(named, one, other)]


def unmeasured(hypothesis: Hypothesis, grouped: Grouped) -> tuple[str, ...]:
    """Return what a hypothesis names and no trial has, each once: "target rust-axum", "gzip on".

    A bound is missed where it is that of no row which is chosen otherwise: "bound proxy (found generator)".
    """
    known = [_known(cell, found) for cell, found in grouped.items()]
    missed = [text for choice in _sides(hypothesis) for text in _missed(dict(choice), known)]
    return tuple(dict.fromkeys(missed))


def _missed(wanted: Mapping[str, Sequence[Level]], known: Sequence[Mapping[str, Level]]) -> Iterator[str]:
    bounds = wanted.get(_BOUND, ())
    wanted = {key: values for key, values in wanted.items() if key not in ("endpoint", _BOUND)}
    if not all(wanted.values()):
        yield "other targets"
        return
    for key, values in wanted.items():
        for value in values:
            if not any(_is_chosen(row, {**wanted, key: (value,)}) for row in known):
                yield f"{key} {value}"
    found = {str(row.get(_BOUND, "unknown")) for row in known if _is_chosen(row, wanted)}
    if bounds and found and not found & {*map(str, bounds)}:
        yield f"{_BOUND} {' or '.join(map(str, bounds))} (found {', '.join(sorted(found))})"


def _known(cell: Cell, trials: Sequence[TrialResult]) -> dict[str, Level]:
    """Return what a choice may name of a cell."""
    bounds = bounds_of(trials)
    bound = {_BOUND: bounds[0]} if len(bounds) == 1 else {}
    return {"target": cell.target, "scenario": cell.scenario, **trials[0].factors, **bound}


def _is_chosen(row: Mapping[str, Level], wanted: Mapping[str, Sequence[Level]]) -> bool:
    return all(row.get(key) in values for key, values in wanted.items() if key != "endpoint")


def _rows(choice: Choice, grouped: Grouped, *, metric: str) -> Iterator[Chosen]:
    """Yield the rows that a choice takes."""
    wanted = dict(choice)
    measured = THROUGHPUT if metric == SPREAD else column_metric(metric)
    for cell, trials in grouped.items():
        if not _is_chosen(_known(cell, trials), wanted):
            continue
        for endpoint in wanted.get("endpoint", (TOGETHER,)):
            yield Chosen(
                targets=(cell.target,),
                scenario=cell.scenario,
                variant=cell.variant,
                endpoint=str(endpoint),
                factors=trials[0].factors,
                values=by_block(trials, metric=measured, endpoint=str(endpoint)),
                doubts=doubts_of(trials),
            )


def _spreads(rows: Sequence[Chosen]) -> list[Chosen]:
    """Return one row for each scenario, variant and endpoint: its targets' largest value over the smallest, by block.

    A block in which a target has no value has no spread: it would be one among fewer.
    """
    groups: dict[tuple[str, str, str], list[Chosen]] = {}
    for row in rows:
        groups.setdefault((row.scenario, row.variant, row.endpoint), []).append(row)
    return [_spread(group) for group in groups.values() if len(group) > 1]


def _spread(group: Sequence[Chosen]) -> Chosen:
    first = group[0]
    blocks = set(first.values).intersection(*(row.values for row in group))
    values = {block: _largest_over_smallest([row.values[block] for row in group]) for block in sorted(blocks)}
    return Chosen(
        targets=tuple(row.targets[0] for row in group),
        scenario=first.scenario,
        variant=first.variant,
        endpoint=first.endpoint,
        factors=first.factors,
        values=values,
        doubts=tuple(dict.fromkeys(doubt for row in group for doubt in row.doubts)),
    )


def _largest_over_smallest(values: Sequence[float]) -> float:
    """Return the spread of values; 0, which has no ratio, where one target answered nothing."""
    return max(values) / min(values) if min(values) > 0 else 0.0


def _only_differ_in(named: set[str], one: Chosen, other: Chosen) -> bool:
    """Return whether two rows are alike in all that neither side names."""
    if "target" not in named and one.targets != other.targets:
        return False
    if "scenario" not in named and one.scenario != other.scenario:
        return False
    free = named | (set(LOAD_FACTORS) if one.scenario != other.scenario else set())
    common = (one.factors.keys() & other.factors.keys()) - free
    return all(one.factors[factor] == other.factors[factor] for factor in common)
