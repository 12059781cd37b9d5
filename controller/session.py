"""An ad-hoc session from `fastserve web` to its tables: a run whose trials are chosen on Locust's page."""

import json
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from controller.errors import FastServeError, PlanError, StackError
from controller.load.offer import Offer, closed
from controller.load.session import Session, SessionWatcher, run_session
from controller.load.trials import Keeper
from controller.load.watcher import StopRequest
from controller.measure.trial import TrialResult
from controller.plan.plan import Plan
from controller.plan.reader import read_plan
from controller.plan.target import Target, read_targets
from controller.report.outcome import RunOutcome, write_outcome
from controller.report.session_page import session_html
from controller.report.stored import Shown
from controller.run import builds_of, cores_of, keeper_of, new_run, shown_of, standing_bench
from controller.stack.cpus import Cores
from controller.stack.limits import check_open_files, files_needed
from controller.stack.lock import machine_lock
from controller.stack.ports import free_port, is_free
from controller.stack.preflight import check_targets, lay_ground, prepare_targets
from controller.stack.tools import available_targets
from controller.store.folder import RunFolder, set_planned
from controller.store.journal import Journal, read_trials
from controller.store.lock import run_lock

# Where Locust's page is by habit; another one is taken where somebody is there already.
USUAL_PORT = 8089
# Of a name, as plan files have them.
_MOST_NAME = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOptions:
    """What a session offers: the scenarios of a plan, with its targets or those that are listed.

    named says whether the user chose the plan; of one that was not chosen only the scenarios count. port None is
    the usual one where it is free, 0 any.
    """

    project: Path
    plan: Path
    named: bool
    targets: tuple[str, ...] = ()
    out: Path
    port: int | None = None


def serve_session(options: SessionOptions, watcher: SessionWatcher, stop: StopRequest) -> RunOutcome:
    """Offer Locust's page until the user ends the session, and return what its trials came to.

    Raises a FastServeError for what keeps it from beginning or from being stored.
    """
    plan, targets, cores = read_session(options)
    check_open_files(files_needed(plan))
    port = _port(options.port)

    with machine_lock(plan.name) as lock_fd:
        prepared = prepare_targets(plan, targets, say=watcher.stage)
        ground = lay_ground(plan, prepared, servers=options.project / "servers")
        check_targets(plan, prepared, ground=ground, lock_fd=lock_fd, say=watcher.stage)

        run = new_run(options.out, _stored(plan), builds_of(prepared), servers=ground.servers, cores=cores, planned=0)
        shown = shown_of(run, plan, targets)
        ended_by = None
        try:
            with (
                run_lock(run.path),
                Journal(run.path) as journal,
                standing_bench(
                    plan,
                    prepared,
                    scripts={},
                    ground=ground,
                    cores=cores,
                    logs=run.logs,
                    lock_fd=lock_fd,
                    offer=_offer(plan, port=port),
                ) as bench,
            ):
                page, keeper = partial(session_html, name=run.run_id), _keeper(run, journal, shown=shown)
                run_session(bench, Session(keeper=keeper, watcher=watcher, page=page, stop=stop))
        except FastServeError as error:
            if not read_trials(run.path):
                raise
            ended_by = error
        # Ctrl-C is how a session ends: nothing that was planned lacks.
        return write_outcome(run.path, shown=shown, interrupted=False, ended_by=ended_by)


def read_session(options: SessionOptions) -> tuple[Plan, dict[str, Target], Cores]:
    """Return the plan that a session draws from, all targets, and the cores that each side gets.

    Raises PlanError for a plan that cannot be read and for targets that are not there.
    """
    targets = read_targets(options.project / "servers")
    available = available_targets(targets)
    if unknown := [name for name in options.targets if name not in targets]:
        raise PlanError(
            f"--targets: expected servers of {options.project / 'servers'}, found {', '.join(unknown)}; "
            f"it has {', '.join(targets) or 'none'}"
        )
    chosen = options.targets or (() if options.named else tuple(available))
    overrides = (f"targets={json.dumps(chosen)}", f"baseline={json.dumps(chosen[0])}") if chosen else ()
    plan = read_plan(options.plan, overrides=overrides, targets=targets, available=available)
    # Under its own name: a session is nothing that a plan could go on with.
    name = f"web-{plan.name}"[:_MOST_NAME] if options.named else "web"
    # Of settings that vary a session has the first: its trials differ by what is chosen on the page.
    first = plan.at(plan.variants[0])
    plan = replace(first, name=name, question=plan.question if options.named else "", repeats=1, left_out=())
    # The page's Locust is one for all trials; users of a Locust file need one of their own.
    scenarios = tuple(scenario for scenario in plan.scenarios if scenario.locustfile is None)
    if not scenarios:
        raise PlanError(
            f"{options.plan}: expected a scenario without a Locust file, found none: fastserve run takes it"
        )
    plan = replace(plan, scenarios=scenarios)
    return plan, targets, cores_of(plan, targets)


def _stored(plan: Plan) -> Plan:
    """Return the plan as the run keeps it: of another model than the closed one each trial tells itself."""
    scenarios = tuple(replace(scenario, load=closed(scenario.load)) for scenario in plan.scenarios)
    return replace(plan, load=closed(plan.load), scenarios=scenarios)


def _offer(plan: Plan, *, port: int) -> Offer:
    names = tuple(scenario.name for scenario in plan.scenarios)
    load = plan.load
    model, rate_per_s = ("open", load.rate_per_s) if load.rate_per_s is not None else ("closed", None)
    return Offer(
        port=port,
        targets=plan.targets,
        scenarios=names,
        users=load.connections,
        model=model,
        rate_per_s=rate_per_s,
    )


def _port(wanted: int | None) -> int:
    """Return the port of the page. Raises StackError where the one that is wanted is taken."""
    if wanted is None:
        return USUAL_PORT if is_free(USUAL_PORT) else free_port()
    if wanted and not is_free(wanted):
        raise StackError(f"--port {wanted}: expected a free port on 127.0.0.1, found it taken: choose another, or 0")
    return wanted or free_port()


def _keeper(run: RunFolder, journal: Journal, *, shown: Shown) -> Keeper:
    """Return what stores trials in a run's folder, and makes its tables anew with each."""
    keeper = keeper_of(run, journal)

    def result(result: TrialResult) -> None:
        keeper.result(result)
        set_planned(run, result.trial)
        write_outcome(run.path, shown=shown, interrupted=False, ended_by=None)

    return replace(keeper, result=result)
