"""Users of a Locust file beside the wire engine: the same windows, counted to the request as the server counts."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from controller.errors import LoadError
from controller.load.fleet import Fleet
from controller.load.job import Job, offered_by
from controller.measure.window import Phase
from controller.plan.scenario import Load
from tests.load.certificates import TRUST, certificate_file
from tests.load.fleets import Trialled, fleet_of, job_of, load_of, trial
from tests.load.shop import HELD_S, Shop, shop
from tests.sources import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

LOGIN = ROOT / "locustfiles" / "login.py"
VISITORS = 4
PATHS = {"/login", "/items", "/items/{id}"}


@pytest.fixture
def server() -> Iterator[Shop]:
    """Return a shop that nobody has been to."""
    with shop() as running:
        yield running


def script(folder: Path, text: str, *, name: str = "mine.py") -> Path:
    """Write a Locust file as a user would."""
    path = folder / name
    path.write_text("import gevent\nfrom locust import FastHttpUser, HttpUser, LoadTestShape, task\n" + text)
    return path


def alone(job: Job) -> Job:
    """Return a job without requests for the wire engine."""
    return replace(job, requests=())


def is_what_the_server_counted(trialled: Trialled, server: Shop, before: dict[str, int] | None = None) -> None:
    """Hold every count, by endpoint, to the server's own since some earlier one."""
    trialled.is_conserved()
    counted = server.counts()
    for endpoint, earlier in (before or {}).items():
        counted[endpoint] -= earlier
    found = {endpoint: counts.attempts for endpoint, counts in trialled.sealed.endpoints.items()}
    assert found == {endpoint: n for endpoint, n in counted.items() if n}


@pytest.mark.parametrize("workers", [1, 2])
def test_both_kinds_of_users_are_in_the_same_windows(tmp_path: Path, server: Shop, workers: int) -> None:
    """Two trials on one fleet, users that log in beside connections: every count is the server's, to the request."""
    with fleet_of(workers, folder=tmp_path, label=f"script-{workers}", script=LOGIN) as fleet:
        before: dict[str, int] = {}
        for number in range(2):
            folder = tmp_path / str(number)
            folder.mkdir()
            trialled = trial(fleet, job_of(server.url), load_of(duration_s=2), folder=folder)
            is_what_the_server_counted(trialled, server, before)
            before = server.counts()

            assert trialled.sealed.counts.errors == {}
            assert trialled.sealed.endpoints["/login"].samples == VISITORS
            latency = trialled.sealed.endpoints["/items"].latency
            assert any(us % 1000 for us in (latency.min_us or 0, latency.max_us or 0)), "whole milliseconds"
            for window in trialled.sealed.of(Phase.MEASURED):
                assert window.endpoints.keys() == {"/", "/items", "/items/{id}"}
                assert (window.users, window.workers) == (8 + VISITORS, workers)
            assert trialled.driven.totals["exceptions"] == 0
            assert not trialled.driven.totals["cut_off"]


def test_arrivals_go_on_beside_users(tmp_path: Path, server: Shop) -> None:
    """With an open load the users of the file are beside its arrivals, in the same windows, counted to the request."""
    load = Load(model="open", rate_per_s=200.0, in_flight=8, warmup_s=0.5, duration_s=2.0, timeout_s=20.0)
    with fleet_of(2, folder=tmp_path, label="script-open", script=LOGIN) as fleet:
        job = replace(job_of(server.url), offered=offered_by(load))
        trialled = trial(fleet, job, load, folder=tmp_path)

    is_what_the_server_counted(trialled, server)
    for window in trialled.sealed.of(Phase.MEASURED):
        assert window.endpoints.keys() == {"/", "/items", "/items/{id}"}


def test_a_script_alone_has_the_users_that_the_plan_says(tmp_path: Path, server: Shop) -> None:
    """Without requests there are as many users as would be in flight, and no connection beside them."""
    with fleet_of(2, folder=tmp_path, label="script-alone", script=LOGIN) as fleet:
        trialled = trial(fleet, alone(job_of(server.url)), load_of(in_flight=6), folder=tmp_path)

    is_what_the_server_counted(trialled, server)
    assert trialled.sealed.endpoints.keys() == PATHS
    assert {window.users for window in trialled.sealed.of(Phase.MEASURED)} == {6}


