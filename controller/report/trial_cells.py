"""Single trials and steps of searches, as the page lists them."""

from collections.abc import Sequence

from controller.measure.step import Step
from controller.measure.trial import TOGETHER, TrialResult
from controller.report.svg import shortened
from controller.units import duration_text, rate_text


def trial_name(trial: TrialResult) -> str:
    """Return what a trial is called in charts."""
    return f"trial {trial.trial}, block {trial.block}" + ("" if trial.ok else f": {trial.outcome}")


def trial_cells(trial: TrialResult) -> Sequence[str]:
    """Return a trial's line in the table of trials: target, trial, block, outcome, throughput, p99, what is to say."""
    rate = trial.throughput_per_s(TOGETHER) if trial.ok else None
    counts = trial.counts(TOGETHER) if trial.ok else None
    p99_ms = None if counts is None else counts.latency_ms(99, 100)
    said = [trial.reason or "", *(f"{doubt.kind}: {doubt.evidence}" for doubt in trial.doubts)]
    return (
        trial.target,
        str(trial.trial),
        str(trial.block),
        trial.outcome,
        "" if rate is None else rate_text(rate),
        "" if p99_ms is None else duration_text(p99_ms),
        shortened("; ".join(filter(None, said)), 300),
    )


def step_cells(trial: TrialResult, step: Step) -> Sequence[str]:
    """Return a step's line in the table of steps: target, trial, step, rate, p50, p99, what came of it."""
    return (
        trial.target,
        str(trial.trial),
        str(step.step),
        rate_text(step.rate_per_s),
        "" if step.latency_p50_ms is None else duration_text(step.latency_p50_ms),
        "" if step.latency_p99_ms is None else duration_text(step.latency_p99_ms),
        "; ".join(("kept" if step.kept else "missed", *step.missed, *step.doubts)),
    )
