"""The numbers of summary.csv and trials.csv: what each target did in each scenario, and in each single trial."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from controller.compare.blocks import Cell, bounds_of, cells, doubts_of, endpoints_of
from controller.compare.costs import cost_of
from controller.compare.distrust import Distrust
from controller.compare.intervals import Interval, log_t_interval
from controller.compare.metrics import CPU, Metric
from controller.measure.judgement import BACKING
from controller.measure.trial import TOGETHER, TrialResult
from controller.measure.window import merged_counts
from controller.units import MIB, MIB_PER_GIB, US_PER_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """What some trials of one cell did at one endpoint; the fields are columns of both tables.

    Percentiles come from the counts of all of them together. What belongs to a whole trial (CPU, memory,
    bound, what it costs to run) is known for all endpoints together only. None is not known.
    """

    requests: int | None = None
    failures: int | None = None
    throughput_per_s: float | None = None
    throughput_low_per_s: float | None = None
    throughput_high_per_s: float | None = None
    latency_p50_ms: float | None = None
    latency_p90_ms: float | None = None
    latency_p95_ms: float | None = None
    latency_p99_ms: float | None = None
    latency_p999_ms: float | None = None
    latency_max_ms: float | None = None
    service_p50_ms: float | None = None
    service_p99_ms: float | None = None
    server_cpu_us_per_request: float | None = None
    proxy_cpu_us_per_request: float | None = None
    backing_cpu_us_per_request: float | None = None
    generator_cpu_us_per_request: float | None = None
    server_peak_rss_mib: float | None = None
    bound: str | None = None
    capacity_per_s: float | None = None
    capacity_low_per_s: float | None = None
    capacity_high_per_s: float | None = None
    startup_s: float | None = None
    server_idle_rss_mib: float | None = None
    build_mib: float | None = None
    code_lines: int | None = None
    requests_per_cpu_s: float | None = None
    throughput_per_s_per_gib: float | None = None
    failure_share: float | None = None
    bound_evidence: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryRow:
    """One target, variant, scenario and endpoint over all trials that count; `trials` is how many were measured."""

    run_id: str
    target: str
    variant: str
    scenario: str
    endpoint: str
    trials: int
    numbers: Numbers
    doubts: tuple[str, ...] = ()
    factors: Mapping[str, str | int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def interval(self) -> Interval | None:
        """What a ranking goes by, each second, with its 95 % interval: capacity where it was searched, else throughput.

        None where nothing was measured. The two ends of a single search are no interval: they say nothing of spread.
        """
        numbers = self.numbers
        if numbers.capacity_per_s is not None:
            ends = (numbers.capacity_low_per_s, numbers.capacity_high_per_s) if self.trials > 1 else (None, None)
            return Interval(mean=numbers.capacity_per_s, low=ends[0], high=ends[1])
        if numbers.throughput_per_s is None:
            return None
        low, high = numbers.throughput_low_per_s, numbers.throughput_high_per_s
        return Interval(mean=numbers.throughput_per_s, low=low, high=high)


def summaries(trials: Iterable[TrialResult], *, run_id: str, found: Sequence[Distrust] = ()) -> tuple[SummaryRow, ...]:
    """Return the rows of summary.csv: `*` first, then each endpoint; a target that never succeeded has a `*` row.

    Numbers come from trials measured to their end; of a repeated trial the last one counts. found are doubts about
    all trials of some cells.
    """
    rows = (row for cell, its in cells(trials).items() for row in _cell_rows(cell, its, run_id=run_id))
    return tuple(_distrusted(row, found) for row in rows)


def _distrusted(row: SummaryRow, found: Sequence[Distrust]) -> SummaryRow:
    """Return a row with the doubts about its cell."""
    cell = Cell(row.scenario, row.variant, row.target)
    return replace(row, doubts=(*row.doubts, *(one.kind.value for one in found if cell in one.cells)))


def _cell_rows(cell: Cell, trials: Sequence[TrialResult], *, run_id: str) -> Iterator[SummaryRow]:
    """Yield the rows of one target, variant and scenario."""
    measured = [trial for trial in trials if trial.ok]
    for endpoint in (TOGETHER, *endpoints_of(measured)):
        yield SummaryRow(
            run_id=run_id,
            target=cell.target,
            variant=cell.variant,
            scenario=cell.scenario,
            endpoint=endpoint,
            trials=len(measured),
            numbers=numbers_of(measured, endpoint=endpoint),
            doubts=doubts_of(measured),
            factors=trials[0].factors,
            notes=(*_failed_note(trials), *dict.fromkeys(note for trial in measured for note in trial.notes)),
        )


def _failed_note(trials: Sequence[TrialResult]) -> tuple[str, ...]:
    """Return a note that says how many trials gave no numbers; nothing where all did."""
    failed = sum(not trial.ok for trial in trials)
    return (f"{failed} of {len(trials)} trials not measured to the end",) if failed else ()


def numbers_of(trials: Sequence[TrialResult], *, endpoint: str) -> Numbers:
    """Return what trials, all measured to their end, did at one endpoint; without trials nothing is known."""
    counts = [found for trial in trials if (found := trial.counts(endpoint)) is not None]
    if not counts:
        return Numbers()
    together = merged_counts(counts)
    rates = [rate for trial in trials if (rate := trial.throughput_per_s(endpoint)) is not None]
    throughput = log_t_interval(rates)
    numbers = Numbers(
        requests=together.attempts,
        failures=together.failures,
        failure_share=together.failures / together.attempts if together.attempts else None,
        throughput_per_s=None if throughput is None else throughput.mean,
        throughput_low_per_s=None if throughput is None else throughput.low,
        throughput_high_per_s=None if throughput is None else throughput.high,
        latency_p50_ms=together.latency_ms(50, 100),
        latency_p90_ms=together.latency_ms(90, 100),
        latency_p95_ms=together.latency_ms(95, 100),
        latency_p99_ms=together.latency_ms(99, 100),
        latency_p999_ms=together.latency_ms(999, 1000),
        latency_max_ms=together.latency_ms(1, 1),
        service_p50_ms=together.service_ms(50, 100),
        service_p99_ms=together.service_ms(99, 100),
        server_cpu_us_per_request=cpu_us_per_request(trials, parties=("server",), endpoint=endpoint),
        proxy_cpu_us_per_request=cpu_us_per_request(trials, parties=("proxy",), endpoint=endpoint),
        backing_cpu_us_per_request=cpu_us_per_request(trials, parties=BACKING, endpoint=endpoint),
        generator_cpu_us_per_request=cpu_us_per_request(trials, parties=("generator",), endpoint=endpoint),
        server_peak_rss_mib=_mib(cost_of(trials).peak_rss_bytes) if endpoint == TOGETHER else None,
        **(_bound(trials) if endpoint == TOGETHER else {}),
        **_capacity(trials, endpoint=endpoint),
        **(_costs(trials) if endpoint == TOGETHER else {}),
    )
    return replace(numbers, **_worth(trials, numbers)) if endpoint == TOGETHER else numbers


def _worth(trials: Sequence[TrialResult], numbers: Numbers) -> dict[str, Any]:
    """Return what is had for a CPU-second of all parties but the generator, and for a GiB of the server's memory."""
    known = [
        (counts.attempts, cpu_us)
        for trial in trials
        if (cpu_us := CPU.of(trial, TOGETHER)) is not None and (counts := trial.counts(TOGETHER)) is not None
    ]
    cpu_s = sum(attempts * cpu_us for attempts, cpu_us in known) / US_PER_S
    rate_per_s = numbers.throughput_per_s if numbers.capacity_per_s is None else numbers.capacity_per_s
    peak_gib = (numbers.server_peak_rss_mib or 0) / MIB_PER_GIB
    return {
        "requests_per_cpu_s": sum(attempts for attempts, _ in known) / cpu_s if cpu_s else None,
        "throughput_per_s_per_gib": rate_per_s / peak_gib if rate_per_s is not None and peak_gib else None,
    }


