"""Limits that a run is held to: an expression over a number of summary.csv, and whether it holds for certain."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches
from enum import StrEnum
from math import inf, isfinite
from typing import Any, Final

from controller.compare.blocks import Cell, by_block, cells, doubts_of
from controller.compare.intervals import Interval, log_t_interval
from controller.compare.pairs import ONE_TRIAL, Difference, paired_difference
from controller.compare.summary import Numbers, column_metric, numbers_of
from controller.errors import PlanError
from controller.measure.trial import TOGETHER, TrialResult
from controller.plan.slo import Slo
from controller.units import AtLeast

# The ends of an interval are no numbers of their own: a limit looks at the whole interval as it is.
METRICS: Final = tuple(
    field.name for field in fields(Numbers) if field.name != "bound" and not re.search("_(low|high)_", field.name)
)
# What is counted, and not measured again in each trial: summary.csv's own number is compared as it stands.
COUNTED: Final = ("requests", "failures", "failure_share", "build_mib", "code_lines")
EXAMPLE: Final = "latency_p99_ms > 1.1 * baseline"
_EXPRESSION: Final = re.compile(r"\s*(\w+)\s*(>=|<=|>|<)\s*([0-9.]+(?:[eE][+-]?[0-9]+)?)\s*(\*\s*baseline\s*)?")
_NOT_KNOWN: Final = "not known in this run"
_NOTHING_MEASURED: Final = "no trial was measured to its end"
_SOME_ZERO: Final = "no interval: 0 in a trial"
_A_BOUND: Final = "a trial whose arrivals were not all answered has only a lower bound"
_INSIDE: Final = "the limit lies within the interval"


class Holding(StrEnum):
    """Whether a limit holds, as far as its interval tells; worst first."""

    BROKEN = "broken"
    CANNOT_TELL = "cannot tell"
    KEPT = "kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What must not be: a metric that is `sign` (>, >=, <, <=) a number, or a number times the baseline's."""

    metric: str
    sign: str
    number: float
    relative: bool = False

    @property
    def text(self) -> str:
        """The expression as one reads it."""
        return f"{self.metric} {self.sign} {self.number:g}{' * baseline' if self.relative else ''}"

    def is_broken_by(self, value: float) -> bool:
        """Return whether a value, or a ratio to the baseline's, is beyond the limit."""
        return {
            ">": value > self.number,
            ">=": value >= self.number,
            "<": value < self.number,
            "<=": value <= self.number,
        }[self.sign]

    def holding(self, interval: Interval | None) -> Holding:
        """Return "broken" where all of an interval is beyond the limit, "kept" where nothing of it is."""
        if interval is None or interval.low is None or interval.high is None:
            return Holding.CANNOT_TELL
        ends = {self.is_broken_by(interval.low), self.is_broken_by(interval.high)}
        return Holding.CANNOT_TELL if len(ends) > 1 else Holding.BROKEN if ends.pop() else Holding.KEPT


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A limit and one target in one scenario and variant: what its number is, and whether it holds.

    beside is whose number it is a ratio to, None for a number of its own; why_not says why one cannot tell. doubts are
    those of the target's trials.
    """

    limit: Limit
    holding: Holding
    target: str = ""
    scenario: str = ""
    variant: str = ""
    interval: Interval | None = None
    beside: str | None = None
    why_not: str | None = None
    doubts: tuple[str, ...] = ()


def read_limit(expression: str) -> Limit:
    """Return the limit that an expression says. Raises PlanError, saying what was expected, for any other text."""
    found = _EXPRESSION.fullmatch(expression)
    number = _number(found[3]) if found else None
    if found is None or number is None or (found[4] and number == 0):
        raise PlanError(
            "--fail-if: expected METRIC, one of > >= < <=, and NUMBER or NUMBER * baseline, such as "
            f'"{EXAMPLE}", found "{_one_line(expression)}"'
        )
    if found[1] not in METRICS:
        near = get_close_matches(found[1], METRICS, n=1) or ["throughput_per_s"]
        raise PlanError(f"--fail-if: expected a number of summary.csv, such as {near[0]}, found {_one_line(found[1])}")
    return Limit(metric=found[1], sign=found[2], number=number, relative=bool(found[4]))


def hold_limits(
    limits: Iterable[Limit],
    trials: Iterable[TrialResult],
    *,
    baseline: str,
    baselines: Mapping[str, str] | None = None,
) -> tuple[Held, ...]:
    """Return how every target keeps every limit, for all endpoints of a scenario together; of each limit worst first.

    baselines has those of scenarios that have another, by their names.

    A number is the geometric mean of the trials' own numbers (of latency: of their percentiles) with its 95 %
    interval, t on logarithms; what is counted is summary.csv's number itself. A ratio to the baseline is paired by
    block, as in comparison.csv. A limit is broken only where the whole interval is beyond it.
    """
    grouped = cells(trials)
    anchors = {cell.scenario: (baselines or {}).get(cell.scenario, baseline) for cell in grouped}
    judged = (
        list(_beside(limit, grouped, anchors, baseline=baseline) if limit.relative else _alone(limit, grouped))
        for limit in limits
    )
    return tuple(held for one in judged for held in worst_first(one))


def hold_slos(slos: Mapping[str, Slo], trials: Sequence[TrialResult]) -> tuple[Held, ...]:
    """Return how every target keeps the SLO of each scenario that has one, by the scenario's name."""
    return tuple(
        held
        for name, slo in slos.items()
        for held in hold_limits(slo_limits(slo), [one for one in trials if one.scenario == name], baseline="")
    )


