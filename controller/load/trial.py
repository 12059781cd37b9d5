"""One trial from a freshly started target to its result: a failure is a result too, with its reason."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

from controller.errors import LoadError, StackError
from controller.load.beforehand import ask_once, asking, preload
from controller.load.bench import Bench, Ears
from controller.load.drive import STOPPED_EARLY, Driven, Watch, drive
from controller.load.entrance import Entrance, entrance
from controller.load.fleet import Fleet
from controller.load.gather import Gathered
from controller.load.in_force import Watchman, loaded_of
from controller.load.job import Job, job_of
from controller.load.steps import search_capacity
from controller.load.verdict import judged
from controller.load.watched import take_usage, watched
from controller.measure.judgement import SERVER
from controller.measure.steady import Least
from controller.measure.trial import FAILED, INTERRUPTED, LOAD_FAILED, OK, TrialResult
from controller.measure.window import Window
from controller.plan.coding import as_sent
from controller.plan.plan import Plan
from controller.plan.scenario import Scenario
from controller.plan.schedule import Trial, expected_warmup_s
from controller.plan.target import Target
from controller.stack.backing import Backing
from controller.stack.exchange import Client
from controller.stack.preflight import run_prepared, settings_of
from controller.stack.process import Running
from controller.stack.reached import Reached
from controller.stack.supervisor import SupervisorLostError


def run_trial(bench: Bench, trial: Trial, *, order: int, ears: Ears) -> TrialResult:
    """Run one trial and return its result; windows go to the ears as they are sealed.

    What goes wrong with the target or the load makes it a failed trial with its reason. Raises
    SupervisorLostError where nothing can be started any more.
    """
    bench = bench.at(trial.variant)
    started_at = datetime.now(UTC)
    record = Gathered()
    outcome, reason = OK, None
    try:
        reason = _measure(bench, trial, order=order, ears=ears, record=record)
        if reason is not None:
            outcome = INTERRUPTED if ears.stopped() or reason == STOPPED_EARLY else FAILED
    except SupervisorLostError:
        # No trial after this one could be run either: the run is over, and this trial was not run.
        raise
    except StackError as error:
        # Where a backing service is gone, whatever the target then did is no reason.
        outcome, reason = FAILED, bench.backing.died() or str(error)
    except LoadError as error:
        outcome, reason = FAILED, f"{LOAD_FAILED}{error}"
        bench.fleet.discard()
    if reason is not None:
        # Results go to other machines, where only what lies in the run's folder can be found.
        reason = reason.replace(f"{bench.logs}/", f"{bench.logs.name}/")
    return _result(bench, trial, order=order, started_at=started_at, record=record, outcome=outcome, reason=reason)


def _measure(bench: Bench, trial: Trial, *, order: int, ears: Ears, record: Gathered) -> str | None:
    """Start the target, ask it once, drive the load; return why the trial was cut short, None for a whole one."""
    ready, scenario = bench.prepared[trial.target], as_sent(bench.plan.scenario(trial.scenario), trial.variant)
    fleet = bench.fleet_for(scenario)
    contract = bench.ground.contract if ready.target.contract else None
    bench.ground.warm()
    bench.backing.renew()
    trust = scenario.load.trust().with_own(ready.target.trust)
    levels, name = bench.plan.levels(scenario, trial.variant), f"{order:04d}-{trial.target}-{trial.scenario}"
    with (
        run_prepared(
            bench.supervisor,
            ready,
            settings=bench.backing.told(settings_of(bench.plan, trial.variant, ground=bench.ground)),
            trust=trust,
            cores=bench.cores.target,
            log=bench.logs / f"{name}.log",
            # Nginx speaks HTTP/1.1 to it, whatever it is spoken to.
            client=asking(scenario) if levels["proxy"] == "none" else Client,
        ) as running,
        entrance(bench, running, levels=levels, trust=trust, log=bench.logs / f"{name}-nginx.log") as way,
        watched(bench, fleet, running),
    ):
        job = job_of(scenario, way.url, order=order, seed=bench.plan.seed, trust=way.trust, contract=contract)
        ask_once(running.name, job, scenario, contract)
        _note_start(bench, running, record)
        watch = _watch(bench, ears, alive=(running, way, bench.backing))
        record.preloaded = preload(running.name, job, scenario, contract, broken=watch.broken)
        watchman = Watchman(
            entrance=way, target_url=running.url, scenario=scenario, seed=job.seed, contract=contract is not None
        )
        watchman.begin()
        record.driven = driven = _drive(
            bench, fleet, job, scenario=scenario, target=ready.target, watch=watch, record=record, ears=ears
        )
        broken = driven.broken or watchman.not_in_force(loaded_of(record, scenario, as_planned=ears.enough is None))
    _heed(bench, driven, order=order, ears=ears)
    return broken or bench.backing.died()


def _note_start(bench: Bench, running: Running | Reached, record: Gathered) -> None:
    """Take what is known of the target before its load."""
    if isinstance(running, Reached):
        record.reached = running
    else:
        record.startup_s = running.startup_s
    record.idle_rss_bytes = bench.sampler.memory_bytes(SERVER) if running.family() else None


def _watch(bench: Bench, ears: Ears, *, alive: Sequence[Running | Reached | Entrance | Backing]) -> Watch:
    """Return what is heard and said while the trial is driven, which ends early once one of these has died."""

    def broken() -> str | None:
        if ears.stopped():
            return "ended by the user"
        return next((said for one in alive if (said := one.died()) is not None), None)

    return Watch(window=ears.window, edge=bench.sampler.sample, broken=broken, enough=ears.enough)


def _heed(bench: Bench, driven: Driven, *, order: int, ears: Ears) -> None:
    """Take what the workers said at the end of a trial."""
    if driven.totals.get("lost"):
        # A worker that hangs is there for all the system knows: the next trial does not wait for it.
        bench.fleet.discard()
    if driven.totals.get("messages"):
        ears.messages(order, driven.totals["messages"])


def _drive(
    bench: Bench,
    fleet: Fleet,
    job: Job,
    *,
    scenario: Scenario,
    target: Target,
    watch: Watch,
    record: Gathered,
    ears: Ears,
) -> Driven:
    """Drive a trial with the load of its scenario, or in search of the one that its target holds."""
    if scenario.load.model == "capacity":
        return search_capacity(
            fleet,
            job,
            scenario=scenario,
            warmup_s=expected_warmup_s(scenario.load, target),
            watch=watch,
            record=record,
            begun=ears.step,
            finished=partial(take_usage, bench),
        )
    watch = replace(watch, window=partial(_hear, record, ears))
    least = Least(seconds=target.warmup_s, requests=target.warmup_requests)
    driven = drive(fleet, job, load=scenario.load, least=least, watch=watch)
    take_usage(bench, driven, record)
    return driven


def _hear(record: Gathered, ears: Ears, window: Window) -> None:
    record.keep(window)
    ears.window(window)


def left_out_notes(plan: Plan) -> tuple[str, ...]:
    """Return notes on what the plan names and no trial has: targets that cannot run here, levels that cannot be."""
    skipped = (f"left out for a missing tool: {', '.join(plan.skipped)}",) if plan.skipped else ()
    return (*skipped, *(f"left out: {text}" for text in plan.left_out))


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
        idle_rss_bytes=record.idle_rss_bytes,
        build_bytes=None if (build := bench.prepared[trial.target].build) is None else build.size_bytes,
        code_lines=bench.prepared[trial.target].code_lines,
        steps=tuple(record.steps),
        capacity=record.capacity,
        preloaded=record.preloaded,
        notes=(*bench.cores.notes, *left_out_notes(bench.plan), *(record.reached.notes if record.reached else ())),
    )
    if record.driven is None:
        return result
    return judged(bench, result, driven=record.driven, record=record)
