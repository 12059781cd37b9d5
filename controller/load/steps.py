"""A trial that searches for a capacity: one step after the other on one target, each an open load of its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from controller.load.capacity import capacity_of, next_rate
from controller.load.drive import Driven, Watch, drive
from controller.load.fleet import Fleet
from controller.load.gather import Gathered
from controller.load.job import Job, offered_by
from controller.measure.errors import merged_spans
from controller.measure.step import step_of
from controller.measure.window import Window
from controller.plan.scenario import Load, Scenario
from controller.plan.schedule import step_s

# Each step but the first begins with so much of its own rate, not counted: what waits at first is not what waits later.
LEAD_S: Final = 0.5


@dataclass(slots=True)
class _Clock:
    """Where in its trial a step begins: windows and seconds go on over all steps."""

    step: int = 0
    index: int = 0
    second: float = 0.0
    _last: Window | None = None

    def begin(self) -> None:
        """Begin the next step where the last one ended."""
        if self._last is not None:
            self.index, self.second = self._last.index + 1, self._last.end_s
        self.step += 1

    def placed(self, window: Window) -> Window:
        """Return a window of this step as one of the trial."""
        self._last = replace(
            window,
            step=self.step,
            index=self.index + window.index,
            start_s=self.second + window.start_s,
            end_s=self.second + window.end_s,
        )
        return self._last


def search_capacity(
    fleet: Fleet,
    job: Job,
    *,
    scenario: Scenario,
    warmup_s: float,
    watch: Watch,
    record: Gathered,
    begun: Callable[[int, float], None],
    finished: Callable[[Driven, Gathered], None],
) -> Driven:
    """Search until it is over, and return how all steps went together; the record has every step and the best one.

    The job says all but what is offered. begun hears of each step and its rate before it is driven, finished of how
    it went. Raises LoadError where Locust fails; the record has the steps until then.
    """
    slo, clock, driven, began_s = scenario.slo, _Clock(), list[Driven](), list[float]()
    assert slo is not None  # a scenario with this model has one
    search, seed = scenario.load.capacity, f"{job.seed}:{job.order}"
    record.capacity = capacity_of(search, record.steps, slo=slo.text)
    while (rate_per_s := next_rate(search, record.steps, seed=seed)) is not None:
        clock.begin()
        begun(clock.step, rate_per_s)
        began_s.append(clock.second)
        load = step_load(scenario.load, rate_per_s, lead_s=LEAD_S if driven else warmup_s)
        one, how = _drive_step(fleet, job, load=load, clock=clock, watch=watch, record=record)
        driven.append(how)
        if how.broken is not None:
            break
        finished(how, one)
        record.steps.append(
            step_of(clock.step, rate_per_s, counts=one.together, duration_s=one.seconds or 0.0, slo=slo)
        )
        if record.steps[-1].kept:
            # Whatever was kept before was kept at a lower rate.
            record.stand_for(one)
        record.capacity = capacity_of(search, record.steps, slo=slo.text)
        if watch.enough is not None and watch.enough():
            break
    return replace(driven[0], broken=driven[-1].broken, totals=_together([one.totals for one in driven], began_s))


def _drive_step(
    fleet: Fleet, job: Job, *, load: Load, clock: _Clock, watch: Watch, record: Gathered
) -> tuple[Gathered, Driven]:
    """Drive one step, and return what was gathered in it and how it went."""
    one = Gathered()
    # Seeds that differ: a second try of a rate must not meet the very same arrivals.
    own = replace(job, offered=offered_by(load), seed=job.seed + clock.step)
    window = partial(_hear, clock, (one.keep, record.count, watch.window))
    # Whoever has enough of a search waits for the end of its step.
    heard = replace(watch, window=window, enough=None)
    return one, drive(fleet, own, load=load, watch=heard)


def _hear(clock: _Clock, ears: Sequence[Callable[[Window], object]], window: Window) -> None:
    placed = clock.placed(window)
    for ear in ears:
        ear(placed)


def step_load(load: Load, rate_per_s: float, *, lead_s: float) -> Load:
    """Return the open load of one step: its rate, for as long as it takes to have enough arrivals."""
    offered = replace(load, model="open", rate_per_s=rate_per_s, stages=())
    return replace(offered, warmup_s=lead_s, duration_s=step_s(load, rate_per_s))


def _together(totals: Sequence[Mapping[str, Any]], began_s: Sequence[float]) -> dict[str, Any]:
    """Return what the workers say of all steps; began_s is when each began, by the trial's clock."""
    messages: dict[str, list[str]] = {}
    for one in totals:
        for kind, texts in one["messages"].items():
            messages.setdefault(kind, []).extend(texts)
    spans = (
        {kind: (first_s + at_s, last_s + at_s) for kind, (first_s, last_s) in one["spans"].items()}
        for one, at_s in zip(totals, began_s, strict=True)
    )
    return {
        **totals[-1],
        "begun": sum(one["begun"] for one in totals),
        "messages": messages,
        "spans": merged_spans(spans),
        "late": any(one["late"] for one in totals),
        "lost": max(one["lost"] for one in totals),
    }
