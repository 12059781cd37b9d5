"""A search for a capacity through a real master and worker, against servers whose limit is known."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from controller.load.drive import Driven, Watch
from controller.load.fleet import Fleet
from controller.load.gather import Gathered
from controller.load.steps import search_capacity
from controller.measure.window import Phase, Window
from controller.plan.scenario import Load, Request, Scenario
from controller.plan.slo import Search, Slo
from tests.load.bucket import bucket_server
from tests.load.fleets import fleet_of, job_of

# A machine that is shared may stall for longer than a step can forgive, twice in a row.
TRIES = 3
LIMITS = (500.0, 2_000.0, 10_000.0)


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    """A master with one worker."""
    with fleet_of(1, folder=tmp_path, label="steps") as fleet:
        yield fleet


def scenario_of(search: Search, *, in_flight: int = 32) -> Scenario:
    """Return a scenario that searches for a capacity with constant arrivals: a known limit is then a known answer."""
    load = Load(model="capacity", arrivals="constant", capacity=search, in_flight=in_flight, timeout_s=20.0)
    return Scenario(name="s", requests=(Request(path="/"),), load=load, slo=Slo(p90_ms=12.0))


class Searched:
    """A search and all that was heard of it; broken says why it must end, after so many steps have begun."""

    def __init__(self, fleet: Fleet, url: str, search: Search, *, most_steps: int = 99) -> None:
        self.windows: list[Window] = []
        self.rates: list[float] = []
        self.record = Gathered()
        self.driven: Driven = search_capacity(
            fleet,
            job_of(url),
            scenario=scenario_of(search),
            warmup_s=0.5,
            watch=Watch(
                window=self.windows.append,
                edge=lambda: None,
                broken=lambda: "enough" if len(self.rates) > most_steps else None,
            ),
            record=self.record,
            begun=lambda _, rate_per_s: self.rates.append(rate_per_s),
            finished=lambda *_: None,
        )

    def has_found(self, limit_per_s: float) -> bool:
        """Return whether the capacity is within 3 % of a limit."""
        capacity = self.record.capacity
        assert capacity is not None
        return capacity.per_s is not None and abs(capacity.per_s / limit_per_s - 1) <= 0.03

    def is_conserved(self) -> None:
        """Hold the conservation law over all steps: begun, sealed, gathered, and each step's own arrivals."""
        assert self.driven.totals["begun"] == sum(window.attempts for window in self.windows) == self.record.attempts
        assert [window.index for window in self.windows] == list(range(len(self.windows)))
        assert all(before.end_s == after.start_s for before, after in zip(self.windows, self.windows[1:], strict=False))
        for step in self.record.steps:
            own = [window for window in self.windows if window.step == step.step]
            counted = sum(counts.attempts for window in own for counts in window.measured.values())
            assert counted == step.offered == step.answered + step.failures
            seconds = sum(window.end_s - window.start_s for window in own if window.phase is Phase.MEASURED)
            assert seconds == pytest.approx(step.duration_s)
            assert step.offered == pytest.approx(step.rate_per_s * step.duration_s, abs=1)


@pytest.fixture(scope="module")
def searches(tmp_path_factory: pytest.TempPathFactory) -> dict[float, list[Searched]]:
    """Search all limits at the same time, each with a fleet of its own: they wait far more than they compute."""
    with ExitStack() as stack:
        ready = [
            (
                stack.enter_context(fleet_of(1, folder=tmp_path_factory.mktemp("fleet"), label=f"steps-{n}")),
                stack.enter_context(bucket_server(limit_per_s)),
                limit_per_s,
            )
            for n, limit_per_s in enumerate(LIMITS)
        ]
        with ThreadPoolExecutor(len(LIMITS)) as threads:
            found = list(threads.map(lambda one: searched_until_found(*one), ready))
    return dict(zip(LIMITS, found, strict=True))


def searched_until_found(fleet: Fleet, url: str, limit_per_s: float) -> list[Searched]:
    """Return the searches for a limit, the last of which found it unless all tries were used up."""
    search = Search(from_per_s=limit_per_s / 2.2, to_per_s=1e6, step_s=1.0, step_requests=1_000)
    tried: list[Searched] = []
    while len(tried) < TRIES and not (tried and tried[-1].has_found(limit_per_s)):
        tried.append(Searched(fleet, url, search))
    return tried


@pytest.mark.parametrize("limit_per_s", LIMITS)
def test_a_known_limit_is_found(searches: dict[float, list[Searched]], limit_per_s: float) -> None:
    """The capacity of a token bucket is its rate, within 3 %, and every attempt of every step is counted once."""
    tried = searches[limit_per_s]
    for searched in tried:
        searched.is_conserved()

    assert tried[-1].has_found(limit_per_s), [(one.record.capacity, len(one.rates)) for one in tried]


def test_a_search_that_is_ended_keeps_its_steps(fleet: Fleet) -> None:
    """Whoever ends a search in the middle of a step loses that step alone: its windows are counted all the same."""
    with bucket_server(2_000.0) as url:
        searched = Searched(
            fleet, url, Search(from_per_s=400, to_per_s=1e6, step_s=1.0, step_requests=1_000), most_steps=1
        )

    assert searched.driven.broken == "enough"
    assert [step.rate_per_s for step in searched.record.steps] == [400]
    assert searched.record.capacity is not None
    assert {window.step for window in searched.windows} == {1, 2}
    assert searched.driven.totals["begun"] == sum(window.attempts for window in searched.windows)
    assert searched.record.together.attempts == searched.record.steps[0].offered
