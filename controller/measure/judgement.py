"""What a trial's numbers say about themselves: how busy parties were, and which reasons there are to distrust it."""

from collections.abc import Mapping, Sequence
from math import floor
from statistics import fmean
from typing import Final

from controller.measure.doubt import Doubt, DoubtKind
from controller.measure.drift import trend_of
from controller.measure.steady import STEADY_HALVES, Pace, WarmupEnd
from controller.measure.step import Step
from controller.measure.trial import Usage
from controller.measure.window import ANSWERED_WRONG, EndpointCounts, merged_counts
from controller.units import US_PER_S, rate_text

# A party this busy is taken to be at its limit.
BUSY_FROM: Final = 0.85
MOST_FAILURES: Final = 0.001
# How late the generator may take up one arrival of a hundred, in milliseconds.
MOST_LAG_MS: Final = 1.0
# The parties of a trial: its target, what is behind and before that, the workers, and the master beside them.
DATABASE: Final = "database"
BACKING: Final = (DATABASE, "cache")
GENERATOR: Final = "generator"
MASTER: Final = "master"
PROXY: Final = "proxy"
# What drives and samples, on the cores of the master: it is watched for what it takes, not shown as a party.
CONTROLLER: Final = "controller"
SERVER: Final = "server"
UNBOUND: Final = "none"


def busy(usage: Usage, *, seconds: float, cores: int) -> float:
    """Return how busy a party was: its busiest thread, or all its CPU over the cores it had, whichever is more.

    The second shows a party whose threads take turns, such as one that holds an interpreter's lock.
    """
    return max(usage.busiest, usage.cpu_s / (seconds * cores))


def generator_doubt(shares: Mapping[str, float]) -> list[Doubt]:
    """Return a doubt where the client was at its limit: the server may be faster than was measured."""
    share = shares.get(GENERATOR, 0.0)
    if share < BUSY_FROM:
        return []
    return [
        Doubt(DoubtKind.GENERATOR_SATURATED, f"generator {share:.0%} busy (CPU and run delay), limit {BUSY_FROM:.0%}")
    ]


def shared_doubt(shares: Mapping[str, float], *, shared: bool) -> list[Doubt]:
    """Return a doubt where target and generator took turns on a core that had no time left."""
    together = sum(shares.get(party, 0.0) for party in (SERVER, GENERATOR))
    if not shared or together < BUSY_FROM:
        return []
    return [Doubt(DoubtKind.SHARED_CORES, f"target and generator shared a core that was {together:.0%} busy")]


def steadiness_doubts(paces: Sequence[Pace], *, warmup_end: str, in_flight: int) -> list[Doubt]:
    """Return doubts on a trial that did not settle, by the paces of its measured windows.

    Halves that differ by what the windows' own scatter explains are noisy, which the interval over trials shows; those
    whose counts differ by no more than what was in flight are alike: so many answers may fall on either side of a
    bound by chance.
    """
    doubts = []
    if warmup_end == WarmupEnd.CAPPED:
        doubts.append(Doubt(DoubtKind.WARMUP_CAPPED, "throughput still drifted when the warm-up was ended at its cap"))
    rates = [pace.rate for pace in paces]
    trend = trend_of(rates)
    if trend is not None and trend.drifts:
        planned = [pace.planned for pace in paces if pace.planned is not None]
        # Where rates are answers per arrival, all arrivals together make them counts again.
        scale = sum(planned) if planned else sum(pace.seconds for pace in paces)
        if abs(trend.drift) * fmean(rates) * scale / 2 > in_flight:
            evidence = (
                f"halves of the measured phase differ by {abs(trend.drift):.1%}, limit {STEADY_HALVES:.0%}, "
                f"which windows that scatter by {trend.spread:.1%} do not explain (p {trend.p_value:.2g})"
            )
            doubts.append(Doubt(DoubtKind.NOT_STEADY, evidence))
    return doubts


def backlog_doubt(paces: Sequence[Pace], *, in_flight: int) -> list[Doubt]:
    """Return a doubt where an open load outran its answers: more were waited for at the end than at the begin."""
    planned = sum(pace.planned or 0 for pace in paces)
    grown = planned - sum(pace.ended for pace in paces)
    if grown <= in_flight or grown <= STEADY_HALVES * planned:
        return []
    evidence = f"by {grown:,} of {planned:,} arrivals in the measured phase, limit {STEADY_HALVES:.0%}"
    return [Doubt(DoubtKind.BEHIND, evidence)]


