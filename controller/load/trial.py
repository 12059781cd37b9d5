"""One trial from a freshly started target to its result: a failure is a result too, with its reason."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from controller.errors import LoadError, StackError
from controller.load.drive import Driven, Watch, drive
from controller.load.gather import Gathered
from controller.load.job import Job, JobRequest
from controller.load.standing import StandingFleet
from controller.measure.doubt import Doubt
from controller.measure.judgement import (
    GENERATOR,
    SERVER,
    bound_of,
    busy,
    contract_doubts,
    error_doubts,
    generator_doubt,
    lost_doubts,
    shared_doubt,
    steadiness_doubts,
)
from controller.measure.resources import Sampler
from controller.measure.trial import FAILED, INTERRUPTED, LOAD_FAILED, OK, TrialResult, Usage
from controller.measure.window import EndpointCounts, Window
from controller.plan.contract import Contract, contract_to_wire
from controller.plan.plan import Plan
from controller.plan.scenario import Scenario
from controller.plan.schedule import Trial
from controller.stack.check import check_requests, contract_error
from controller.stack.cpus import Cores
from controller.stack.preflight import Ground, Prepared, settings_of
from controller.stack.process import Running, run_target
from controller.stack.supervisor import Supervisor

MASTER = "master"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What all trials of a run share."""

    plan: Plan
    prepared: Mapping[str, Prepared]
    ground: Ground
    supervisor: Supervisor
    fleet: StandingFleet
    sampler: Sampler
    cores: Cores
    logs: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Ears:
    """Who hears of a trial while it runs; stopped says whether the user asked for its end."""

    window: Callable[[Window], None]
    messages: Callable[[int, Mapping[str, Sequence[str]]], None]
    stopped: Callable[[], bool]


def run_trial(bench: Bench, trial: Trial, *, order: int, ears: Ears) -> TrialResult:
    """Run one trial and return its result; windows go to the ears as they are sealed.

    What goes wrong with the target or the load makes it a failed trial with its reason.
    """
    started_at = datetime.now(UTC)
    record = Gathered()
    outcome, reason = OK, None
    try:
        reason = _measure(bench, trial, order=order, ears=ears, record=record)
        if reason is not None:
            outcome = INTERRUPTED if ears.stopped() else FAILED
    except StackError as error:
        outcome, reason = FAILED, str(error)
    except LoadError as error:
        outcome, reason = FAILED, f"{LOAD_FAILED}{error}"
        bench.fleet.discard()
    if reason is not None:
        # Results go to other machines, where only what lies in the run's folder can be found.
        reason = reason.replace(f"{bench.logs}/", f"{bench.logs.name}/")
    return _result(bench, trial, order=order, started_at=started_at, record=record, outcome=outcome, reason=reason)


def _measure(bench: Bench, trial: Trial, *, order: int, ears: Ears, record: Gathered) -> str | None:
    """Start the target, ask it once, drive the load; return why the trial was cut short, None for a whole one."""
    prepared, scenario = bench.prepared[trial.target], bench.plan.scenario(trial.scenario)
    fleet = bench.fleet.ready(scenario.load.workers)
    log = bench.logs / f"{order:04d}-{trial.target}-{trial.scenario}.log"
    settings = settings_of(bench.plan, trial.variant, ground=bench.ground)
    bench.ground.warm()
    with run_target(
        bench.supervisor, prepared.target, prepared.build, settings=settings, cores=bench.cores.target, log=log
    ) as running:
        record.startup_s = running.startup_s
        contract = bench.ground.contract if prepared.target.contract else None
        findings, _ = check_requests(
            running.url,
            scenario.requests,
            headers=scenario.headers,
            contract=contract,
            timeout_s=scenario.load.timeout_s,
        )
        if findings:
            raise contract_error(trial.target, findings)
        bench.sampler.watch(SERVER, running.launched.family)
        bench.sampler.watch(GENERATOR, bench.fleet.pids)
        bench.sampler.watch(MASTER, fleet.master.family)

        def window(sealed: Window) -> None:
            record.keep(sealed)
            ears.window(sealed)

        record.driven = driven = drive(
            fleet,
            job_of(scenario, running, order=order, seed=bench.plan.seed, contract=contract),
            load=scenario.load,
            least_warmup_s=prepared.target.warmup_s,
            watch=Watch(window=window, edge=bench.sampler.sample, broken=lambda: _broken(running, ears)),
        )
        _use(bench, driven, record)
        if driven.totals.get("messages"):
            ears.messages(order, driven.totals["messages"])
    bench.sampler.unwatch(SERVER)
    return driven.broken


