"""Where a factor does not do the same everywhere: at other targets, or beside another level of another factor."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from math import log
from typing import Final

from controller.compare.blocks import Cell, by_block
from controller.compare.contrasts import Contrast, Levels, Pair, Varied
from controller.compare.effects import (
    by_scenario,
    contrast_ratios,
    deciding_metric,
    in_one_list,
    listed_contrasts,
)
from controller.compare.logratios import LogRatios, apart, averaged, log_ratios
from controller.compare.metrics import Metric
from controller.compare.pairs import Difference, difference_of
from controller.compare.verdicts import Judged, Verdict, judge
from controller.measure.trial import TOGETHER, TrialResult
from controller.plan.factors import Level

# From how many times on two effects are worth a sentence; smaller ones can be read from the table.
LARGE: Final = 1.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """A factor's level whose effect is larger in one place than in another, certainly and by LARGE at least.

    Places are targets ("go-fiber"), or levels of another factor ("pool=50"). one and other are the two effects, the
    larger ratio first, and apart is the ratio of the two with its plain interval.
    """

    scenario: str
    metric: Metric
    factor: str
    level: Level
    against: Level
    place: str
    other_place: str
    one: Difference
    other: Difference
    apart: Difference

    @property
    def opposite(self) -> bool:
        """Whether the level raises the metric in one place and lowers it in the other, by their plain intervals."""
        return (self.one.low or 0) > 1 > (self.other.high or 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interactions:
    """The large interactions of one scenario, largest first.

    crossed: whether any two factors were varied together. Where they were not, only what single targets make of a
    factor can be known, and nobody knows how two factors act together. factors is how many vary.
    """

    scenario: str
    found: tuple[Interaction, ...]
    crossed: bool
    factors: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Question:
    """Two effects of one level that may differ. kind says which questions are the same but for their places."""

    kind: tuple[str, Level, str]
    contrast: Contrast
    places: tuple[str, str]
    effects: tuple[LogRatios, LogRatios]


def interactions(trials: Iterable[TrialResult], *, varied: Varied | None = None) -> tuple[Interactions, ...]:
    """Return the large interactions of each scenario in which a factor varies, in what its factors are judged by.

    A ratio of ratios is paired by block as any ratio is. One family, corrected by Holm, is all questions of a
    scenario: every two targets for each level, and every two factors' levels beside their first ones. So the largest
    may be picked from it, and is: of one level at several targets only the two furthest apart are named.
    """
    listed = ((grouped, listed_contrasts(grouped, varied)) for grouped in by_scenario(trials))
    return tuple(_of_scenario(grouped, some) for grouped, some in listed if some)


def _of_scenario(grouped: Mapping[Cell, Sequence[TrialResult]], listed: Sequence[Contrast]) -> Interactions:
    """Return the interactions of one scenario."""
    metric = deciding_metric(in_one_list(grouped))
    values = {cell: by_block(found, metric=metric, endpoint=TOGETHER) for cell, found in grouped.items()}
    crossing = list(_between_factors(listed, values))
    questions = [*_between_targets(listed, values), *crossing]
    judged = judge([difference_of(apart(*question.effects)) for question in questions])
    largest: dict[tuple[str, Level, str], Interaction] = {}
    for question, one in zip(questions, judged, strict=True):
        if _is_large(one):
            found = _interaction(question, one, scenario=next(iter(grouped)).scenario, metric=metric)
            before = largest.setdefault(question.kind, found)
            if _size(found) > _size(before):
                largest[question.kind] = found
    return Interactions(
        scenario=next(iter(grouped)).scenario,
        found=tuple(sorted(largest.values(), key=_size, reverse=True)),
        crossed=bool(crossing),
        factors=len({contrast.factor for contrast in listed}),
    )


def _between_targets(listed: Sequence[Contrast], values: Mapping[Cell, Mapping[int, float]]) -> Iterator[_Question]:
    """Yield, for each level, every two targets."""
    ratios = [(contrast, contrast_ratios(contrast, values)) for contrast in listed]
    for (one, its), (other, others) in combinations(ratios, 2):
        if (one.factor, one.level) == (other.factor, other.level):
            kind = (one.factor, one.level, "")
            yield _Question(kind=kind, contrast=one, places=(one.target, other.target), effects=(its, others))


def _between_factors(listed: Sequence[Contrast], values: Mapping[Cell, Mapping[int, float]]) -> Iterator[_Question]:
    """Yield, for each level of a factor and each level of a later one, what the first does beside it and without it.

    The question is the same from the other side, so it is asked once; targets are averaged, as for an effect.
    """
    factors = list(dict.fromkeys(contrast.factor for contrast in listed))
    for contrast in _one_of_each_level(listed):
        pairs = [pair for one in listed if _same_level(one, contrast) for pair in one.pairs]
        for beside in _one_of_each_level(listed):
            if factors.index(beside.factor) <= factors.index(contrast.factor):
                continue
            matched = list(_matched(pairs, beside))
            if matched:
                effects = (_mean([one for one, _ in matched], values), _mean([other for _, other in matched], values))
                kind = (contrast.factor, contrast.level, f"{beside.factor}={beside.level}")
                places = (kind[2], f"{beside.factor}={beside.against}")
                yield _Question(kind=kind, contrast=contrast, places=places, effects=effects)


def _one_of_each_level(listed: Sequence[Contrast]) -> list[Contrast]:
    """Return a contrast for each factor and level, whatever its target."""
    return list({(contrast.factor, contrast.level): contrast for contrast in reversed(listed)}.values())[::-1]


def _same_level(one: Contrast, other: Contrast) -> bool:
    return (one.factor, one.level) == (other.factor, other.level)


def _matched(pairs: Sequence[Pair], beside: Contrast) -> Iterator[tuple[Pair, Pair]]:
    """Yield pairs beside another factor's level, each with the pair beside its first level, all else equal."""

    def place(pair: Pair) -> tuple[str, frozenset[tuple[str, Level]]]:
        return pair.cell.target, frozenset(_without(pair.beside, beside.factor).items())

    first = {place(pair): pair for pair in pairs if pair.beside.get(beside.factor) == beside.against}
    for pair in pairs:
        if pair.beside.get(beside.factor) == beside.level and place(pair) in first:
            yield pair, first[place(pair)]