def lag_doubt(measured: Mapping[str, EndpointCounts]) -> list[Doubt]:
    """Return a doubt where the generator itself took arrivals of an open load up late."""
    lag = merged_counts(measured.values()).lag
    p99_ms = None if lag is None else lag.quantile_ms(99, 100)
    if p99_ms is None or p99_ms <= MOST_LAG_MS:
        return []
    evidence = f"1 of 100 arrivals was taken up {p99_ms:.2f} ms late or more, limit {MOST_LAG_MS:g} ms"
    return [Doubt(DoubtKind.SENDS_LATE, evidence)]


def unanswered_doubt(measured: Mapping[str, EndpointCounts]) -> list[Doubt]:
    """Return a doubt where arrivals of an open load were given up: how many, and which percentiles they reach."""
    counts = merged_counts(measured.values())
    if not counts.unanswered or counts.timeout_us is None:
        return []
    arrivals = counts.samples + counts.unanswered
    known = floor(counts.samples / arrivals * 10_000) / 100
    return [
        Doubt(
            DoubtKind.NOT_ANSWERED,
            f"{counts.unanswered:,} of {arrivals:,} arrivals not answered within {counts.timeout_us / US_PER_S:g} s: "
            f"percentiles of latency above {known:g} are lower bounds",
        )
    ]


def search_doubts(steps: Sequence[Step]) -> list[Doubt]:
    """Return a doubt where a search ended because sends were late: the capacity is a lower bound."""
    late = [step for step in steps[-2:] if step.doubts and not step.kept]
    if len(late) < 2:
        return []
    evidence = f"{steps[-1].doubts[0]} at {rate_text(steps[-1].rate_per_s)}/s: the server may hold more"
    return [Doubt(DoubtKind.GENERATOR_SATURATED, evidence)]


def error_doubts(measured: Mapping[str, EndpointCounts]) -> list[Doubt]:
    """Return a doubt where too many requests of the measured phase were errors."""
    counts = merged_counts(measured.values())
    if not counts.attempts or counts.failures / counts.attempts <= MOST_FAILURES:
        return []
    share = counts.failures / counts.attempts
    return [Doubt(DoubtKind.ERRORS, f"{share:.2%} of {counts.attempts:,} requests failed: {_kinds(counts.errors)}")]


def contract_doubts(errors: Mapping[str, int], *, messages: Mapping[str, Sequence[str]]) -> list[Doubt]:
    """Return a doubt where any answer of the trial, in whichever phase, was not as it must be; errors are by kind."""
    wrong = {kind: n for kind, n in errors.items() if kind in ANSWERED_WRONG}
    if not wrong:
        return []
    first = next((f"; first: {messages[kind][0]}" for kind in sorted(wrong) if messages.get(kind)), "")
    return [Doubt(DoubtKind.CONTRACT_BROKEN, f"answers that were not as they must be: {_kinds(wrong)}{first}")]


def lost_doubts(*, workers_lost: int, windows_late: bool, begun: int, counted: int) -> list[Doubt]:
    """Return a doubt where load or counts were lost: attempts that began must all have come to an end somewhere."""
    evidence = []
    if workers_lost:
        evidence.append(f"{workers_lost} worker{'s' if workers_lost > 1 else ''} lost")
    if windows_late:
        evidence.append("a worker heard of the measured phase too late")
    if begun != counted and not workers_lost:
        evidence.append(f"{begun:,} attempts began, {counted:,} are in the windows")
    return [Doubt(DoubtKind.WORKER_LOST, "; ".join(evidence))] if evidence else []


def script_doubts(*, exceptions: int, first: str, cut_off: bool) -> list[Doubt]:
    """Return a doubt where users of a Locust file did not do what it says; first is what was raised first."""
    evidence = []
    if exceptions:
        evidence.append(f"{exceptions:,} exception{'s' if exceptions > 1 else ''} in tasks of the Locust file; {first}")
    if cut_off:
        evidence.append("users of the Locust file were ended in the middle of a task, after the time-out")
    return [Doubt(DoubtKind.SCRIPT, "; ".join(evidence))] if evidence else []


def _kinds(errors: Mapping[str, int]) -> str:
    return ", ".join(f"{kind} {n:,}" for kind, n in sorted(errors.items()))
