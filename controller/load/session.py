"""An ad-hoc session: trials as somebody starts and stops them on Locust's page, one after the other."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from controller.errors import LoadError, PlanError
from controller.load.bench import Bench, Ears
from controller.load.fleet import Fleet
from controller.load.gather import Gathered
from controller.load.offer import Asked, asked_load
from controller.load.trial import run_trial
from controller.load.trials import Keeper
from controller.load.watcher import StopRequest
from controller.measure.judgement import GENERATOR, SERVER
from controller.measure.trial import LOAD_FAILED, OK, TrialResult, Usage
from controller.measure.window import Phase, Window
from controller.plan.factors import Variant, variant_of
from controller.plan.plan import Plan
from controller.plan.scenario import Load
from controller.plan.schedule import Trial
from controller.stack.timewait import FEW, time_wait_sockets

_EVENT_WITHIN_S = 0.2
_MOST_FAILURES_IN_A_ROW = 2
# How a trial that still runs is shown.
RUNNING = "running"


class SessionWatcher(Protocol):
    """Hears of a session while it goes on; every call returns at once and none raises."""

    def stage(self, text: str) -> None:
        """Hear what is done beside trials."""

    def opened(self, url: str) -> None:
        """Hear that the page answers."""

    def refused(self, asked: Asked, why: str) -> None:
        """Hear that somebody asked for what cannot be."""

    def trial_started(self, trial: Trial, asked: Asked) -> None:
        """Hear that a trial begins."""

    def trial_ended(self, result: TrialResult) -> None:
        """Hear what a trial came to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Who stores, who hears, who makes the page of all trials up to now (the last may still run), and when it ends."""

    keeper: Keeper
    watcher: SessionWatcher
    page: Callable[[Sequence[TrialResult]], str]
    stop: StopRequest
    results: list[TrialResult] = field(default_factory=list)


def run_session(bench: Bench, session: Session) -> None:
    """Run what is asked for on the page until the user ends it.

    Raises LoadError when Locust failed several times in a row; all results until then are kept.
    """
    session.stop.heeded = True
    failures = 0
    known: Fleet | None = None
    while not session.stop.asked:
        fleet = bench.fleet.ready(bench.plan.load.workers)
        if fleet is not known:
            fleet.show(session.page(session.results))
            if known is None:
                session.watcher.opened(fleet.page_url)
            known = fleet
        event = _next(bench, fleet)
        if event is None or event["event"] != "ask":
            continue
        result = _answer(bench, fleet, session, asked=Asked(**event["asked"]))
        failed = result is not None and (result.reason or "").startswith(LOAD_FAILED)
        failures = failures + 1 if failed else 0
        if result is not None and failures >= _MOST_FAILURES_IN_A_ROW:
            raise LoadError(f"Locust failed in {failures} trials in a row, the last time: {result.reason}")


def _next(bench: Bench, fleet: Fleet) -> dict[str, Any] | None:
    try:
        return fleet.event(within_s=_EVENT_WITHIN_S)
    except LoadError:
        # The page comes back on its port, with a new master behind it.
        bench.fleet.discard()
        return None


def _answer(bench: Bench, fleet: Fleet, session: Session, *, asked: Asked) -> TrialResult | None:
    """Run a trial as it was asked for and return what it came to; None where it could not even be tried."""
    try:
        plan = asked_plan(bench.plan, asked)
    except PlanError as error:
        session.watcher.refused(asked, str(error))
        fleet.refuse(str(error))
        return None
    trial = _trial(plan, asked, session.results)
    session.watcher.trial_started(trial, asked)
    listener = _Listener(bench=replace(bench, plan=plan), fleet=fleet, session=session, trial=trial)
    result = listener.run()
    session.keeper.result(result)
    session.results.append(result)
    session.watcher.trial_ended(result)
    with suppress(LoadError):
        if result.attempts_total is None:
            # The page still waits for its test to begin.
            fleet.refuse(" ".join((result.reason or result.outcome).split()))
        fleet.show(session.page(session.results))
    return result


def asked_plan(plan: Plan, asked: Asked) -> Plan:
    """Return the plan with its scenario loaded as asked for. Raises PlanError for what the plan does not have."""
    names = [scenario.name for scenario in plan.scenarios]
    if asked.target not in plan.targets:
        raise PlanError(f"target: expected {' or '.join(plan.targets)}, found {asked.target!r}")
    if asked.scenario not in names:
        raise PlanError(f"scenario: expected {' or '.join(names)}, found {asked.scenario!r}")
    scenario = plan.scenario(asked.scenario)
    # As many workers as there are: others would need another page.
    changed = replace(scenario, load=replace(asked_load(asked, scenario), workers=plan.load.workers))
    return replace(plan, scenarios=tuple(changed if one is scenario else one for one in plan.scenarios))


def _trial(plan: Plan, asked: Asked, before: Sequence[TrialResult]) -> Trial:
    """Return the trial: what is asked for the second time with the same load is the second block of it."""
    load = plan.scenario(asked.scenario).load
    variant = variant_of({**plan.variants[0].levels, "in_flight": load.in_flight})
    same = (asked.target, asked.scenario, variant_label(variant, load))
    whole = sum(one.outcome == OK and (one.target, one.scenario, one.variant) == same for one in before)
    return Trial(number=len(before) + 1, block=whole + 1, target=asked.target, variant=variant, scenario=asked.scenario)


def variant_label(variant: Variant, load: Load) -> str:
    """Return what sets a trial apart from others of its target and scenario: trials at two rates are not the same."""
    if load.model == "closed":
        return variant.label
    offered = f"model={load.model},rate_per_s={load.rate_per_s:g}"
    return offered if variant.label == "default" else f"{variant.label},{offered}"


@dataclass(slots=True, kw_only=True)
class _Listener:
    """One trial of a session while it runs: what the page shows of it is made of what has come."""

    bench: Bench
    fleet: Fleet
    session: Session
    trial: Trial
    heard: Gathered = field(default_factory=Gathered)
    users: list[int] = field(default_factory=list)

    @property
    def variant(self) -> str:
        """What sets it apart, in words."""
        return variant_label(self.trial.variant, self.bench.plan.scenario(self.trial.scenario).load)

    def run(self) -> TrialResult:
        """Run it and return its result, with notes on what somebody did or did not wait for."""
        closed = time_wait_sockets()
        ears = Ears(
            window=self._window,
            messages=self.session.keeper.messages,
            stopped=lambda: False,
            enough=lambda: self.session.stop.asked,
        )
        result = run_trial(self.bench, self.trial, order=self.trial.number, ears=ears)
        return replace(result, variant=self.variant, notes=(*result.notes, *self._notes(closed)))

    def _notes(self, closed: int) -> Iterator[str]:
        if len(self.users) > 1:
            yield f"users changed while it ran: {', '.join(f'{n:,}' for n in self.users)}"
        if closed >= FEW:
            # A plan's trials wait for that; who stands before a page does not want to.
            yield f"begun while the kernel still kept {closed:,} closed connections"

    def _window(self, window: Window) -> None:
        self.session.keeper.window(window, self.bench.sampler.latest())
        self.heard.keep(window)
        if window.phase is Phase.MEASURED and self.users[-1:] != [window.users]:
            self.users.append(window.users)
        self.fleet.show(self.session.page((*self.session.results, self._so_far(window))))

    def _so_far(self, window: Window) -> TrialResult:
        trial, seconds = self.trial, self.heard.seconds
        used = {} if seconds is None else {party: self._used(party, seconds) for party in (SERVER, GENERATOR)}
        return TrialResult(
            trial=trial.number,
            block=trial.block,
            order=trial.number,
            target=trial.target,
            variant=self.variant,
            scenario=trial.scenario,
            factors={"in_flight": window.users},
            started_at="",
            outcome=RUNNING,
            reason=window.phase.value,
            duration_s=seconds,
            endpoints=self.heard.measured,
            usage={party: usage for party, usage in used.items() if usage is not None},
        )

    def _used(self, party: str, seconds: float) -> Usage | None:
        now_s = time.monotonic()
        return self.bench.sampler.usage(party, now_s - seconds, now_s)
