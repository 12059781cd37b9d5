"""The numbers of a trial that are compared: one line adds one."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from controller.measure.judgement import BACKING, SERVER
from controller.measure.trial import TOGETHER, TrialResult
from controller.units import US_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """A column of trials.csv that two targets can be compared by.

    judged: whether a difference gets a verdict in a closed loop too. There latency restates throughput (Little's
    law: in flight = rate x latency), so it is shown as a ratio without one; where requests come at the same rate
    whatever is answered, it is what tells targets apart. whole: known for all endpoints together only.
    """

    name: str
    of: Callable[[TrialResult, str], float | None]
    more_is_better: bool
    judged: bool
    whole: bool = False


def _latency(part: int, of: int) -> Callable[[TrialResult, str], float | None]:
    """Return the function that reads one percentile of a trial, in milliseconds."""

    def percentile(trial: TrialResult, endpoint: str) -> float | None:
        counts = trial.counts(endpoint)
        return None if counts is None else counts.latency_ms(part, of)

    return percentile


# The party of the trial that a factor's level cannot be in force without: (factor, level) -> its name.
_NEEDED: Final = {("proxy", "nginx"): "proxy", ("db", "mysql"): "database", ("cache", "redis"): "cache"}


def _cpu_us(trial: TrialResult, endpoint: str) -> float | None:
    """Return the CPU-microseconds a request of server, proxy and backing services together.

    None where one of them was not observed: without it the sum would be too small. A clock that did not move is
    not known either.
    """
    needed = {party for (factor, level), party in _NEEDED.items() if trial.factors.get(factor) == level}
    counts = trial.counts(TOGETHER)
    if endpoint != TOGETHER or counts is None or not counts.attempts or not {SERVER, *needed} <= trial.usage.keys():
        return None
    cpu_s = sum(used.cpu_s for party, used in trial.usage.items() if party in (SERVER, "proxy", *BACKING))
    return cpu_s * US_PER_S / counts.attempts or None


CPU: Final = Metric(name="cpu_us_per_request", of=_cpu_us, more_is_better=False, judged=False, whole=True)
THROUGHPUT: Final = Metric(name="throughput_per_s", of=TrialResult.throughput_per_s, more_is_better=True, judged=True)
CAPACITY: Final = Metric(
    name="capacity_per_s", of=TrialResult.capacity_per_s, more_is_better=True, judged=True, whole=True
)
METRICS: Final = (
    THROUGHPUT,
    Metric(name="latency_p50_ms", of=_latency(50, 100), more_is_better=False, judged=False),
    Metric(name="latency_p99_ms", of=_latency(99, 100), more_is_better=False, judged=False),
)


def metrics_of(trials: Iterable[TrialResult]) -> tuple[Metric, ...]:
    """Return what trials of one scenario are compared by, first what a ranking goes by.

    After a search that is the capacity alone: throughput and latency are those of a rate that the search chose.
    """
    return (CAPACITY,) if any(trial.capacity is not None for trial in trials) else METRICS