@pytest.mark.parametrize("workers", [1, 2])
def test_a_trial_cut_short_while_users_come_loses_nothing(tmp_path: Path, server: Shop, workers: int) -> None:
    """Ended in the middle of the ramp-up: users that would still have come do not, and none is left uncounted."""
    mine = script(
        tmp_path,
        """
class Many(FastHttpUser):
    fixed_count = 60
    @task
    def ask(self):
        self.client.get("/held")
""",
    )
    with fleet_of(workers, folder=tmp_path, label=f"script-ramp-{workers}", script=mine) as fleet:
        trialled = trial(
            fleet,
            job_of(server.url),
            load_of(in_flight=20, ramp_up_s=8, duration_s=600),
            folder=tmp_path,
            broken=lambda sealed: "enough" if len(sealed.windows) >= 3 else None,
        )

    is_what_the_server_counted(trialled, server)
    users = [window.users for window in trialled.sealed.windows]
    assert 0 < max(users) < 80
    assert trialled.sealed.endpoints["/held"].samples > 0


def test_the_task_under_way_is_finished(tmp_path: Path, server: Shop) -> None:
    """Tasks of two slow requests: when the phase is over each user makes its second one too, and all are counted."""
    mine = script(
        tmp_path,
        """
class Slow(FastHttpUser):
    fixed_count = 5
    @task
    def twice(self):
        self.client.get("/held", name="first")
        self.client.get("/held", name="second")
""",
    )
    with fleet_of(1, folder=tmp_path, label="script-slow", script=mine) as fleet:
        trialled = trial(fleet, job_of(server.url), load_of(), folder=tmp_path)

    trialled.is_conserved()
    found = trialled.sealed.endpoints
    assert found["first"].samples == found["second"].samples > 0
    assert found["first"].samples + found["second"].samples == server.counts()["/held"]
    assert sum(window.attempts for window in trialled.sealed.of(Phase.DRAIN)) > 0
    assert found["first"].latency.min_us is not None
    assert found["first"].latency.min_us >= HELD_S * 1e6


def test_a_task_without_end_is_cut_off(tmp_path: Path, server: Shop) -> None:
    """A user that sleeps in its task is waited for as long as an answer would be, and the trial says so."""
    mine = script(
        tmp_path,
        """
class Sleeper(FastHttpUser):
    fixed_count = 1
    @task
    def sleep(self):
        self.client.get("/held")
        gevent.sleep(600)
""",
    )
    with fleet_of(1, folder=tmp_path, label="script-sleeps", script=mine) as fleet:
        trialled = trial(fleet, job_of(server.url, timeout_s=1.0), load_of(), folder=tmp_path)

    is_what_the_server_counted(trialled, server)
    assert trialled.driven.totals["cut_off"]


def test_exceptions_of_tasks_are_told_and_the_load_goes_on(tmp_path: Path, server: Shop) -> None:
    """What a task raises is counted and kept as a message; every request is still the server's."""
    mine = script(
        tmp_path,
        """
class Clumsy(FastHttpUser):
    fixed_count = 2
    @task
    def stumble(self):
        self.client.get("/held")
        raise ValueError("over my own feet")
""",
    )
    with fleet_of(2, folder=tmp_path, label="script-raises", script=mine) as fleet:
        trialled = trial(fleet, job_of(server.url), load_of(), folder=tmp_path)

    is_what_the_server_counted(trialled, server)
    assert trialled.driven.totals["exceptions"] == trialled.sealed.endpoints["/held"].attempts > 0
    assert set(trialled.driven.totals["messages"]["exception"]) == {"ValueError: over my own feet"}
    assert trialled.sealed.counts.errors == {}


def test_failures_of_a_script_are_errors_of_a_kind(tmp_path: Path, server: Shop) -> None:
    """Statuses, and answers that the script did not like, of either of Locust's clients: errors, and no samples."""
    mine = script(
        tmp_path,
        """
class Critic(FastHttpUser):
    fixed_count = 1
    @task
    def judge(self):
        self.client.get("/broken")
        with self.client.get("/held?x=1", catch_response=True) as answer:
            answer.failure("not nice")

class Other(HttpUser):
    fixed_count = 1
    @task
    def miss(self):
        self.client.get("/nowhere")
""",
    )
    with fleet_of(1, folder=tmp_path, label="script-fails", script=mine) as fleet:
        trialled = trial(fleet, job_of(server.url), load_of(), folder=tmp_path)

    is_what_the_server_counted(trialled, server)
    found = trialled.sealed.endpoints
    kinds = {"/broken": "wrong_status", "/held": "wrong_body", "/nowhere": "wrong_status"}
    for path, kind in kinds.items():
        assert found[path].errors == {kind: found[path].attempts}