def column_metric(name: str) -> Metric:
    """Return a column of the tables as a metric: the number that each trial has by itself, without a verdict."""

    def of(trial: TrialResult, endpoint: str) -> float | None:
        value: float | None = getattr(numbers_of([trial], endpoint=endpoint), name)
        return value

    return Metric(name=name, of=of, more_is_better=False, judged=False)


def _costs(trials: Sequence[TrialResult]) -> dict[str, Any]:
    """Return what a target costs to run, as far as some trial knows."""
    cost = cost_of(trials)
    return {
        "startup_s": cost.startup_s,
        "server_idle_rss_mib": _mib(cost.idle_rss_bytes),
        "build_mib": _mib(cost.build_bytes),
        "code_lines": cost.code_lines,
    }


def _capacity(trials: Sequence[TrialResult], *, endpoint: str) -> dict[str, Any]:
    """Return the capacity of all trials with its interval; of one trial with the two ends of its search."""
    searched = [trial.capacity for trial in trials if trial.capacity is not None]
    found = [rate for trial in trials if (rate := trial.capacity_per_s(endpoint)) is not None]
    if not found:
        return {}
    interval = log_t_interval(found)
    assert interval is not None  # there are values
    low, high = interval.low, interval.high
    if len(searched) == 1:
        low, high = searched[0].low_per_s, searched[0].high_per_s
    return {"capacity_per_s": interval.mean, "capacity_low_per_s": low, "capacity_high_per_s": high}


def cpu_us_per_request(trials: Iterable[TrialResult], *, parties: Sequence[str], endpoint: str) -> float | None:
    """Return the CPU-microseconds per request of parties together, over the trials in which one was observed.

    None for a single endpoint (a process's CPU time cannot be told apart by route), unobserved, or idle.
    """
    if endpoint != TOGETHER:
        return None
    observed = [trial for trial in trials if any(party in trial.usage for party in parties)]
    requests = sum(counts.attempts for trial in observed if (counts := trial.counts(TOGETHER)) is not None)
    cpu_s = sum(used.cpu_s for trial in observed for party, used in trial.usage.items() if party in parties)
    return cpu_s * US_PER_S / requests if requests else None


def _mib(size_bytes: float | None) -> float | None:
    return None if size_bytes is None else size_bytes / MIB


def _bound(trials: Sequence[TrialResult]) -> dict[str, Any]:
    """Return what limited most trials, as the first of them shows it; those equally common are joined by `;`."""
    bounds = bounds_of(trials)
    shown = (next((one.evidence for one in trials if one.bound == bound and one.evidence), None) for bound in bounds)
    evidence = [text for text in shown if text is not None]
    return {"bound": ";".join(bounds) or None, "bound_evidence": "; ".join(evidence) or None}
