"""Driving one trial: start, warm-up, measured phase, drain; every sealed window is handed on as it comes."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from controller.errors import LoadError
from controller.load.fleet import Fleet
from controller.load.job import Job
from controller.measure.steady import Least, Pace, WarmupEnd, warmup_end
from controller.measure.window import Phase, Window, phase_of
from controller.measure.window_wire import window_from_wire
from controller.plan.scenario import Load

_EVENT_WITHIN_S = 0.1
# A phase is set this far ahead, so that every worker hears of it in time.
_AHEAD_S = 0.5
# What a trial may take beyond its phases and the time-out of its last answers.
_BEYOND_S = 60.0
STOPPED_EARLY = "stopped before its measured phase began"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What the run wants to hear and to say while a trial is driven.

    window gets every sealed window with its phase; edge is called as the measured phase begins and ends;
    broken says why the trial must end early, or None. enough, where it is there, makes the measured phase last
    until it says so or the page of Locust is told to stop.
    """

    window: Callable[[Window], None]
    edge: Callable[[], object]
    broken: Callable[[], str | None]
    enough: Callable[[], bool] | None = None


@dataclass(slots=True, kw_only=True)
class Driven:
    """How a trial went. start_s is time.monotonic at the first send; from_s and until_s bound the measured phase.

    order is the trial's place in the run, number what the fleet knows this drive by. warmup_end is "fixed",
    "steady" or "capped". broken is why it ended early, None for a whole trial.
    """

    order: int
    number: int
    start_s: float = 0.0
    workers: int = 0
    from_s: float | None = None
    until_s: float | None = None
    warmup_end: str | None = None
    broken: str | None = None
    totals: Mapping[str, Any] = field(default_factory=dict)

    def phase_at(self, window: Window) -> Phase:
        """Return the phase that a window lies in; one that straddles a bound is not measured."""
        return phase_of(window.start_s, window.end_s, from_s=self.from_s, until_s=self.until_s)


def drive(fleet: Fleet, job: Job, *, load: Load, watch: Watch, least: Least = Least()) -> Driven:  # noqa: B008, frozen
    """Drive one trial to its end and return how it went; its windows have gone to the watch.

    least is the target's own least warm-up, for a load that does not say how long it is. Raises LoadError where
    Locust fails; what has come until then was handed on.
    """
    if job.offered is not None and load.connections < len(fleet.workers):
        # A worker without a connection would let its share of the arrivals time out.
        raise LoadError(
            f"expected a connection for each of {len(fleet.workers)} workers, found {load.connections}: raise in_flight"
        )
    # A search drives one trial in many steps, and windows that are late must not be taken for those of the next.
    driven = Driven(order=job.order, number=next(fleet.numbers))
    phase = None
    if (warmup_s := _known_warmup_s(load, least)) is not None:
        from_s = load.ramp_up_s + warmup_s
        phase = (from_s, from_s + load.duration_s if watch.enough is None else math.inf)
        driven.from_s, driven.until_s, driven.warmup_end = *phase, "fixed"
    fleet.start(replace(job, order=driven.number), users=load.connections, ramp_up_s=load.ramp_up_s, phase=phase)
    _started(fleet, driven)
    _follow(fleet, driven, load=load, warmup=_Warmup(load, least, job), watch=watch)
    fleet.end()
    return driven


def _started(fleet: Fleet, driven: Driven) -> None:
    event = _until(fleet, "started")
    driven.start_s, driven.workers = event["start_ns"] / 1e9, event["workers"]
    if driven.workers != len(fleet.workers):
        raise LoadError(f"expected {len(fleet.workers)} workers to take part, found {driven.workers}")


def _until(fleet: Fleet, awaited: str) -> dict[str, Any]:
    until_s = time.monotonic() + _BEYOND_S
    while time.monotonic() < until_s:
        event = fleet.event(within_s=_EVENT_WITHIN_S)
        if event is not None and event["event"] == "failed":
            raise LoadError(event["text"])
        if event is not None and event["event"] == awaited:
            return event
    raise LoadError(f"Locust's master did not say {awaited!r} within {_BEYOND_S:g} s: see {fleet.master.log}")


