"""A search for a capacity through a real master and worker, against servers whose limit is known."""

from collections.abc import Iterator

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


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A master with one worker for all searches."""
    with fleet_of(1, folder=tmp_path_factory.mktemp("fleet"), label="steps") as fleet:
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


@pytest.mark.parametrize("limit_per_s", [500.0, 2_000.0, 10_000.0])
def test_a_known_limit_is_found(fleet: Fleet, limit_per_s: float) -> None:
    """The capacity of a token bucket is its rate, within 3 %, and every attempt of every step is counted once."""
    found = []
    with bucket_server(limit_per_s) as url:
        for _ in range(TRIES):
            searched = Searched(fleet, url, Search(from_per_s=limit_per_s / 2.2, to_per_s=1e6, step_s=1.0))
            searched.is_conserved()
            capacity = searched.record.capacity
            assert capacity is not None
            found.append((capacity.per_s, capacity.high_per_s, capacity.reason, len(searched.rates)))
            if capacity.per_s is not None and abs(capacity.per_s / limit_per_s - 1) <= 0.03:
                return
    pytest.fail(f"{limit_per_s}/s was not found: {found}")


def test_a_search_that_is_ended_keeps_its_steps(fleet: Fleet) -> None:
    """Whoever ends a search in the middle of a step loses that step alone: its windows are counted all the same."""
    with bucket_server(2_000.0) as url:
        searched = Searched(fleet, url, Search(from_per_s=400, to_per_s=1e6, step_s=1.0), most_steps=1)

    assert searched.driven.broken == "enough"
    assert [step.rate_per_s for step in searched.record.steps] == [400]
    assert searched.record.capacity is not None
    assert {window.step for window in searched.windows} == {1, 2}
    assert searched.driven.totals["begun"] == sum(window.attempts for window in searched.windows)
    assert searched.record.together.attempts == searched.record.steps[0].offered