def test_over_tls_both_kinds_of_users_believe_the_same(tmp_path: Path) -> None:
    """With the plan's authority all is answered; where nobody vouches for the server every request is of kind tls."""
    with (
        shop(certificate_file(tmp_path / "shop.pem")) as server,
        fleet_of(1, folder=tmp_path, label="script-tls", script=LOGIN) as fleet,
    ):
        right = trial(fleet, replace(job_of(server.url), trust=TRUST), load_of(), folder=tmp_path)
        is_what_the_server_counted(right, server)
        assert right.sealed.endpoints.keys() == {"/", *PATHS}
        (tmp_path / "strange").mkdir()
        strange = trial(fleet, job_of(server.url), load_of(), folder=tmp_path / "strange")

    strange.is_conserved()
    assert set(strange.sealed.counts.errors) == {"tls"}
    assert strange.sealed.endpoints.keys() == {"/", "/login"}


@pytest.mark.parametrize(
    ("text", "in_flight", "words"),
    [
        ("class Many(FastHttpUser):\n    tasks = [lambda user: None]\n", 8, "fixed_count"),
        ("class One(FastHttpUser):\n    fixed_count = 1\n    tasks = [lambda user: None]\n", 801, "at most 800 users"),
    ],
    ids=["nobody knows how many", "too many for one worker"],
)
def test_what_cannot_be_is_refused(tmp_path: Path, server: Shop, text: str, in_flight: int, words: str) -> None:
    """A file that does not say how many users it has beside requests, and more than a worker can do well."""
    with (
        fleet_of(1, folder=tmp_path, label="script-refused", script=script(tmp_path, text)) as fleet,
        pytest.raises(LoadError, match=words),
    ):
        trial(fleet, job_of(server.url), load_of(in_flight=in_flight), folder=tmp_path)

    assert server.counts() == {}


@pytest.mark.parametrize(
    ("tick", "words"),
    [("1 / 0", "division by zero"), ("801, 100", "at most 800 users"), ("1, 0", "spawn_rate must be > 0")],
)
def test_a_shape_that_fails_is_an_error(tmp_path: Path, server: Shop, tick: str, words: str) -> None:
    """What its tick raises or asks for in vain is the reason of the trial."""
    users = "class Idle(FastHttpUser):\n    tasks = [lambda user: None]\n"
    mine = script(tmp_path, f"{users}class Bad(LoadTestShape):\n    def tick(self):\n        return {tick}\n")
    with (
        fleet_of(1, folder=tmp_path, label="shape-fails", script=mine) as fleet,
        pytest.raises(LoadError, match=f"load shape: .*{words}"),
    ):
        trial(fleet, job_of(server.url), load_of(duration_s=600), folder=tmp_path)


SHAPE = """
class Steps(LoadTestShape):
    def tick(self):
        seconds = self.get_run_time()
        return next(((users, 50) for until, users in {steps} if seconds < until), None)
"""


def shaped(fleet: Fleet, job: Job, folder: Path, *, duration_s: float) -> Trialled:
    """Drive a trial of a shape."""
    return trial(fleet, job, load_of(warmup_s=0, duration_s=duration_s), folder=folder)


def test_connections_follow_a_load_shape(tmp_path: Path, server: Shop) -> None:
    """A shape of two, six and three users moves connections of the wire engine, as the windows show."""
    mine = script(tmp_path, SHAPE.format(steps=[(2, 2), (4.5, 6), (60, 3)]))
    with fleet_of(2, folder=tmp_path, label="shape", script=mine) as fleet:
        trialled = shaped(fleet, job_of(server.url), tmp_path, duration_s=8)

    is_what_the_server_counted(trialled, server)
    users = [window.users for window in trialled.sealed.of(Phase.MEASURED)]
    # A window in which users come or go may have any number of them.
    assert [n for n in dict.fromkeys(users) if n in (2, 6, 3)] == [2, 6, 3]
    assert trialled.driven.totals["notes"] == []


def test_a_shape_takes_users_away_and_loses_nothing(tmp_path: Path, server: Shop) -> None:
    """Users of a script that leave in the middle finish their task first; a shape that ends early is said to."""
    mine = script(
        tmp_path,
        SHAPE.format(steps=[(2, 6), (4, 2)])
        + """
class Slow(FastHttpUser):
    @task
    def wait_long(self):
        self.client.get("/held")
""",
    )
    with fleet_of(2, folder=tmp_path, label="shape-script", script=mine) as fleet:
        trialled = shaped(fleet, alone(job_of(server.url)), tmp_path, duration_s=7)

    is_what_the_server_counted(trialled, server)
    users = [window.users for window in trialled.sealed.of(Phase.MEASURED)]
    assert users == sorted(users, reverse=True)
    assert (users[0], users[-1]) == (6, 0)
    (note,) = trialled.driven.totals["notes"]
    assert note.startswith("the load shape ended after ")
