"""What was measured of a generator, and what it comes to beside the others: plain values, nothing is run here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from benchmarks.workloads import FAST_HTTP_USER, FASTSERVE, Workload
from controller.measure.spent import Spent


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What one generator spent at one workload in one round, counted from 1."""

    workload: Workload
    generator: str
    round: int
    spent: Spent


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """Requests per CPU-second of one generator over another's: the median of all rounds, the least and the greatest."""

    median: float
    least: float
    greatest: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One generator at one workload over all rounds: medians, and ratios of what was measured side by side.

    of_rival and of_fast_http_user are None where that generator was not measured.
    """

    workload: Workload
    generator: str
    rounds: int
    per_cpu_s: float
    cpu_us: float
    per_s: float
    cores: float
    of_rival: Ratio | None
    of_fast_http_user: Ratio | None

    @property
    def reached(self) -> bool | None:
        """Whether the floor is reached; None for a generator that has none."""
        if self.generator != FASTSERVE or self.of_rival is None:
            return None
        return self.of_rival.median >= self.workload.floor


def rows_of(samples: Sequence[Sample]) -> list[Row]:
    """Return one row for each generator at each workload, in the order in which they were first measured."""
    pairs = dict.fromkeys((sample.workload, sample.generator) for sample in samples)
    return [_row([s for s in samples if s.workload == workload], generator) for workload, generator in pairs]


def ratio_of(samples: Iterable[Sample], generator: str, *, to: str) -> Ratio | None:
    """Return the ratio of two generators, taken round by round; None where no round has both.

    A neighbour on the machine slows both of a round: their ratio moves less than either number.
    """
    listed = list(samples)
    bases = {sample.round: sample.spent.per_cpu_s for sample in listed if sample.generator == to}
    ratios = [s.spent.per_cpu_s / bases[s.round] for s in listed if s.generator == generator and s.round in bases]
    if not ratios:
        return None
    return Ratio(median=median(ratios), least=min(ratios), greatest=max(ratios))


def _row(together: Sequence[Sample], generator: str) -> Row:
    own = [sample for sample in together if sample.generator == generator]
    return Row(
        workload=own[0].workload,
        generator=generator,
        rounds=len(own),
        per_cpu_s=median(sample.spent.per_cpu_s for sample in own),
        cpu_us=median(sample.spent.cpu_us for sample in own),
        per_s=median(sample.spent.per_s for sample in own),
        cores=median(sample.spent.cores for sample in own),
        of_rival=ratio_of(together, generator, to=own[0].workload.rival),
        of_fast_http_user=ratio_of(together, generator, to=FAST_HTTP_USER),
    )
