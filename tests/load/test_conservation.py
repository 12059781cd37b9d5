"""The conservation law, over a million requests: what began is what was sealed, what was stored, what was answered.

attempts on the workers = on the master = in windows.jsonl, and whole answers = what the server itself counted.
"""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from controller.errors import LoadError
from controller.load.fleet import Fleet
from controller.measure.steady import Least
from controller.measure.window import Phase, merged_by_endpoint
from controller.stack.leftovers import labelled_processes
from tests.load.counting_server import CountingServer, counting
from tests.load.driving import until
from tests.load.fleets import fleet_of, job_of, load_of, trial

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

# Three numbers of workers share a million requests.
ENOUGH = 335_000


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Return a standing fleet of two workers, as it drives many trials in one run."""
    with fleet_of(2, folder=tmp_path_factory.mktemp("fleet"), label="conservation") as standing:
        yield standing


@pytest.fixture
def server() -> Iterator[CountingServer]:
    """Return a counting server that nobody has asked yet."""
    with counting() as running:
        yield running


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_no_request_of_a_million_is_lost_or_counted_twice(tmp_path: Path, server: CountingServer, workers: int) -> None:
    """Stopped in full swing after a third of a million requests, every count is the same, to the request."""
    load = load_of(in_flight=32, duration_s=600)
    with fleet_of(workers, folder=tmp_path, label=f"million-{workers}") as fleet:
        trialled = trial(
            fleet,
            job_of(server.url),
            load,
            folder=tmp_path,
            broken=lambda sealed: "enough" if sealed.attempts >= ENOUGH else None,
        )

    trialled.is_conserved()
    assert trialled.begun >= ENOUGH
    assert trialled.sealed.counts.errors == {}
    assert trialled.sealed.counts.answered == server.answered == trialled.begun
    assert trialled.driven.broken == "enough"
    assert trialled.driven.workers == workers
    assert all(window.workers == workers for window in trialled.sealed.of(Phase.MEASURED))


def test_the_measured_phase_is_whole_and_drained(tmp_path: Path, fleet: Fleet, server: CountingServer) -> None:
    """A trial of its planned length: its windows cover the phase exactly, and what was in flight is counted after."""
    trialled = trial(fleet, job_of(server.url), load_of(duration_s=1.3), folder=tmp_path)

    trialled.is_conserved()
    measured = trialled.sealed.of(Phase.MEASURED)
    assert [(window.start_s, window.end_s) for window in measured] == [(0.5, 1.5), (1.5, 1.8)]
    assert trialled.sealed.counts.answered == server.answered
    assert trialled.driven.broken is None
    assert all(window.users == 8 for window in measured)


def test_the_warm_up_lasts_for_as_many_requests_as_a_target_needs(
    tmp_path: Path, fleet: Fleet, server: CountingServer
) -> None:
    """A runtime that compiles what is asked for often has each endpoint asked so often before it is measured."""
    load = replace(load_of(duration_s=1), warmup_s=None, until_steady=False)
    job = job_of(server.url, requests={"/a": 3, "/b": 1})

    trialled = trial(fleet, job, load, folder=tmp_path, least=Least(seconds=1, requests=5_000))

    trialled.is_conserved()
    warm = merged_by_endpoint(window.endpoints for window in trialled.sealed.of(Phase.WARMUP))
    assert min(warm["/a"].attempts, warm["/b"].attempts) >= 5_000
    assert trialled.driven.warmup_end == "fixed"
    assert trialled.driven.from_s is not None
    assert trialled.driven.from_s > 1


def test_connections_that_come_one_by_one_lose_nothing(tmp_path: Path, fleet: Fleet, server: CountingServer) -> None:
    """During the ramp-up users rise to all there are; attempts are the same on every side all the while."""
    trialled = trial(fleet, job_of(server.url), load_of(in_flight=12, ramp_up_s=1.5), folder=tmp_path)

    trialled.is_conserved()
    users = [window.users for window in trialled.sealed.windows]
    assert users[0] < 12 == max(users)
    assert trialled.sealed.counts.answered == server.answered
    assert min(window.users for window in trialled.sealed.of(Phase.MEASURED)) == 12


def test_slow_last_answers_are_waited_for(tmp_path: Path, fleet: Fleet, server: CountingServer) -> None:
    """The server holds its last answers for 1.5 s: they come after the measured phase, and all are counted."""
    trialled = trial(
        fleet,
        job_of(server.url),
        load_of(duration_s=2),
        folder=tmp_path,
        heard=lambda sealed: server.hold(1.5) if len(sealed.windows) == 2 else None,
    )

    trialled.is_conserved()
    assert trialled.sealed.counts.errors == {}
    assert trialled.sealed.counts.answered == server.answered
    assert sum(window.attempts for window in trialled.sealed.of(Phase.DRAIN)) == 8
    assert (trialled.sealed.counts.latency.max_us or 0) >= 1_500_000


def test_a_stop_during_the_warm_up_measures_nothing_and_loses_nothing(
    tmp_path: Path, fleet: Fleet, server: CountingServer
) -> None:
    """Cut short before it was measured, a trial still has every attempt, and none in the measured phase."""
    trialled = trial(
        fleet,
        job_of(server.url),
        load_of(warmup_s=30, duration_s=30),
        folder=tmp_path,
        broken=lambda sealed: "the user" if sealed.windows else None,
    )

    trialled.is_conserved()
    assert trialled.driven.broken == "the user"
    assert trialled.sealed.of(Phase.MEASURED) == []
    assert trialled.sealed.counts.answered == server.answered > 0


def test_endpoints_are_counted_as_the_server_counts_paths(tmp_path: Path, fleet: Fleet, server: CountingServer) -> None:
    """A weighted mix, one endpoint always wrong: counts are the server's by path, shares those of the weights."""
    weights = {"/one": 6.0, "/two?x=1": 3.0, "/wrong": 1.0}
    trialled = trial(fleet, job_of(server.url, requests=weights), load_of(), folder=tmp_path)

    trialled.is_conserved()
    found, counted = trialled.sealed.endpoints, server.counts()
    assert {path: found[path.partition("?")[0]].attempts for path in weights} == counted
    assert found["/wrong"].errors == {"wrong_status": counted["/wrong"]}
    assert found["/wrong"].samples == found["/one"].failures == found["/two"].failures == 0
    total = sum(counted.values())
    for path, weight in weights.items():
        share = weight / 10
        # Five standard deviations of the deck that all connections walk through, and of the requests themselves.
        bound = 5 * (share * (1 - share)) ** 0.5 * (8192**-0.5 + total**-0.5)
        assert abs(counted[path] / total - share) < bound


