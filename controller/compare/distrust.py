"""Reasons to distrust several trials together: a target that drifts in each, a machine that drifted over the run."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import exp, fsum, log, sqrt
from statistics import fmean, stdev
from typing import Final

from controller.compare.blocks import Cell, cells
from controller.compare.holm import ALPHA, holm
from controller.compare.metrics import CAPACITY, THROUGHPUT
from controller.compare.pairs import p_of_mean
from controller.measure.doubt import DoubtKind
from controller.measure.steady import STEADY_HALVES
from controller.measure.trial import TOGETHER, TrialResult

MOST_BASELINE_DRIFT: Final = 0.05
# Of 100 runs without a drift so many may be told to have one.
_CHANCE: Final = 0.01
_FEWEST_BLOCKS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Distrust:
    """A doubt about all trials of some cells, with the numbers that raised it."""

    kind: DoubtKind
    evidence: str
    cells: tuple[Cell, ...]


def distrusts(trials: Iterable[TrialResult], *, baseline: str) -> tuple[Distrust, ...]:
    """Return the doubts that only several trials together give, from those that count."""
    found = cells(trials)
    return (*_drifting(found), *_baseline_drift(found, baseline=baseline))


def _drifting(found: Mapping[Cell, Sequence[TrialResult]]) -> Iterator[Distrust]:
    """Yield the cells whose trials all drift the same way, by more than 3 % on average.

    The drifts of the blocks are held against their own scatter by Student's t, with Holm's correction over all
    cells of the run. So what a single trial cannot tell from noise is found, however windows resemble their neighbours.
    """
    known = {cell: drifts for cell, trials in found.items() if len(drifts := _drifts(trials)) >= _FEWEST_BLOCKS}
    certain = holm([_p_value(drifts) for drifts in known.values()])
    for (cell, drifts), p_value in zip(known.items(), certain, strict=True):
        mean = fmean(drifts)
        same = all(drift * mean > 0 for drift in drifts) and all(map(_beyond_bounds, found[cell]))
        if same and abs(mean) > STEADY_HALVES and p_value <= ALPHA:
            faster = "faster" if mean > 0 else "slower"
            evidence = (
                f"in each of {len(drifts)} trials the second half of the measured phase was {faster}, "
                f"by {abs(mean):.1%} on average, limit {STEADY_HALVES:.0%} (p {p_value:.2g})"
            )
            yield Distrust(kind=DoubtKind.DRIFTS, evidence=evidence, cells=(cell,))


def _drifts(trials: Sequence[TrialResult]) -> list[float]:
    """Return the drifts of a cell's trials; none where one of them is not known, since it might be the other way."""
    drifts = [trial.drift for trial in trials if trial.ok and trial.drift is not None]
    return drifts if len(drifts) == len(trials) else []


def _beyond_bounds(trial: TrialResult) -> bool:
    """Whether halves differ by more answers than were in flight, which may fall on either side by chance."""
    counts = trial.counts(TOGETHER)
    in_flight = trial.factors.get("in_flight")
    if counts is None or trial.drift is None or not isinstance(in_flight, int):
        return False
    return abs(trial.drift) * counts.attempts / 2 > in_flight


def _p_value(values: Sequence[float]) -> float:
    """Return the two-sided p-value of a mean of 0; values that are all the same are certain."""
    return p_of_mean(fmean(values), standard_error=stdev(values) / sqrt(len(values)), df=len(values) - 1)


def _baseline_drift(found: Mapping[Cell, Sequence[TrialResult]], *, baseline: str) -> Iterator[Distrust]:
    """Yield a doubt where the baseline got faster or slower over the run: the machine did not stay what it was.

    One slope over the order of trials for all of its cells, each around its own mean, of the logarithm of what a
    ranking goes by, by least squares and Student's t. Open trials are left out: their rate is the plan's.
    """
    rates = {cell: points for cell, trials in found.items() if cell.target == baseline and (points := _points(trials))}
    centred = [point for points in rates.values() for point in _centred(points)]
    squares = fsum(place * place for place, _ in centred)
    freedom = len(centred) - len(rates) - 1
    if freedom < 1 or squares == 0:
        return
    slope = fsum(place * rate for place, rate in centred) / squares
    error = sqrt(fsum((rate - slope * place) ** 2 for place, rate in centred) / freedom / squares)
    p_value = p_of_mean(slope, standard_error=error, df=freedom)
    orders = [order for points in rates.values() for order, _ in points]
    drift = exp(slope * (max(orders) - min(orders))) - 1
    if abs(drift) > MOST_BASELINE_DRIFT and p_value < _CHANCE:
        evidence = (
            f"{baseline} got {'faster' if drift > 0 else 'slower'} by {abs(drift):.1%} over the run, by "
            f"{len(centred)} trials, limit {MOST_BASELINE_DRIFT:.0%} (p {p_value:.2g})"
        )
        yield Distrust(kind=DoubtKind.BASELINE_DRIFT, evidence=evidence, cells=tuple(rates))


def _points(trials: Sequence[TrialResult]) -> list[tuple[int, float]]:
    """Return (order, logarithm of the rate) of a cell's trials that say something of the machine's speed."""
    points = []
    for trial in trials:
        metric = THROUGHPUT if trial.capacity is None else CAPACITY
        rate = metric.of(trial, TOGETHER)
        if trial.ok and rate and not (trial.is_open and trial.capacity is None):
            points.append((trial.order, log(rate)))
    return points


def _centred(points: Sequence[tuple[int, float]]) -> Iterator[tuple[float, float]]:
    order, rate = fmean(one for one, _ in points), fmean(one for _, one in points)
    yield from ((one - order, its - rate) for one, its in points)
