"""A calibration: FastServe's engine and other generators on one target and load, round by round."""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from controller import __version__
from controller.compare.calibration import Calibration
from controller.errors import FastServeError, LoadError, PlanError
from controller.load.beforehand import ask_once
from controller.load.job import job_of
from controller.load.rivals import RIVALS
from controller.load.turns import Turns, Turnstile
from controller.measure.judgement import SERVER
from controller.measure.turn import ENGINE, Turn
from controller.plan.factors import variant_of
from controller.plan.plan import Cpus, Environment, Plan
from controller.plan.scenario import Load, Request, Scenario
from controller.plan.target import Target, read_targets
from controller.run import cores_of, standing_bench
from controller.stack.cpus import Cores
from controller.stack.limits import check_open_files, files_needed
from controller.stack.lock import machine_lock
from controller.stack.preflight import check_targets, lay_ground, prepare_targets, run_prepared, settings_of
from controller.stack.tools import advice
from controller.stack.versions import ask_versions, tool_path, tool_version

# It needs nothing but Python, keeps the connections of HTTP/1.0 alive as ab needs it, and is slower than every tool.
USUAL_TARGET: Final = "python-flask"
_NAME: Final = "calibrate"
_WARMUP_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationOptions:
    """What is asked of which target by which tools beside our engine, how often, and by chance in which order."""

    project: Path
    target: str = USUAL_TARGET
    path: str = "/api/health"
    in_flight: int = 64
    duration_s: int = 5
    rounds: int = 10
    tools: tuple[str, ...] = tuple(RIVALS)
    seed: int = 0

    def __post_init__(self) -> None:
        if unknown := [name for name in self.tools if name not in RIVALS]:
            raise PlanError(f"--tools: expected some of {', '.join(RIVALS)}, found {', '.join(unknown)}")
        if min(self.rounds, self.duration_s) < 1:
            raise PlanError(
                f"expected rounds and whole seconds of at least 1, found {self.rounds} rounds of {self.duration_s} s"
            )


class CalibrationWatcher(Protocol):
    """Hears of a calibration while it goes on; every call returns at once and none raises."""

    def stage(self, text: str) -> None:
        """Hear what is done beside turns."""

    def turn(self, turn: Turn) -> None:
        """Hear what a turn came to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrationOutcome:
    """What was measured, and what ended it early: the user's Ctrl-C, or an error."""

    calibration: Calibration
    interrupted: bool = False
    ended_by: FastServeError | None = None


def calibrate(options: CalibrationOptions, watcher: CalibrationWatcher) -> CalibrationOutcome:
    """Measure our engine and every tool that is here on one running target, in interleaved rounds.

    Once something was measured, Ctrl-C and errors end it with what there is. Raises a FastServeError for what
    keeps it from that.
    """
    targets = read_targets(options.project / "servers")
    plan = _plan(options, targets)
    cores = cores_of(plan, targets)
    check_open_files(files_needed(plan))
    versions, missing = _found(options.tools)
    interrupted, ended_by = False, None
    with _standing(plan, targets, options.project, cores=cores, watcher=watcher) as stile:
        turns = Turns(stile=stile, generators=(ENGINE, *versions), hear=watcher.turn)
        try:
            watcher.stage(f"trying {', '.join(turns.generators)}, once each and not counted")
            turns.try_out()
            turns.run(rounds=options.rounds, seconds=options.duration_s, seed=options.seed)
        except (KeyboardInterrupt, FastServeError) as early:
            if not turns.measured:
                raise
            interrupted = isinstance(early, KeyboardInterrupt)
            ended_by = early if isinstance(early, FastServeError) else None
    if not turns.measured:
        raise LoadError(f"expected a turn that was measured to its end, found none: {'; '.join(turns.left_out)}")
    calibration = Calibration(
        target=options.target,
        path=options.path,
        in_flight=options.in_flight,
        duration_s=options.duration_s,
        rounds=options.rounds,
        turns=tuple(turns.measured),
        versions={ENGINE: __version__, **versions},
        missing=missing,
        left_out=tuple(turns.left_out),
        notes=cores.notes,
    )
    return CalibrationOutcome(calibration=calibration, interrupted=interrupted, ended_by=ended_by)


def _plan(options: CalibrationOptions, targets: Mapping[str, Target]) -> Plan:
    """Return the plan that a run of this target under this load would have, with one core for each side."""
    target = targets.get(options.target)
    if target is None:
        raise PlanError(
            f"expected a server of {options.project / 'servers'}, found {options.target}; "
            f"it has {', '.join(targets) or 'none'}"
        )
    if (target.url or "").startswith("https"):
        raise PlanError(f"{target.name}: expected a server over http, which all tools take alike, found {target.url}")
    load = Load(in_flight=options.in_flight, warmup_s=_WARMUP_S, duration_s=options.duration_s)
    return Plan(
        name=_NAME,
        seed=options.seed,
        targets=(target.name,),
        baseline=target.name,
        load=load,
        cpus=Cpus(),
        environment=Environment(),
        variants=(variant_of({"in_flight": options.in_flight}),),
        scenarios=(Scenario(name=_NAME, requests=(Request(path=options.path),), load=load),),
    )


def _found(tools: Sequence[str]) -> tuple[dict[str, str | None], dict[str, str]]:
    """Return the versions of the tools that are here, and what would add each that is not."""
    ask_versions(tools)
    here = {name: tool_version(name) for name in tools if tool_path(name)}
    return here, {name: advice(name, least="0") for name in tools if name not in here}


@contextmanager
def _standing(
    plan: Plan, targets: Mapping[str, Target], project: Path, *, cores: Cores, watcher: CalibrationWatcher
) -> Iterator[Turnstile]:
    """Build, check and start the target as a run does, with Locust beside it, for the time of the block."""
    servers, (scenario,), (variant,) = project / "servers", plan.scenarios, plan.variants
    with machine_lock(_NAME) as lock_fd, tempfile.TemporaryDirectory(prefix="fastserve-calibrate-") as temporary:
        prepared = prepare_targets(plan, targets, say=watcher.stage)
        ground = lay_ground(plan, prepared, servers=servers)
        check_targets(plan, prepared, ground=ground, lock_fd=lock_fd, say=watcher.stage)
        logs = Path(temporary, _NAME, "logs")
        logs.mkdir(parents=True)
        (ready,) = prepared.values()
        trust = scenario.load.trust().with_own(ready.target.trust)
        watcher.stage(f"starting {ready.target.name} and Locust")
        ground.warm()
        with (
            standing_bench(plan, prepared, scripts={}, ground=ground, cores=cores, logs=logs, lock_fd=lock_fd) as bench,
            run_prepared(
                bench.supervisor,
                ready,
                settings=bench.backing.told(settings_of(plan, variant, ground=ground)),
                trust=trust,
                cores=cores.target,
                log=logs / f"{ready.target.name}.log",
            ) as running,
        ):
            contract = ground.contract if ready.target.contract else None
            job = job_of(scenario, running.url, order=1, seed=plan.seed, trust=trust, contract=contract)
            ask_once(running.name, job, scenario, contract)
            if running.family():
                bench.sampler.watch(SERVER, running.family)
            yield Turnstile(bench=bench, running=running, scenario=scenario, job=job, least_s=ready.target.warmup_s)
