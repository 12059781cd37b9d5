"""FastServe's own page beside Locust's: every trial of a session with exact percentiles and its CPU a request."""

from collections.abc import Sequence
from dataclasses import dataclass

from controller.compare.summary import Numbers, numbers_of
from controller.measure.doubt import REMEDIES
from controller.measure.trial import FAILED, INTERRUPTED, OK, TOGETHER, TrialResult
from controller.report.cells import UNKNOWN
from controller.report.html import template
from controller.units import rate_text, three_digits


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One trial. percentiles are (name, milliseconds to the microsecond); cpu is (party, microseconds a request)."""

    number: int
    target: str
    scenario: str
    load: str
    state: str
    running: bool
    failed: bool
    rate: str
    requests: str
    errors: str
    percentiles: tuple[tuple[str, str], ...]
    cpu: tuple[tuple[str, str], ...]
    bound: str
    evidence: str
    doubts: tuple[str, ...]
    said: tuple[str, ...]


def session_html(results: Sequence[TrialResult], *, name: str) -> str:
    """Return the page of a session's trials, the last one first; one that still runs is shown as far as it has come."""
    whole = [result for result in results if _ended(result)]
    # What the machine implies is said of every trial: once will do.
    common = tuple(note for note in (whole[0].notes if whole else ()) if all(note in one.notes for one in whole))
    rows = [_row(result, common=common) for result in reversed(results)]
    return template("session.html").render(name=name, rows=rows, ended=bool(whole), common=common) + "\n"


def _ended(result: TrialResult) -> bool:
    return result.outcome in {OK, FAILED, INTERRUPTED}


def _row(result: TrialResult, *, common: Sequence[str]) -> Row:
    running = not _ended(result)
    numbers = numbers_of([result], endpoint=TOGETHER) if running or result.ok else Numbers()
    counts = result.counts(TOGETHER)
    return Row(
        number=result.trial,
        target=result.target,
        scenario=result.scenario,
        load=_load(result),
        state=_state(result, running=running),
        running=running,
        failed=result.outcome == FAILED,
        rate=UNKNOWN if numbers.throughput_per_s is None else rate_text(numbers.throughput_per_s),
        requests=UNKNOWN if counts is None else f"{counts.attempts:,}",
        errors=UNKNOWN if counts is None else f"{counts.failures:,}",
        percentiles=_percentiles(numbers),
        cpu=_cpu(numbers),
        bound=numbers.bound or UNKNOWN,
        evidence=numbers.bound_evidence or "",
        doubts=tuple(
            dict.fromkeys(f"{doubt.kind}: {doubt.evidence}. {REMEDIES[doubt.kind]}" for doubt in result.doubts)
        ),
        said=(
            *((result.reason,) if result.reason and not running else ()),
            *(note for note in result.notes if note not in common),
        ),
    )


def _load(result: TrialResult) -> str:
    """Return how many users it has, and which rate they offer where it is not theirs to say when to send."""
    levels = dict(level.split("=", 1) for level in result.variant.split(",") if "=" in level)
    users = int(result.factors["in_flight"]) // int(result.factors.get("streams", 1))
    offered = f", {rate_text(float(levels['rate_per_s']))}/s offered" if "rate_per_s" in levels else ""
    return f"{users:,} {'user' if users == 1 else 'users'}{offered}"


def _state(result: TrialResult, *, running: bool) -> str:
    if running:
        return "measuring" if result.duration_s else "warming up"
    return f"{result.duration_s:g} s measured" if result.ok and result.duration_s else result.outcome


def _percentiles(numbers: Numbers) -> tuple[tuple[str, str], ...]:
    found = {
        "p50": numbers.latency_p50_ms,
        "p90": numbers.latency_p90_ms,
        "p95": numbers.latency_p95_ms,
        "p99": numbers.latency_p99_ms,
        "p99.9": numbers.latency_p999_ms,
        "max": numbers.latency_max_ms,
    }
    return tuple((name, UNKNOWN if value is None else f"{value:,.3f}") for name, value in found.items())


def _cpu(numbers: Numbers) -> tuple[tuple[str, str], ...]:
    """Return what each party took; proxy and backing services only where there were some."""
    found = {
        "server": numbers.server_cpu_us_per_request,
        "generator": numbers.generator_cpu_us_per_request,
        "proxy": numbers.proxy_cpu_us_per_request,
        "backing": numbers.backing_cpu_us_per_request,
    }
    return tuple(
        (name, UNKNOWN if value is None else three_digits(value))
        for name, value in found.items()
        if value is not None or name in {"server", "generator"}
    )