def slo_limits(slo: Slo) -> list[Limit]:
    """Return an SLO as what must not be; without its own bound on failures it has none."""
    limits = [Limit(metric=f"latency_{name}", sign=">", number=bound) for name, bound in slo.bounds.items()]
    share = slo.failures
    return limits if share is None else [*limits, Limit(metric="failure_share", sign=">", number=share)]


def worst_first(judged: Iterable[Held]) -> list[Held]:
    """Return what is broken, then what cannot be told, then what is kept."""
    return sorted(judged, key=lambda held: list(Holding).index(held.holding))


def held_ratio(limit: Limit, difference: Difference, **where: Any) -> Held:
    """Return how a ratio to the baseline keeps a limit; where says what it is of, as the fields of Held."""
    if difference.ratio is None:
        return Held(limit=limit, holding=Holding.CANNOT_TELL, why_not=difference.reason, **where)
    interval = Interval(mean=difference.ratio, low=difference.low, high=difference.high)
    return _held(limit, interval, why_not=difference.why_not, **where)


def _beside(
    limit: Limit, grouped: Mapping[Cell, Sequence[TrialResult]], anchors: Mapping[str, str], *, baseline: str
) -> Iterator[Held]:
    """Yield each target's ratio to the baseline in its scenario and variant; where there is no other, why not."""
    candidates = [cell for cell in grouped if cell.target != anchors[cell.scenario]]
    if not candidates:
        why_not = f"no target beside the baseline {baseline}"
        yield Held(limit=limit, holding=Holding.CANNOT_TELL, why_not=why_not)
    for cell in candidates:
        beside = anchors[cell.scenario]
        anchor = grouped.get(Cell(cell.scenario, cell.variant, beside), ())
        sides = (
            by_block(some, metric=column_metric(limit.metric), endpoint=TOGETHER) for some in (grouped[cell], anchor)
        )
        yield held_ratio(limit, paired_difference(*sides), beside=beside, **_where(cell, grouped[cell]))


def _alone(limit: Limit, grouped: Mapping[Cell, Sequence[TrialResult]]) -> Iterator[Held]:
    """Yield each target's own number; one line where nothing was measured at all."""
    if not grouped:
        yield Held(limit=limit, holding=Holding.CANNOT_TELL, why_not=_NOTHING_MEASURED)
    for cell, trials in grouped.items():
        measured = [trial for trial in trials if trial.ok]
        interval = _interval(limit.metric, measured)
        yield _held(limit, interval, why_not=_why_no_interval(interval, measured), **_where(cell, trials))


def _why_no_interval(interval: Interval | None, measured: Sequence[TrialResult]) -> str:
    """Return why trials give no number, or one without an interval."""
    if interval is None:
        return _NOT_KNOWN if measured else _NOTHING_MEASURED
    if isinstance(interval.mean, AtLeast):
        return _A_BOUND
    return ONE_TRIAL if interval.mean else _SOME_ZERO


def _held(limit: Limit, interval: Interval | None, *, why_not: str | None, **where: Any) -> Held:
    holding = limit.holding(interval)
    if holding is not Holding.CANNOT_TELL:
        why_not = None
    elif interval is not None and interval.low is not None:
        why_not = _INSIDE
    return Held(limit=limit, holding=holding, interval=interval, why_not=why_not, **where)


def _where(cell: Cell, trials: Sequence[TrialResult]) -> dict[str, Any]:
    where = {"target": cell.target, "scenario": cell.scenario, "variant": cell.variant}
    return {**where, "doubts": doubts_of(trials)}


def _interval(metric: str, trials: Sequence[TrialResult]) -> Interval | None:
    """Return a number over trials with its interval; None where no trial knows it."""
    if metric in COUNTED:
        count = getattr(numbers_of(trials, endpoint=TOGETHER), metric)
        return None if count is None else Interval(mean=count, low=count, high=count)
    of_trial = column_metric(metric).of
    values = [value for trial in trials if (value := of_trial(trial, TOGETHER)) is not None]
    if any(isinstance(value, AtLeast) for value in values):
        # Of their spread nothing is known. Where each of them is a bound, all are above the lowest one.
        bounds = len(values) > 1 and all(isinstance(value, AtLeast) for value in values)
        ends = (min(values), inf) if bounds else (None, None)
        return Interval(mean=AtLeast(min(values)), low=ends[0], high=ends[1])
    if len(values) > 1 and not any(values):
        return Interval(mean=0.0, low=0.0, high=0.0)
    return log_t_interval(values)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if isfinite(number) else None


def _one_line(text: str) -> str:
    return " ".join(text.split())[:80]
