"""What a trial that was driven came to: its counts, the party that limited it, and every reason to distrust it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from controller.load.bench import Bench
from controller.load.drive import Driven
from controller.load.gather import Gathered
from controller.measure.accounting import interrupts_charged
from controller.measure.bound import Bound, bound_of
from controller.measure.disturbance import Pinned, disturbance_doubts
from controller.measure.doubt import Doubt
from controller.measure.drift import trend_of
from controller.measure.errors import errors_of
from controller.measure.judgement import (
    CONTROLLER,
    DATABASE,
    GENERATOR,
    MASTER,
    MOST_FAILURES,
    PROXY,
    SERVER,
    backlog_doubt,
    busy,
    contract_doubts,
    error_doubts,
    generator_doubt,
    lag_doubt,
    lost_doubts,
    script_doubts,
    search_doubts,
    shared_doubt,
    steadiness_doubts,
    unanswered_doubt,
)
from controller.measure.little import little_doubt
from controller.measure.trial import FAILED, TrialResult, Usage
from controller.measure.window import EndpointCounts
from controller.plan.scenario import Scenario
from controller.stack.cpus import Cores
from controller.stack.reached import Reached
from controller.units import counted


def judged(bench: Bench, result: TrialResult, *, driven: Driven, record: Gathered) -> TrialResult:
    """Return a driven trial's result with its counts, its bound and its doubts."""
    seconds, measured = record.seconds, record.measured
    if seconds is None and result.ok and record.capacity is None:
        result = replace(result, outcome=FAILED, reason="no window of the measured phase came back from the workers")
    bench = replace(bench, cores=cores_of(bench.cores, record.reached))
    shares = busy_shares(bench, record.usage, seconds=seconds)
    bound = _bound(bench, result, usage=record.usage, seconds=seconds, shares=shares)
    trend = trend_of([pace.rate for pace in record.paces]) if record.capacity is None else None
    doubts: tuple[Doubt, ...] = ()
    if result.ok:
        # What was cut short is no result that could be doubted.
        doubts = tuple(doubts_of(bench, result, driven=driven, record=record, shares=shares, measured=measured))
    return replace(
        result,
        warmup_s=driven.from_s,
        warmup_end=driven.warmup_end,
        duration_s=seconds,
        attempts_total=record.attempts,
        answered_total=record.answered,
        errors=errors_of(
            record.errors, spans=driven.totals.get("spans", {}), messages=driven.totals.get("messages", {})
        ),
        endpoints=measured,
        usage=dict(record.usage),
        bound=None if bound is None else bound.party,
        evidence=None if bound is None else bound.evidence,
        drift=None if trend is None else trend.drift,
        spread=None if trend is None else trend.spread,
        doubts=doubts,
        notes=(
            *result.notes,
            *preload_notes(result.preloaded, _told(result, measured)),
            *driven.totals.get("notes", ()),
        ),
    )


def _told(result: TrialResult, measured: Mapping[str, EndpointCounts]) -> Mapping[str, EndpointCounts]:
    """Return the counts whose answers tell where they come from: a proxy's cache repeats what the first one said."""
    return {} if result.factors.get("proxy_cache") == "on" else measured


def preload_notes(asked: int | None, measured: Mapping[str, EndpointCounts]) -> list[str]:
    """Return notes on a preload: how many requests it was, and where answers came from then; none without one."""
    if asked is None:
        return []
    notes = [f"preloaded with {counted(asked, 'request')}"]
    for name, counts in measured.items():
        if looked_into := sum(counts.sources.values()):
            kept = counts.sources.get("cache", 0)
            # In the same words for all trials where it is so in all: notes are then said once.
            share = "all answers" if kept == looked_into else f"{kept:,} of {counted(looked_into, 'answer')}"
            notes.append(f"{share} of {name} that were looked into came from the cache")
    return notes


def doubts_of(
    bench: Bench,
    result: TrialResult,
    *,
    driven: Driven,
    record: Gathered,
    shares: Mapping[str, float],
    measured: Mapping[str, EndpointCounts],
) -> list[Doubt]:
    """Return every reason to distrust a driven trial."""
    totals = driven.totals
    messages = totals.get("messages", {})
    scenario = bench.plan.scenario(result.scenario)
    return [
        *lost_doubts(
            workers_lost=totals.get("lost", 0),
            windows_late=totals.get("late", False),
            begun=totals.get("begun", record.attempts),
            counted=record.attempts,
        ),
        *generator_doubt(shares),
        *shared_doubt(shares, shared=bool(set(bench.cores.target) & set(bench.cores.generator))),
        *_load_doubts(driven, record, measured=measured, scenario=scenario),
        *_outside_doubts(bench, record),
        *error_doubts(measured),
        *contract_doubts(record.errors, messages=messages),
        *script_doubts(
            exceptions=totals.get("exceptions", 0),
            first=next(iter(messages.get("exception", ())), ""),
            cut_off=totals.get("cut_off", False),
        ),
    ]


