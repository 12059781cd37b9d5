"""The flow of a run: plan -> stack -> load -> measure -> store -> compare -> report."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from controller.compare.enough import enough
from controller.compare.findings import about_targets
from controller.errors import FastServeError
from controller.load.bench import Bench
from controller.load.offer import Offer
from controller.load.place import locustfile, script_key, scripts_of
from controller.load.repeats import Agenda, owed_repeats
from controller.load.standing import StandingFleet
from controller.load.trials import Keeper, run_trials
from controller.load.watcher import StopRequest, Watcher
from controller.measure.resources import Sampler
from controller.plan.plan import Plan
from controller.plan.reader import read_plan
from controller.plan.schedule import expected_seconds, trials_of
from controller.plan.target import Target, read_targets
from controller.plan.text import plan_toml
from controller.plan.variants import refuse_untold
from controller.report.forecast import DryRun, forecast
from controller.report.outcome import RunOutcome, write_outcome
from controller.report.stored import Shown
from controller.stack.backing import backing_services
from controller.stack.cpus import Cores, assign_cores, usable_cores
from controller.stack.limits import check_open_files, files_needed
from controller.stack.lock import machine_lock
from controller.stack.needs import plan_needs, service_versions
from controller.stack.preflight import Ground, Prepared, check_targets, lay_ground, prepare_targets
from controller.stack.supervisor import supervise
from controller.stack.tools import available_targets
from controller.store.facts import machine_facts
from controller.store.folder import RunContents, RunFolder, create_run_folder, iso_time, open_run_folder, set_planned
from controller.store.journal import Journal, missing_trials, next_order, read_trials
from controller.store.lock import run_lock
from controller.store.resume import check_same_plan
from controller.store.wrong import write_wrong


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """What to run: a plan's file, the project its servers are in, and where the run's folder goes."""

    project: Path
    plan: Path
    overrides: tuple[str, ...] = ()
    out: Path
    resume: Path | None = None


def run_plan(options: RunOptions, watcher: Watcher, stop: StopRequest) -> RunOutcome:
    """Run a plan from its file to its tables.

    Raises a FastServeError for what keeps it from beginning or from being stored; what goes wrong in a
    trial makes that a failed trial. Whatever happens, what was measured is in the run folder.
    """
    plan, targets, cores = _read(options)
    scripts = scripts_of(plan, options.project)
    check_open_files(files_needed(plan))
    watcher.planned(plan, trials_of(plan), expected_seconds(plan, targets))

    with machine_lock(plan.name) as lock_fd:
        prepared = prepare_targets(plan, targets, say=watcher.stage)
        ground = lay_ground(plan, prepared, servers=options.project / "servers")
        check_targets(plan, prepared, ground=ground, lock_fd=lock_fd, say=watcher.stage)

        builds = builds_of(prepared) | {name: script_key(script) for name, script in scripts.items()}
        run = _run_folder(options, plan, builds, cores)
        ended_by = None
        try:
            with (
                run_lock(run.path),
                Journal(run.path) as journal,
                standing_bench(
                    plan, prepared, scripts=scripts, ground=ground, cores=cores, logs=run.logs, lock_fd=lock_fd
                ) as bench,
            ):
                agenda, first, keeper = _agenda(run, plan), next_order(run.path), keeper_of(run, journal)
                run_trials(bench, agenda, first_order=first, keeper=keeper, watcher=watcher, stop=stop)
                if plan.until is not None and not agenda:
                    set_planned(run, max(trial.trial for trial in read_trials(run.path)))
        except FastServeError as error:
            if not read_trials(run.path):
                raise
            ended_by = error
        return write_outcome(run.path, shown=shown_of(run, plan, targets), interrupted=stop.asked, ended_by=ended_by)


@contextmanager
def standing_bench(
    plan: Plan,
    prepared: Mapping[str, Prepared],
    *,
    scripts: Mapping[str, Path],
    ground: Ground,
    cores: Cores,
    logs: Path,
    lock_fd: int,
    offer: Offer | None = None,
) -> Iterator[Bench]:
    """Have everything running that trials need, but their targets, for the time of the block.

    With an offer Locust's master shows its page, and trials are started from there.
    """
    with (
        supervise(label=logs.parent.name, logs=logs, lock_fd=lock_fd) as supervisor,
        backing_services(supervisor, ground.needs, servers=ground.servers, logs=logs, cores=cores.backing) as backing,
        _pinned(cores.control),
        Sampler() as sampler,
        StandingFleet(supervisor, cores=cores, folder=logs, locustfile=locustfile(), offer=offer) as fleet,
    ):
        yield Bench(
            plan=plan,
            prepared=prepared,
            scripts=scripts,
            ground=ground,
            backing=backing,
            supervisor=supervisor,
            fleet=fleet,
            sampler=sampler,
            cores=cores,
            logs=logs,
        )


def dry_run(options: RunOptions) -> DryRun:
    """Return what run_plan would do with these options, without doing it."""
    plan, targets, cores = _read(options)
    scripts_of(plan, options.project)
    return forecast(plan, targets, cores)


def _read(options: RunOptions) -> tuple[Plan, dict[str, Target], Cores]:
    targets = read_targets(options.project / "servers")
    available = available_targets(targets)
    plan = read_plan(options.plan, overrides=options.overrides, targets=targets, available=available)
    refuse_untold(plan, targets)
    return plan, targets, cores_of(plan, targets)


def cores_of(plan: Plan, targets: Mapping[str, Target]) -> Cores:
    """Hand out this machine's cores for a plan, the target's as many as some variant gives it.

    Backing services get theirs where some trial needs one.
    """
    used = plan_needs(plan, targets).backing_used
    most = max(plan.at(variant).cpus.target for variant in plan.variants)
    return assign_cores(replace(plan.cpus, target=most), usable_cores(), backing_used=used)


def _run_folder(options: RunOptions, plan: Plan, builds: Mapping[str, str], cores: Cores) -> RunFolder:
    """Return a new folder, or that of the run that is resumed once plan and targets are known to be the same."""
    if options.resume is not None:
        run = open_run_folder(options.resume)
        check_same_plan(run, plan_toml=plan_toml(plan), builds=builds)
        return run
    servers = options.project / "servers"
    return new_run(options.out, plan, builds, servers=servers, cores=cores, planned=len(trials_of(plan)))


def new_run(
    out: Path, plan: Plan, builds: Mapping[str, str], *, servers: Path, cores: Cores, planned: int
) -> RunFolder:
    """Make the folder of a run that begins now."""
    roles = {"target": cores.target, "generator": cores.generator, "control": cores.control}
    roles |= {"backing": cores.backing} if cores.backing else {}
    facts = machine_facts(cores=roles, servers=servers, checkout=Path(__file__).resolve().parents[1])
    if cores.backing:
        facts["versions"] |= service_versions(plan)
    contents = RunContents(plan_toml=plan_toml(plan), planned=planned, builds=builds, machine=facts)
    return create_run_folder(out, plan.name, now=datetime.now(UTC), contents=contents)


def builds_of(prepared: Mapping[str, Prepared]) -> dict[str, str]:
    """Return the key of each target's build."""
    return {name: ready.key for name, ready in prepared.items()}