def job_of(scenario: Scenario, running: Running, *, order: int, seed: int, contract: Contract | None) -> Job:
    """Return what the workers are told: one job for the scenario against the target's address."""
    return Job(
        order=order,
        url=running.url,
        requests=tuple(
            JobRequest(method=request.method, path=request.path, weight=request.weight, endpoint=request.endpoint)
            for request in scenario.requests
        ),
        headers=scenario.headers,
        keepalive=scenario.load.keepalive,
        timeout_s=scenario.load.timeout_s,
        seed=seed,
        contract=None if contract is None else contract_to_wire(contract),
    )


def _broken(running: Running, ears: Ears) -> str | None:
    if ears.stopped():
        return "ended by the user"
    return running.died()


def _use(bench: Bench, driven: Driven, record: Gathered) -> None:
    """Take what each party used during the measured phase."""
    if driven.from_s is None or driven.until_s is None or driven.until_s <= driven.from_s:
        return
    bounds = (driven.start_s + driven.from_s, driven.start_s + driven.until_s)
    found = {party: bench.sampler.usage(party, *bounds) for party in (SERVER, GENERATOR, MASTER)}
    record.usage = {party: usage for party, usage in found.items() if usage is not None}


def _result(
    bench: Bench,
    trial: Trial,
    *,
    order: int,
    started_at: datetime,
    record: Gathered,
    outcome: str,
    reason: str | None,
) -> TrialResult:
    result = TrialResult(
        trial=trial.number,
        block=trial.block,
        order=order,
        target=trial.target,
        variant=trial.variant.label,
        scenario=trial.scenario,
        factors=dict(bench.plan.levels(bench.plan.scenario(trial.scenario), trial.variant)),
        started_at=started_at.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z",
        outcome=outcome,
        reason=reason,
        startup_s=record.startup_s,
        notes=bench.cores.notes,
    )
    if record.driven is None:
        return result
    return judged(bench, result, driven=record.driven, record=record)


def judged(bench: Bench, result: TrialResult, *, driven: Driven, record: Gathered) -> TrialResult:
    """Return a driven trial's result with its counts, its bound and its doubts."""
    seconds, measured = record.seconds, record.measured
    if seconds is None and result.ok:
        result = replace(result, outcome=FAILED, reason="no window of the measured phase came back from the workers")
    shares = busy_shares(bench, record.usage, seconds=seconds)
    return replace(
        result,
        warmup_s=driven.from_s,
        warmup_end=driven.warmup_end,
        duration_s=seconds,
        attempts_total=record.attempts,
        answered_total=record.answered,
        endpoints=measured,
        usage=dict(record.usage),
        bound=bound_of(shares) if shares else None,
        doubts=tuple(doubts_of(bench, result, driven=driven, record=record, shares=shares, measured=measured)),
    )


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
    return [
        *lost_doubts(
            workers_lost=totals.get("lost", 0),
            windows_late=totals.get("late", False),
            begun=totals.get("begun", record.attempts),
            counted=record.attempts,
        ),
        *generator_doubt(shares),
        *shared_doubt(shares, shared=bool(set(bench.cores.target) & set(bench.cores.generator))),
        *steadiness_doubts(
            record.rates,
            warmup_end=driven.warmup_end or "",
            seconds=record.seconds or 0.0,
            in_flight=bench.plan.scenario(result.scenario).load.in_flight,
        ),
        *error_doubts(measured),
        *contract_doubts(record.errors, messages=totals.get("messages", {})),
    ]


def busy_shares(bench: Bench, usage: Mapping[str, Usage], *, seconds: float | None) -> dict[str, float]:
    """Return how busy the server and the generator were, as shares of what they could be; empty where unknown."""
    if not seconds:
        return {}
    cores = {SERVER: len(bench.cores.target), GENERATOR: len(bench.cores.generator)}
    return {party: busy(usage[party], seconds=seconds, cores=n) for party, n in cores.items() if party in usage}
