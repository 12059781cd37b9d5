"""Hypotheses of a plan: supported, refuted or undecided, with the numbers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from math import exp, log
from typing import Final

from controller.compare.blocks import cells
from controller.compare.chosen import SPREAD, Chosen, Grouped, chosen_pairs, unmeasured, with_targets
from controller.compare.holm import ALPHA
from controller.compare.pairs import Difference, paired_difference
from controller.compare.student import quantile
from controller.compare.words import ratio_texts
from controller.measure.trial import TrialResult
from controller.plan.hypothesis import Hypothesis
from controller.units import counted

NO_ROWS: Final = "no two rows of this run are compared by it"
NO_SPREAD: Final = "no two scenarios or variants in which several targets were measured are compared by it"


class Support(StrEnum):
    """What a run says of a hypothesis."""

    SUPPORTED = "supported"
    REFUTED = "refuted"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """One pair of rows: names of both, and the ratio of the first to the second, paired by block.

    holds says what the pair alone says; low and high are its plain 95 % interval in difference.
    """

    compare: str
    to: str
    difference: Difference
    holds: Support

    @property
    def text(self) -> str:
        """The pair in words: "a in s over b in s: 1.8 (1.7 to 1.9)"."""
        return f"{self.compare} over {self.to}: {difference_words(self.difference)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A hypothesis and what the run says of it; deciding is the pair that the verdict hangs on, None without any pair.

    Where it is supported that is the pair nearest to the bound, else the one farthest beyond it, or least known.
    unmeasured is what the hypothesis names and the run has not.
    """

    hypothesis: Hypothesis
    verdict: Support
    pairs: tuple[Tested, ...] = ()
    deciding: Tested | None = None
    doubts: tuple[str, ...] = ()
    unmeasured: tuple[str, ...] = ()

    @property
    def detail(self) -> str:
        """What was asked, of how many pairs, and what the deciding one shows."""
        asked = f"{self.hypothesis.metric} {self.hypothesis.bounds_text}"
        if self.unmeasured:
            asked += f"; not measured: {', '.join(self.unmeasured)}"
        if self.deciding is None:
            return f"{asked}; {NO_SPREAD if self.hypothesis.metric == SPREAD else NO_ROWS}"
        of = f"{counted(len(self.pairs), 'pair')}, this one decides" if len(self.pairs) > 1 else "1 pair"
        doubts = f"; in doubt: {', '.join(self.doubts)}" if self.doubts else ""
        return f"{asked}; {of}: {self.deciding.text}{doubts}"


def difference_words(difference: Difference) -> str:
    """Return a ratio with its interval, or why there is none."""
    if difference.ratio is None:
        return difference.reason or "no ratio"
    if difference.low is None or difference.high is None:
        return f"{ratio_texts(difference.ratio)[0]} ({difference.reason})"
    ratio, low, high = ratio_texts(difference.ratio, difference.low, difference.high)
    return f"{ratio} ({low} to {high})"


def answers(hypotheses: Iterable[Hypothesis], trials: Sequence[TrialResult]) -> tuple[Answer, ...]:
    """Return what trials say of hypotheses, in their order.

    Supported is one whose every pair keeps the bounds with its whole plain 95 % interval. All of them have to, so no
    correction is needed: each is right as often as it says (Berger 1982, intersection-union tests). Refuted is one of
    which some pair breaks a bound with its whole interval, corrected for the number of pairs (Bonferroni): any of
    them would do. Holm's correction would give the same, since it asks of the most certain pair what Bonferroni asks
    of all, and has no intervals to show.
    """
    grouped = cells(trials)
    return tuple(_answer(hypothesis, grouped) for hypothesis in hypotheses)


def _answer(hypothesis: Hypothesis, grouped: Grouped) -> Answer:
    named = with_targets(hypothesis, grouped)
    rows, missing = chosen_pairs(named, grouped), unmeasured(named, grouped)
    pairs = tuple(_tested(hypothesis, one, other, pairs=len(rows)) for one, other in rows)
    found = {pair.holds for pair in pairs}
    if Support.REFUTED in found:
        verdict = Support.REFUTED
    else:
        # What was named and not measured might not have kept it.
        verdict = Support.SUPPORTED if found == {Support.SUPPORTED} and not missing else Support.UNDECIDED
    return Answer(
        hypothesis=hypothesis,
        verdict=verdict,
        pairs=pairs,
        deciding=_deciding(hypothesis, pairs, verdict),
        doubts=tuple(dict.fromkeys(doubt for row in rows for one in row for doubt in one.doubts)),
        unmeasured=missing,
    )


def _deciding(hypothesis: Hypothesis, pairs: Sequence[Tested], verdict: Support) -> Tested | None:
    """Return the pair with the least room, among those that say what the verdict says where there are any."""
    saying = [pair for pair in pairs if pair.holds is verdict] or pairs
    return min(saying, key=lambda pair: _room(hypothesis, pair), default=None)


def _tested(hypothesis: Hypothesis, one: Chosen, other: Chosen, *, pairs: int) -> Tested:
    difference = paired_difference(one.values, other.values)
    return Tested(
        compare=one.name, to=other.name, difference=difference, holds=_holds(hypothesis, difference, pairs=pairs)
    )


def _holds(hypothesis: Hypothesis, difference: Difference, *, pairs: int) -> Support:
    """Return what one of so many pairs says."""
    if difference.low is None or difference.high is None:
        return Support.UNDECIDED
    if hypothesis.is_kept_by(difference.low, difference.high):
        return Support.SUPPORTED
    return Support.REFUTED if hypothesis.is_broken_by(*corrected_ends(difference, pairs=pairs)) else Support.UNDECIDED


def corrected_ends(difference: Difference, *, pairs: int) -> tuple[float, float]:
    """Return the ends of an interval that is one of so many, all of which hold the truth in 95 of 100 runs.

    The difference must have a spread. Source: Bonferroni, 1 - 0.05 / pairs for each.
    """
    assert difference.ratio is not None
    assert difference.standard_error is not None
    assert difference.df is not None
    half = quantile(1 - ALPHA / 2 / pairs, df=difference.df) * difference.standard_error
    return exp(log(difference.ratio) - half), exp(log(difference.ratio) + half)


def _room(hypothesis: Hypothesis, pair: Tested) -> float:
    """Return how far inside the bounds the nearer end of an interval lies, on a log scale; below 0 it is outside.

    A pair without an interval has none to go by and comes before all others.
    """
    low, high = pair.difference.low, pair.difference.high
    if low is None or high is None:
        return float("-inf")
    rooms = [] if hypothesis.at_least is None else [log(low / hypothesis.at_least)]
    rooms += [] if hypothesis.at_most is None else [log(hypothesis.at_most / high)]
    return min(rooms)