def _agenda(run: RunFolder, plan: Plan) -> Agenda:
    """Return what a run still has to do: all of it where it is new."""
    trials, stored = trials_of(plan), read_trials(run.path)
    lacking = set(missing_trials([trial.number for trial in trials], stored))
    agenda = Agenda(
        todo=[trial for trial in trials if trial.number in lacking],
        owed=owed_repeats(trials, stored) if plan.repeat_doubted else [],
        repeat=plan.repeat_doubted,
        enough=partial(_enough, run, plan),
    )
    if stored and agenda.todo:
        agenda.look(agenda.todo[0].block - 1)
    return agenda


def _enough(run: RunFolder, plan: Plan, block: int) -> bool:
    """Return whether a run with so many whole blocks needs no more of them."""
    if plan.until is None:
        return False
    whole = [trial for trial in read_trials(run.path) if trial.block <= block]
    until = plan.until
    return enough(
        whole, baselines=plan.baselines, at_least=until.at_least, at_most=plan.repeats, until=until.half_width
    )


@contextmanager
def _pinned(cores: Sequence[int]) -> Iterator[None]:
    """Keep this process on some cores for the time of the block, so that it takes no time from the target."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def keeper_of(run: RunFolder, journal: Journal) -> Keeper:
    """Return what stores trials in a run's folder."""
    return Keeper(
        window=lambda window, used: journal.append_window(window, at=iso_time(datetime.now(UTC)), resources=used),
        messages=partial(write_wrong, run),
        result=journal.append_trial,
    )


def shown_of(run: RunFolder, plan: Plan, targets: Mapping[str, Target]) -> Shown:
    """Return how a run's tables are shown from the current folder."""
    here = Path.cwd()
    folder = run.path.relative_to(here) if run.path.is_relative_to(here) else run.path
    return Shown(folder=str(folder), about=about_targets(targets[name] for name in plan.targets))