def cores_of(cores: Cores, reached: Reached | None) -> Cores:
    """Return which cores each party had: a server that runs already may use others than those meant for it.

    Where some of them are not the generator's, those count: nothing keeps it on the others.
    """
    if reached is None or not reached.cores:
        return cores
    free = reached.cores - set(cores.generator)
    return replace(cores, target=tuple(sorted(free or reached.cores)))


def _load_doubts(
    driven: Driven, record: Gathered, *, measured: Mapping[str, EndpointCounts], scenario: Scenario
) -> list[Doubt]:
    """Return doubts on a load that did not settle or was not offered as planned, or on a search that could not go on.

    A step that kept its SLO needs no other: whatever was late or waited in it is in its latencies.
    """
    if record.capacity is not None:
        return search_doubts(record.steps)
    in_flight = scenario.load.in_flight
    return [
        *steadiness_doubts(record.paces, warmup_end=driven.warmup_end or "", in_flight=in_flight),
        *backlog_doubt(record.paces, in_flight=in_flight),
        *lag_doubt(measured),
        *unanswered_doubt(measured),
        *little_doubt(
            measured,
            seconds=record.seconds or 0.0,
            in_flight=_in_flight(record, scenario),
            most_failures=MOST_FAILURES,
        ),
    ]


def _bound(
    bench: Bench, result: TrialResult, *, usage: Mapping[str, Usage], seconds: float | None, shares: Mapping[str, float]
) -> Bound | None:
    """Return what limited a trial; None where nobody could be looked at."""
    if not shares or not seconds:
        return None
    behind = {*bench.cores.target, *bench.cores.backing}
    sharing = (
        [party for party in shares if party != GENERATOR] if {*bench.cores.target} & {*bench.cores.backing} else []
    )
    return bound_of(
        shares,
        shared={party: usage[party].cpu_s / (seconds * len(behind)) for party in sharing},
        in_query=usage[DATABASE].in_query if DATABASE in usage else None,
        # In force only where requests can reach the database.
        pool=None if (pool := result.factors.get("pool")) is None else int(pool),
    )


def _in_flight(record: Gathered, scenario: Scenario) -> list[int]:
    """Return how many requests were in flight, for Little's law: what a closed load holds, or an open one's numbers.

    Nothing where nobody holds a number: users of a Locust file come and go, a connection that closes after each
    answer takes its time for that, and on Locust's page somebody may change the number of users meanwhile.
    """
    load = scenario.load
    if load.model != "closed":
        return record.in_flight
    held = scenario.locustfile is None and load.keepalive and len(record.users) == 1
    return [load.in_flight] if held else []


def _outside_doubts(bench: Bench, record: Gathered) -> list[Doubt]:
    """Return doubts on what the machine did beside the trial; none where it was not looked at."""
    if record.machine is None:
        return []
    used, cores = record.usage, {**_cores(bench), MASTER: bench.cores.control}
    parties = {party: Pinned(frozenset(its), used[party].cpu_s) for party, its in cores.items() if party in used}
    if record.controller is not None:
        parties[CONTROLLER] = Pinned(frozenset(bench.cores.control), record.controller.cpu_s)
    return disturbance_doubts(
        record.machine,
        parties,
        charged=interrupts_charged(),
        # What belongs to a target that ran already, such as its database, is not known.
        others=record.reached is None,
    )


def _cores(bench: Bench) -> dict[str, Sequence[int]]:
    """Return the cores of each party that requests go through; the master is none of them."""
    behind: dict[str, Sequence[int]] = dict.fromkeys((PROXY, *bench.backing.parties), bench.cores.backing)
    return {SERVER: bench.cores.target, GENERATOR: bench.cores.generator, **behind}


def busy_shares(bench: Bench, usage: Mapping[str, Usage], *, seconds: float | None) -> dict[str, float]:
    """Return how busy each party of the load was, as a share of what it could be; empty where that is unknown."""
    if not seconds:
        return {}
    return {
        party: busy(usage[party], seconds=seconds, cores=len(cores))
        for party, cores in _cores(bench).items()
        if party in usage
    }