def _without(levels: Levels, factor: str) -> Levels:
    return {name: level for name, level in levels.items() if name != factor}


def _mean(pairs: Sequence[Pair], values: Mapping[Cell, Mapping[int, float]]) -> LogRatios:
    """Return the mean effect of pairs: of each target's first, then of the targets."""
    targets = dict.fromkeys(pair.cell.target for pair in pairs)
    return averaged(
        averaged(log_ratios(values[pair.cell], values[pair.base]) for pair in pairs if pair.cell.target == target)
        for target in targets
    )


def _is_large(judged: Judged) -> bool:
    """Return whether two effects differ certainly, and enough to be named."""
    ratio = judged.difference.ratio
    return judged.verdict is not Verdict.CANNOT_TELL and ratio is not None and abs(log(ratio)) >= log(LARGE)


def _interaction(question: _Question, judged: Judged, *, scenario: str, metric: Metric) -> Interaction:
    """Return what a question came to, the larger ratio first."""
    one, other = (difference_of(effect) for effect in question.effects)
    places, difference = question.places, judged.difference
    if (difference.ratio or 1) < 1:
        one, other, places, difference = other, one, places[::-1], difference.turned()
    return Interaction(
        scenario=scenario,
        metric=metric,
        factor=question.contrast.factor,
        level=question.contrast.level,
        against=question.contrast.against,
        place=places[0],
        other_place=places[1],
        one=one,
        other=other,
        apart=difference,
    )


def _size(interaction: Interaction) -> float:
    return interaction.apart.ratio or 1
