"""The conservation law over every target: what FastServe says was answered is what the target itself has counted."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.load.fleet import Fleet
from controller.plan.target import Target
from controller.stack.contract_metrics_rules import samples_of
from controller.stack.exchange import Client
from tests.load.fleets import fleet_of, job_of, load_of, trial
from tests.targets.conftest import Start

pytestmark = pytest.mark.slow

ENOUGH = 100_000
HEALTH = "/api/health"


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A master with one worker for all targets."""
    with fleet_of(1, folder=tmp_path_factory.mktemp("fleet"), label="target-conservation") as standing:
        yield standing


def counted(url: str) -> int:
    """Return how many answers of the health route a target's own metrics have counted."""
    with Client(url, within_s=20) as client:
        text = client.ask("/metrics").body.decode()
    by_name: dict[str, float] = {}
    for series, value in samples_of(text).items():
        name, _, labels = series.partition("{")
        # Of a counter, or of a histogram's count.
        if f'"{HEALTH}"' in labels and name.endswith(("_total", "_count", "_requests")):
            by_name[name] = by_name.get(name, 0.0) + value
    assert by_name, text
    # A target may count in a counter and in a histogram: then both say the same.
    assert len(set(by_name.values())) == 1, by_name
    return round(next(iter(by_name.values())))


def test_a_hundred_thousand_requests_are_counted_alike(
    start: Start, target: Target, fleet: Fleet, tmp_path: Path
) -> None:
    """Attempts on the workers, at the master, in the journal, and answers as the target's exporter counts them."""
    with start(metrics="full") as running:
        with Client(running.url, within_s=20) as client:
            client.ask(HEALTH)
        before = counted(running.url)
        trialled = trial(
            fleet,
            job_of(running.url, requests={HEALTH: 1.0}),
            load_of(in_flight=32, duration_s=300),
            folder=tmp_path,
            broken=lambda sealed: "enough" if sealed.attempts >= ENOUGH else running.died(),
        )
        after = counted(running.url)

    trialled.is_conserved()
    assert trialled.driven.broken == "enough", target.name
    assert trialled.sealed.counts.errors == {}
    assert trialled.sealed.counts.answered == trialled.begun == after - before
    assert trialled.begun >= ENOUGH
