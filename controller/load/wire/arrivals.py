"""When the requests of an open load are planned: one absolute schedule, shared out over all workers.

Arrivals are drawn at a rate of one a second, the same on every worker, and each worker takes its share of them.
The integral of the offered rate, inverted, then says at which moment that many had to have come.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, count, islice
from math import log1p, sqrt
from random import Random

from controller.load.job import Offered
from controller.load.wire.tally import NS_PER_S
from controller.plan.scenario import Stage


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch of the schedule: it begins after so many arrivals, at a moment, with a rate that may rise or fall."""

    arrivals: float
    begin_s: float
    rate_per_s: float
    slope: float = 0.0

    def moment_s(self, arrivals: float) -> float:
        """Return when so many arrivals have come; divided each time, since a sum of rounded gaps drifts away."""
        more, rate = arrivals - self.arrivals, self.rate_per_s
        if not self.slope:
            return self.begin_s + more / rate
        # The root of rate x + slope x^2 / 2 = more, in the form that also holds for small slopes.
        return self.begin_s + 2 * more / (rate + sqrt(max(0.0, rate * rate + 2 * self.slope * more)))


def _pieces(stages: Sequence[Stage], from_s: float) -> Iterator[_Piece]:
    """Yield the schedule: the first stage's rate from the start on, the stages from from_s on, then the last rate."""
    rate, at_s = stages[0].rate_per_s, from_s
    arrivals = rate * from_s
    yield _Piece(0.0, 0.0, rate)
    for stage in stages:
        begin_rate, rate = rate if stage.ramp else stage.rate_per_s, stage.rate_per_s
        if stage.duration_s is None:
            yield _Piece(arrivals, at_s, rate)
            return
        yield _Piece(arrivals, at_s, begin_rate, (rate - begin_rate) / stage.duration_s)
        arrivals += stage.duration_s * (begin_rate + rate) / 2
        at_s += stage.duration_s
    yield _Piece(arrivals, at_s, rate)


def _unit_arrivals(kind: str, seed: int) -> Iterable[float]:
    """Return the arrivals of one a second: evenly spaced from 0 on, or a Poisson process drawn from a seed."""
    if kind == "constant":
        return count()
    # Of all methods of Random, only random() is promised to give the same numbers in later versions.
    draw = Random(f"{seed}:arrivals").random
    return accumulate(-log1p(-draw()) for _ in count())


class Arrivals:
    """The planned sends of one worker, one after the other: due_ns is the next one's, from the trial's start.

    share is (this worker's number, workers). The stages begin with the measured phase, which has to be told before
    it comes; until then arrivals come at the first stage's rate.
    """

    __slots__ = ("_at", "_pieces", "_stages", "_unit", "_units", "due_ns")

    def __init__(self, offered: Offered, *, seed: int, share: tuple[int, int]) -> None:
        number, workers = share
        self._stages = offered.stages
        self._units = islice(_unit_arrivals(offered.arrivals, seed), number, None, workers)
        self._pieces = [_Piece(0.0, 0.0, offered.stages[0].rate_per_s)]
        self._at = 0
        self._unit = 0.0
        self.due_ns = 0
        self.step()

    def measure(self, from_s: float) -> None:
        """Begin the stages at a moment; the arrival that is due next moves with them."""
        self._pieces, self._at = list(_pieces(self._stages, from_s)), 0
        self._place()

    def step(self) -> None:
        """Go on to the next arrival."""
        self._unit = next(self._units)
        self._place()

    def _place(self) -> None:
        pieces, unit = self._pieces, self._unit
        while self._at + 1 < len(pieces) and pieces[self._at + 1].arrivals <= unit:
            self._at += 1
        self.due_ns = round(pieces[self._at].moment_s(unit) * NS_PER_S)