def _follow(fleet: Fleet, driven: Driven, *, load: Load, warmup: "_Warmup", watch: Watch) -> None:
    edges, heard_s = 0, 0.0
    while True:
        edges = _at_edges(driven, edges, watch)
        event = fleet.event(within_s=_until_edge_s(driven, edges))
        # A window of the trial before may still come where that one was given up.
        if event is not None and event["event"] == "window" and event["window"]["order"] == driven.number:
            window = window_of(event, driven)
            watch.window(window)
            heard_s = window.end_s
            if driven.from_s is None and (end := warmup.end_after(window)) is not None:
                _end_warmup(fleet, driven, load=load, reason=end)
        elif event is not None and event["event"] == "drained" and event["totals"]["order"] == driven.number:
            driven.totals = event["totals"]
            # Where no worker is left, the measured phase is over before its end.
            driven.until_s = None if driven.until_s is None else min(driven.until_s, heard_s)
            return
        elif event is not None and event["event"] == "failed":
            raise LoadError(event["text"])
        if watch.enough is not None and ((event is not None and event["event"] == "stop") or watch.enough()):
            _end_measured(fleet, driven)
        if driven.broken is None and (reason := watch.broken()) is not None:
            driven.broken = reason
            _cut_short(fleet, driven)
        _not_too_long(fleet, driven, load)


def _edges(driven: Driven) -> list[float]:
    return [edge for edge in (driven.from_s, driven.until_s) if edge is not None]


def _at_edges(driven: Driven, passed: int, watch: Watch) -> int:
    """Tell the watch of bounds of the measured phase that have come; return how many have been told."""
    while passed < len(_edges(driven)) and _now_s(driven) >= _edges(driven)[passed]:
        watch.edge()
        passed += 1
    return passed


def _until_edge_s(driven: Driven, passed: int) -> float:
    left_s = [edge - _now_s(driven) for edge in _edges(driven)[passed:]]
    return max(0.001, min([_EVENT_WITHIN_S, *left_s]))


def window_of(event: Mapping[str, Any], driven: Driven) -> Window:
    """Return the window of an event with the phase it lies in."""
    window = window_from_wire(event["window"])
    return replace(window, order=driven.order, phase=driven.phase_at(window))


def _known_warmup_s(load: Load, least: Least) -> float | None:
    """Return how long a warm-up is where that is known before it begins."""
    if load.warmup_s is None and not load.until_steady and not least.requests:
        return least.seconds
    return load.warmup_s


class _Warmup:
    """A warm-up whose length is not known beforehand, window by window."""

    def __init__(self, load: Load, least: Least, job: Job) -> None:
        self._least_s = load.ramp_up_s + least.seconds
        self._until_steady = load.until_steady
        # What each endpoint of the mix has yet to answer.
        self._left = {request.endpoint: least.requests for request in job.requests}
        self._rates: list[float] = []

    def end_after(self, window: Window) -> WarmupEnd | None:
        """Take in a sealed window; return why the warm-up is over with it, None while it goes on."""
        self._rates.append(Pace.of(window.together, seconds=window.end_s - window.start_s).rate)
        for endpoint, counts in window.endpoints.items():
            if endpoint in self._left:
                self._left[endpoint] -= counts.attempts
        return warmup_end(
            self._rates,
            least_s=self._least_s,
            requests_left=max(self._left.values(), default=0),
            until_steady=self._until_steady,
        )


def _end_warmup(fleet: Fleet, driven: Driven, *, load: Load, reason: WarmupEnd) -> None:
    from_s = float(math.ceil(_now_s(driven) + _AHEAD_S))
    driven.from_s, driven.until_s, driven.warmup_end = from_s, from_s + load.duration_s, reason
    fleet.measure(driven.from_s, driven.until_s)


def _end_measured(fleet: Fleet, driven: Driven) -> None:
    """End a measured phase that had no end, after a whole number of seconds: every window of it is one second long."""
    if driven.from_s is None or driven.until_s != math.inf:
        return
    ahead_s = _now_s(driven) + _AHEAD_S
    if ahead_s <= driven.from_s:
        driven.broken = STOPPED_EARLY
        _cut_short(fleet, driven)
    else:
        driven.until_s = driven.from_s + math.ceil(ahead_s - driven.from_s)
        fleet.measure(driven.from_s, driven.until_s)


def _cut_short(fleet: Fleet, driven: Driven) -> None:
    until_s = _now_s(driven) + _AHEAD_S
    if driven.until_s is None or until_s < driven.until_s:
        driven.until_s = until_s
        driven.from_s = until_s if driven.from_s is None else min(driven.from_s, until_s)
        fleet.measure(driven.from_s, driven.until_s)


def _now_s(driven: Driven) -> float:
    return time.monotonic() - driven.start_s


def _not_too_long(fleet: Fleet, driven: Driven, load: Load) -> None:
    if driven.until_s is not None and _now_s(driven) > driven.until_s + load.timeout_s + _BEYOND_S:
        raise LoadError(
            f"expected the last windows of the trial within {load.timeout_s + _BEYOND_S:g} s of its end, "
            f"found none: see {fleet.master.log.parent}"
        )
