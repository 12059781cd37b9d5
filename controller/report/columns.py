"""The columns of all tables, in order; exports/COLUMNS.md says what they mean."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from controller.compare.effects import Effect
from controller.compare.findings import Findings
from controller.compare.summary import Numbers, SummaryRow, numbers_of
from controller.compare.verdicts import Comparison
from controller.measure.errors import Errors
from controller.measure.trial import TOGETHER, TrialResult
from controller.plan.factors import FACTORS

Row: TypeAlias = Mapping[str, Any]

_KEYS: Final = ("run_id", "target", "variant", "scenario", "endpoint", "trials")
_CAPACITY: Final = ("capacity_per_s", "capacity_low_per_s", "capacity_high_per_s")
_STARTUP: Final = "startup_s"
_COSTS: Final = ("server_idle_rss_mib", "build_mib", "code_lines", "requests_per_cpu_s", "throughput_per_s_per_gib")
_SHARE: Final = "failure_share"
_EVIDENCE: Final = "bound_evidence"
_LATER: Final = (*_CAPACITY, _STARTUP, *_COSTS, _SHARE, _EVIDENCE)
_NUMBERS: Final = tuple(field.name for field in fields(Numbers) if field.name not in _LATER)
_TRIAL: Final = (
    "trial",
    "block",
    "order",
    "started_at",
    _STARTUP,
    "warmup_s",
    "duration_s",
    "answered_total",
    "outcome",
    "reason",
)
SUMMARY: Final = (*_KEYS, *_NUMBERS, "doubts", *FACTORS, *_CAPACITY, _STARTUP, *_COSTS, _SHARE, _EVIDENCE, "notes")
# In the place that it has had from the first, the start-up of a trial stands among what only a trial has.
TRIALS: Final = (*_KEYS, *_NUMBERS, "doubts", *_TRIAL, *FACTORS, *_CAPACITY, *_COSTS, _SHARE, _EVIDENCE, "notes")
COMPARISON: Final = (
    "scenario",
    "endpoint",
    "variant",
    "baseline",
    "candidate",
    "metric",
    "ratio",
    "ratio_low",
    "ratio_high",
    "p_value",
    "verdict",
    "detectable",
)
EFFECTS: Final = (
    *("factor", "level", "against", "target", "scenario", "endpoint", "metric"),
    *("ratio", "ratio_low", "ratio_high", "p_value", "verdict", "detectable", "notes"),
)
_ERROR_TRIAL: Final = ("trial", "order", "target", "variant", "scenario")
_ERROR: Final = tuple(field.name for field in fields(Errors))
ERRORS: Final = ("run_id", *_ERROR_TRIAL, "kind", *_ERROR)
_STEP_OF: Final = ("trial", "block", "target", "variant", "scenario")
_STEP: Final = (
    *("step", "rate_per_s", "duration_s", "offered", "answered", "failures"),
    *(f"latency_{part}_ms" for part in ("p50", "p90", "p95", "p99", "p999")),
)
STEPS: Final = ("run_id", *_STEP_OF, *_STEP, "kept", "missed", "doubts")

HYPOTHESES: Final = ("says", "verdict", "ratio", "ratio_low", "ratio_high", "detail")


def summary_rows(findings: Findings) -> Iterable[Row]:
    """Yield the rows of summary.csv."""
    for row in findings.summary:
        yield _summary_row(row)


def _summary_row(row: SummaryRow) -> Row:
    """Return one row of summary.csv; what is not known is None."""
    return {
        **{name: getattr(row, name) for name in _KEYS},
        **_numbers(row.numbers),
        "doubts": ";".join(row.doubts),
        **{name: row.factors.get(name) for name in FACTORS},
        "notes": ";".join(row.notes),
    }


def trial_rows(findings: Findings) -> Iterable[Row]:
    """Yield the rows of trials.csv: all trials as run, each with `*` and each of its endpoints."""
    for trial in findings.trials:
        for endpoint in (TOGETHER, *sorted(trial.endpoints)):
            yield _trial_row(trial, run_id=findings.run_id, endpoint=endpoint)


def _trial_row(trial: TrialResult, *, run_id: str, endpoint: str) -> Row:
    """Return one row of trials.csv."""
    return {
        "run_id": run_id,
        "target": trial.target,
        "variant": trial.variant,
        "scenario": trial.scenario,
        "endpoint": endpoint,
        "trials": int(trial.ok),
        **_numbers(_trial_numbers(trial, endpoint=endpoint)),
        "doubts": ";".join(dict.fromkeys(doubt.kind.value for doubt in trial.doubts)),
        **{name: getattr(trial, name) for name in _TRIAL},
        # A count of the whole trial: on every endpoint's row, a sum over rows would count it again.
        "answered_total": trial.answered_total if endpoint == TOGETHER else None,
        **{name: trial.factors.get(name) for name in FACTORS},
        "notes": ";".join(trial.notes),
    }


def _trial_numbers(trial: TrialResult, *, endpoint: str) -> Numbers:
    """Return a trial's numbers; of one that failed only what it counted, since its rates are not those of a trial."""
    if trial.ok:
        return numbers_of([trial], endpoint=endpoint)
    counts = trial.counts(endpoint)
    return Numbers() if counts is None else Numbers(requests=counts.attempts, failures=counts.failures)


