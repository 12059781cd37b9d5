"""Trials and windows as a run would have measured them, from a seed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from math import exp
from random import Random

from controller.measure.doubt import Doubt, DoubtKind
from controller.measure.histogram import recorded
from controller.measure.step import Capacity, Step
from controller.measure.trial import TrialResult, Usage
from controller.measure.window import EndpointCounts, Phase, Window
from controller.plan.factors import variant_of
from controller.units import MIB


def counts_of(
    samples: int, *, around_ms: float = 4.0, seed: int = 0, errors: Mapping[str, int] | None = None
) -> EndpointCounts:
    """Return the counts of so many right answers, their latency lognormal around a median, beside some errors."""
    durations: dict[int, int] = {}
    shapes = min(samples, 400)
    for n, factor in enumerate(_shape(seed % 20)[:shapes]):
        us = max(1, round(around_ms * 1000 * factor))
        # Few durations stand for many answers, so that a trial costs nothing to make.
        durations[us] = durations.get(us, 0) + samples // shapes + (n < samples % shapes)
    return EndpointCounts(latency=recorded(durations), bytes=200 * samples, errors=dict(errors or {}))


@cache
def _shape(seed: int) -> list[float]:
    """Return 400 lognormal factors around 1."""
    random = Random(seed)
    return [exp(random.gauss(0, 0.35)) for _ in range(400)]


def trial_of(
    target: str = "python-flask",
    *,
    scenario: str = "health",
    block: int = 1,
    rate_per_s: float = 3000.0,
    trial: int = 1,
    order: int | None = None,
    endpoints: Mapping[str, EndpointCounts] | None = None,
    doubts: Iterable[Doubt] = (),
    notes: Iterable[str] = (),
    duration_s: float = 4.0,
) -> TrialResult:
    """Return one trial that was measured to its end at about this rate."""
    samples = round(rate_per_s * duration_s)
    if endpoints is None:
        around_ms = 64_000 / max(rate_per_s, 1)
        endpoints = {"/api/health": counts_of(samples, around_ms=around_ms, seed=trial)} if samples else {}
    return TrialResult(
        trial=trial,
        block=block,
        order=trial if order is None else order,
        target=target,
        variant="default",
        scenario=scenario,
        factors=variant_of({}).levels,
        started_at="2026-11-23T10:00:00.000Z",
        outcome="ok",
        startup_s=0.4,
        idle_rss_bytes=42 * MIB,
        build_bytes=18 * MIB,
        code_lines=312,
        warmup_s=3.0,
        warmup_end="steady",
        duration_s=duration_s,
        answered_total=samples + 1000,
        attempts_total=samples + 1000,
        bound="server",
        usage={
            "server": Usage(cpu_s=0.98 * duration_s, busiest=0.99, peak_rss_bytes=71 * MIB + 100_000 * block),
            "generator": Usage(cpu_s=5e-6 * samples, busiest=0.12, peak_rss_bytes=60 * MIB),
        },
        doubts=tuple(doubts),
        notes=tuple(notes),
        endpoints=endpoints,
    )


def failed(trial: TrialResult, reason: str = "python-flask died at second 3 with status 1") -> TrialResult:
    """Return the same trial as it is stored when it did not come to its end."""
    return replace(
        trial, outcome="failed", reason=reason, duration_s=None, answered_total=None, bound=None, usage={}, endpoints={}
    )


def step_of(step: int, rate_per_s: float, *, kept: bool) -> Step:
    """Return a step of four seconds that kept an SLO of 20 ms at p99, or missed it."""
    p99_ms = 4.0 if kept else 31.2
    offered = round(rate_per_s * 4)
    return Step(
        step=step,
        rate_per_s=rate_per_s,
        duration_s=4.0,
        offered=offered,
        answered=offered,
        failures=0,
        latency_p50_ms=1.5,
        latency_p90_ms=2.5,
        latency_p95_ms=3.0,
        latency_p99_ms=p99_ms,
        latency_p999_ms=None,
        missed=() if kept else ("p99 31.2 ms, at most 20 ms",),
    )


def searched(trial: TrialResult) -> TrialResult:
    """Return a trial as a search whose last step that kept its SLO was this trial; 1 % above it was missed twice."""
    held, missed = trial.throughput_per_s("*") or 0.0, (trial.throughput_per_s("*") or 0.0) * 1.01
    steps = tuple(
        step_of(n, rate, kept=rate <= held) for n, rate in enumerate([held / 2, missed, missed, held], start=1) if rate
    )
    capacity = Capacity(slo=SLO, per_s=held, low_per_s=held, high_per_s=missed, step=4)
    return replace(trial, steps=steps, capacity=capacity)


def found_nothing(trial: TrialResult) -> TrialResult:
    """Return the same trial as a search that kept its SLO at no rate: it has no measured phase."""
    steps = tuple(step_of(n, rate, kept=False) for n, rate in enumerate([100.0, 100.0, 50.0, 50.0], start=1))
    reason = "missed even at 50/s: p99 31.2 ms, at most 20 ms"
    capacity = Capacity(slo=SLO, high_per_s=50.0, reason=reason)
    return replace(trial, steps=steps, capacity=capacity, endpoints={}, duration_s=None, bound=None, usage={})


def run_of(
    rates_per_s: Mapping[str, float],
    *,
    scenarios: Sequence[str] = ("health",),
    blocks: int = 3,
    spread: float = 0.015,
    seed: int = 1,
) -> list[TrialResult]:
    """Return the trials of a run: each target around its rate, lognormal with this spread, blocks shuffled."""
    random = Random(seed)
    trials: list[TrialResult] = []
    for block in range(1, blocks + 1):
        cells = [(target, scenario) for scenario in scenarios for target in rates_per_s]
        random.shuffle(cells)
        for target, scenario in cells:
            rate = rates_per_s[target] / (1 + 3 * list(scenarios).index(scenario)) * exp(random.gauss(0, spread))
            trials.append(trial_of(target, scenario=scenario, block=block, rate_per_s=rate, trial=len(trials) + 1))
    return trials


def windows_of(trials: Iterable[TrialResult], *, warmup_s: int = 3) -> list[Window]:
    """Return windows of one second for each trial that was measured: warm-up first, then about its throughput."""
    windows: list[Window] = []
    for trial in trials:
        rate = trial.throughput_per_s("*")
        random = Random(trial.order)
        for second in range(warmup_s + round(trial.duration_s or 0)):
            measured = second >= warmup_s
            samples = round((rate or 0) * random.uniform(0.97, 1.03) * (1 if measured else 0.6 + 0.1 * second))
            windows.append(
                Window(
                    order=trial.order,
                    index=second,
                    start_s=second,
                    end_s=second + 1,
                    phase=Phase.MEASURED if measured else Phase.WARMUP,
                    users=64,
                    endpoints={"/api/health": counts_of(min(samples, 400)) if samples < 400 else _flat(samples)},
                )
            )
    return windows


def _flat(samples: int) -> EndpointCounts:
    """Return counts whose latencies are all alike: enough where only their number matters."""
    return EndpointCounts(latency=recorded({4000: samples}), bytes=200 * samples)


SLO = "p99 <= 20 ms"
SATURATED = Doubt(DoubtKind.GENERATOR_SATURATED, "workers 91 % busy, at least 85 % is a doubt")
