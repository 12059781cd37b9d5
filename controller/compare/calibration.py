"""Load generators side by side: what each did in the rounds of a calibration, and its throughput beside wrk's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median, median_low
from typing import Final

from controller.compare.intervals import Interval, log_t_interval
from controller.compare.pairs import Difference, paired_difference
from controller.measure.bound import bound_of
from controller.measure.turn import Turn

REFERENCE: Final = "wrk"
# How far the interval of a ratio may lie from 1 and still be called agreement.
AGREE_WITHIN: Final = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One generator over all its rounds. What is not known is None.

    per_s is a geometric mean with its interval, everything else a median; of latencies it is one that was told, so
    that whole milliseconds stay whole. of_reference is its throughput over wrk's, paired by round.
    """

    generator: str
    rounds: int
    requests: int
    per_s: Interval
    p50_ms: float | None
    p99_ms: float | None
    generator_us: float
    server_us: float | None
    shares: Mapping[str, float]
    of_reference: Difference | None

    @property
    def bound(self) -> str | None:
        """The party that was at its limit; "none" where neither was, None where nobody looked."""
        return bound_of(self.shares).party if self.shares else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """What a calibration asked of which target, and every turn that was measured.

    versions names all generators that took part. missing has the command that would add each that is not here,
    left_out why a generator was not measured, or not in some round.
    """

    target: str
    path: str
    in_flight: int
    duration_s: int
    rounds: int
    turns: tuple[Turn, ...]
    versions: Mapping[str, str | None]
    missing: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def rows(self) -> list[Row]:
        """A row for each generator that was measured, in the order of versions."""
        by_generator = {name: [turn for turn in self.turns if turn.generator == name] for name in self.versions}
        reference = by_generator.get(REFERENCE, [])
        return [_row(name, turns, reference) for name, turns in by_generator.items() if turns]

    def row(self, generator: str) -> Row | None:
        """Return a generator's row; None where it was not measured."""
        return next((row for row in self.rows if row.generator == generator), None)


def _row(name: str, turns: Sequence[Turn], reference: Sequence[Turn]) -> Row:
    per_s = log_t_interval([turn.spent.per_s for turn in turns])
    assert per_s is not None  # there are turns
    return Row(
        generator=name,
        rounds=len(turns),
        requests=sum(turn.spent.requests for turn in turns),
        per_s=per_s,
        p50_ms=_told([turn.spent.p50_ms for turn in turns]),
        p99_ms=_told([turn.spent.p99_ms for turn in turns]),
        generator_us=median(turn.spent.cpu_us for turn in turns),
        server_us=_middle([turn.server_us for turn in turns]),
        shares=_shares(turns),
        of_reference=paired_difference(_by_round(turns), _by_round(reference)) if reference else None,
    )


def _by_round(turns: Sequence[Turn]) -> dict[int, float]:
    return {turn.round: turn.spent.per_s for turn in turns}


def _shares(turns: Sequence[Turn]) -> dict[str, float]:
    parties = dict.fromkeys(party for turn in turns for party in turn.shares)
    return {party: median(turn.shares[party] for turn in turns if party in turn.shares) for party in parties}


def _middle(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _told(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median_low(known) if known else None
