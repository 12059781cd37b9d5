"""All trials of a run, one after the other: each is handed on to be stored before the next begins."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from controller.errors import LoadError
from controller.load.bench import Bench, Ears
from controller.load.repeats import Agenda
from controller.load.trial import run_trial
from controller.load.watcher import StopRequest, Watcher
from controller.measure.judgement import GENERATOR
from controller.measure.trial import LOAD_FAILED, TrialResult, Usage
from controller.measure.window import Phase, Window
from controller.plan.scenario import Load
from controller.plan.schedule import Trial, measured_s
from controller.stack.timewait import FEW, drain_time_wait, time_wait_sockets

_MOST_FAILURES_IN_A_ROW = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeper:
    """Who stores what comes: each sealed window with what every party used lately, messages of errors, each result.

    messages gets the order of a trial and, by kind of error, the first few messages.
    """

    window: Callable[[Window, Mapping[str, Usage]], None]
    messages: Callable[[int, Mapping[str, Sequence[str]]], None]
    result: Callable[[TrialResult], None]


def run_trials(
    bench: Bench, agenda: Agenda, *, first_order: int, keeper: Keeper, watcher: Watcher, stop: StopRequest
) -> None:
    """Run trials until all are done, repeats included, or the user asked for the end.

    Raises LoadError when Locust failed in several trials in a row; all results until then are kept.
    """
    stop.heeded = True
    if agenda and not stop.asked:
        # Before the first trial, so that it does not cost more than the others.
        watcher.stage("starting Locust")
        bench.fleet_for(bench.plan.scenario([*agenda.todo, *agenda.owed][0].scenario))
    began_s, failures, done = time.monotonic(), 0, 0
    while agenda and not stop.asked:
        left = len(agenda)
        trial, again = agenda.next()
        each_s = (time.monotonic() - began_s) / done if done else _expected_s(bench, trial)
        watcher.trial_started(trial, first_order + done, done, done + left, each_s * left, again)
        if (closed := time_wait_sockets()) >= FEW:
            watcher.stage(f"waiting until the kernel has forgotten {closed:,} closed connections")
            drain_time_wait()
        ears = Ears(
            window=_ear(bench, trial, keeper=keeper, watcher=watcher),
            messages=keeper.messages,
            stopped=lambda: stop.asked,
            step=watcher.step_started,
        )
        result = run_trial(bench, trial, order=first_order + done, ears=ears)
        keeper.result(result)
        agenda.ended(trial, result, again=again)
        done += 1
        watcher.trial_ended(result, (time.monotonic() - began_s) / done * len(agenda))
        failures = failures + 1 if (result.reason or "").startswith(LOAD_FAILED) else 0
        if failures >= _MOST_FAILURES_IN_A_ROW:
            raise LoadError(f"Locust failed in {failures} trials in a row, the last time: {result.reason}")


def _expected_s(bench: Bench, trial: Trial) -> float:
    load = bench.plan.at(trial.variant).scenario(trial.scenario).load
    return load.ramp_up_s + (load.warmup_s or 0.0) + measured_s(load)


def _ear(bench: Bench, trial: Trial, *, keeper: Keeper, watcher: Watcher) -> Callable[[Window], None]:
    load = bench.plan.at(trial.variant).scenario(trial.scenario).load
    begins_s: dict[tuple[int | None, Phase], float] = {}

    def hear(window: Window) -> None:
        usage = bench.sampler.latest()
        keeper.window(window, usage)
        begin_s = begins_s.setdefault((window.step, window.phase), window.start_s)
        together = window.together
        length_s = window.end_s - window.start_s
        watcher.window(
            trial,
            window.phase,
            window.end_s - begin_s,
            _phase_s(load, window.phase),
            together.samples / length_s if length_s else 0.0,
            together.latency_ms(99, 100),
            together.failures,
            usage[GENERATOR].busiest if GENERATOR in usage else None,
        )

    return hear


def _phase_s(load: Load, phase: Phase) -> float | None:
    if load.model == "capacity":
        return None
    if phase is Phase.WARMUP:
        return None if load.warmup_s is None else load.ramp_up_s + load.warmup_s
    return load.duration_s if phase is Phase.MEASURED else None