def _numbers(numbers: Numbers) -> Row:
    return {name: getattr(numbers, name) for name in (*_NUMBERS, *_LATER)}


def comparison_rows(findings: Findings) -> Iterable[Row]:
    """Yield the rows of comparison.csv."""
    for row in findings.comparisons:
        yield _comparison_row(row)


def _comparison_row(row: Comparison) -> Row:
    """Return one row of comparison.csv; what is not known is None."""
    return {name: getattr(row, name) for name in COMPARISON}


def effect_rows(findings: Findings) -> Iterable[Row]:
    """Yield the rows of factors.csv; of a run that varies no factor there are none."""
    for row in findings.effects:
        yield _effect_row(row)


def _effect_row(row: Effect) -> Row:
    """Return one row of factors.csv; what is not known is None."""
    return {**{name: getattr(row, name) for name in EFFECTS if name != "notes"}, "notes": row.caveat or ""}


def error_rows(findings: Findings) -> Iterable[Row]:
    """Yield the rows of errors.csv: of all trials as run, each kind of error that it had."""
    for trial in findings.trials:
        of_trial = {"run_id": findings.run_id, **{name: getattr(trial, name) for name in _ERROR_TRIAL}}
        for kind, one in sorted(trial.errors.items()):
            yield {**of_trial, "kind": kind, **{name: getattr(one, name) for name in _ERROR}}


def step_rows(findings: Findings) -> Iterable[Row]:
    """Yield the rows of steps.csv: every step of every trial that was a search, as run."""
    for trial in findings.trials:
        of_trial = {"run_id": findings.run_id, **{name: getattr(trial, name) for name in _STEP_OF}}
        for step in trial.steps:
            yield {
                **of_trial,
                **{name: getattr(step, name) for name in _STEP},
                "kept": "yes" if step.kept else "no",
                "missed": ";".join(step.missed),
                "doubts": ";".join(step.doubts),
            }


def answer_rows(findings: Findings) -> Iterable[Row]:
    """Yield the rows of hypotheses.csv, in the order of the plan."""
    for answer in findings.hypotheses:
        difference = None if answer.deciding is None else answer.deciding.difference
        yield {
            "says": answer.hypothesis.says,
            "verdict": answer.verdict,
            "ratio": None if difference is None else difference.ratio,
            "ratio_low": None if difference is None else difference.low,
            "ratio_high": None if difference is None else difference.high,
            "detail": answer.detail,
        }


TABLES: Final[Mapping[str, tuple[tuple[str, ...], Callable[[Findings], Iterable[Row]]]]] = MappingProxyType(
    {
        "summary.csv": (SUMMARY, summary_rows),
        "trials.csv": (TRIALS, trial_rows),
        "comparison.csv": (COMPARISON, comparison_rows),
        "factors.csv": (EFFECTS, effect_rows),
        "errors.csv": (ERRORS, error_rows),
        "steps.csv": (STEPS, step_rows),
        "hypotheses.csv": (HYPOTHESES, answer_rows),
    }
)