def test_a_server_that_goes_away_leaves_nothing_uncounted(tmp_path: Path, fleet: Fleet) -> None:
    """A server is killed in the middle: what it had answered is counted, the rest are errors that say so."""
    with counting() as server:
        last: list[int] = []

        def stop_server(sealed: object) -> None:
            if not last:
                last.append(server.answered)
                server.kill()

        trialled = trial(fleet, job_of(server.url), load_of(), folder=tmp_path, heard=stop_server)

    trialled.is_conserved()
    assert trialled.sealed.counts.samples >= last[0]
    # Connecting fails otherwise than refused where the server had the connection in its queue as it died.
    assert set(trialled.sealed.counts.errors) <= {"reset", "short_body", "connect_refused", "connect_failed"}
    assert trialled.sealed.counts.errors["connect_refused"] > 0


def test_the_loss_of_a_worker_is_said_and_what_it_delivered_stays(tmp_path: Path, server: CountingServer) -> None:
    """One of two workers is killed: the trial ends in time, the other's counts are whole, the lost one's stay."""
    killed: list[float] = []
    with fleet_of(2, folder=tmp_path, label="worker-lost") as fleet:

        def kill(sealed: object) -> None:
            if not killed:
                killed.append(time.monotonic())
                os.kill(fleet.workers[0].pid, signal.SIGKILL)

        trialled = trial(fleet, job_of(server.url), load_of(duration_s=1.5), folder=tmp_path, heard=kill)
        assert not fleet.whole()

    assert trialled.driven.totals["lost"] == 1
    assert trialled.sealed.windows[0].workers == 2
    assert trialled.sealed.of(Phase.MEASURED)[-1].workers == 1
    assert trialled.stored.windows == trialled.sealed.windows
    # What the killed worker had not delivered yet is all that the server counted beyond.
    assert trialled.begun <= trialled.sealed.attempts <= server.answered


def test_a_worker_that_was_lost_before_a_trial_keeps_it_from_beginning(tmp_path: Path, server: CountingServer) -> None:
    """With fewer workers than there should be nothing is measured: an error that says so, in bounded time."""
    with fleet_of(2, folder=tmp_path, label="worker-lost-before") as fleet:
        os.kill(fleet.workers[0].pid, signal.SIGKILL)

        with pytest.raises(LoadError, match="expected 2 workers"):
            trial(fleet, job_of(server.url), load_of(duration_s=600), folder=tmp_path)

    assert server.answered == 0


def test_the_loss_of_the_master_is_an_error_and_leaves_nothing(tmp_path: Path, server: CountingServer) -> None:
    """The master is killed: the controller hears of it at once, keeps what it has, and nothing stays behind."""
    with fleet_of(1, folder=tmp_path, label="master-lost") as fleet:

        def kill(sealed: object) -> None:
            os.kill(fleet.master.pid, signal.SIGKILL)

        with pytest.raises(LoadError, match="master"):
            trial(fleet, job_of(server.url), load_of(duration_s=600), folder=tmp_path, heard=kill)

    until(lambda: not [process for process in labelled_processes() if process.label == "master-lost"])
