"""What a target is asked before its load: a preload asks for everything once, and ends at the first wrong answer."""

import re
import threading
from collections import Counter

import pytest

from controller.errors import StackError
from controller.load.beforehand import preload
from controller.load.job import Job, job_request
from controller.load.verdict import preload_notes
from controller.measure.window import EndpointCounts
from controller.plan.expect import Expect
from controller.plan.scenario import Load, Request, Scenario
from tests.load.h2_scripts import H2Caller, speaks_h2
from tests.load.servers import Caller, Script, ScriptedServer, answer_of

KEYS = 300


def scenario_of(*requests: Request, is_preloaded: bool = True, **load: object) -> Scenario:
    """Return a scenario with these requests."""
    return Scenario(name="s", requests=requests, preload=is_preloaded, load=Load(**load))  # type: ignore[arg-type]


def keyed(many: int = KEYS, *, expect: Expect = Expect(contains="ok")) -> Request:  # noqa: B008, frozen
    """Return a request for one of so many keys."""
    return Request(path="/cache?key={k}", draws=(("k", f"zipf({many}, 1.1)"),), expect=expect)


def preloaded(url: str, scenario: Scenario, *, broken: str | None = None) -> int | None:
    """Return how many requests a server at a URL was asked."""
    requests = tuple(map(job_request, scenario.requests))
    return preload("it", Job(order=1, url=url, requests=requests), scenario, None, broken=lambda: broken)


class Kept:
    """A script that keeps what it was asked, and how many were asked at once at most; slow says how long each takes."""

    def __init__(self, *, slow_s: float = 0.0, wrong: str = "") -> None:
        self.asked: Counter[str] = Counter()
        self.most = 0
        self._slow_s = slow_s
        self._wrong = wrong
        self._lock = threading.Lock()
        self._now = 0

    def __call__(self, caller: Caller) -> None:
        """Answer every request, the wrong ones with other text."""
        while True:
            path = caller.request()
            with self._lock:
                self.asked[path] += 1
                self._now += 1
                self.most = max(self.most, self._now)
            caller.wait(self._slow_s)
            with self._lock:
                self._now -= 1
            caller.answer(answer_of(b"no" if self._wrong and path.endswith(self._wrong) else b"ok"))


def test_everything_is_asked_once_and_several_at_a_time() -> None:
    """Each key comes once, and what has no draw too; connections are as few as the load's, and kept."""
    kept = Kept(slow_s=0.01)
    scenario = scenario_of(keyed(), Request(path="/plain", weight=3), keyed(KEYS // 2), in_flight=8)
    with ScriptedServer(kept) as server:
        asked = preloaded(server.url, scenario)

    assert kept.asked == {"/plain": 1, **{f"/cache?key={key}": 1 for key in range(1, KEYS + 1)}}
    assert asked == server.answered == KEYS + 1
    assert 1 < kept.most <= 8
    assert server.accepted <= 8


def test_over_http2_everything_is_asked_too() -> None:
    """Each request has a connection of its own there, as single ones have."""
    paths: Counter[str] = Counter()

    def act(caller: H2Caller) -> None:
        request = caller.request()
        paths[request.headers[":path"]] += 1
        caller.answer(request)
        caller.wait_for_the_close()

    script: Script = speaks_h2(act)
    with ScriptedServer(script) as server:
        asked = preloaded(server.url, scenario_of(keyed(20), in_flight=4, http="2"))

    assert asked == 20
    assert paths == {f"/cache?key={key}": 1 for key in range(1, 21)}


def test_the_first_wrong_answer_ends_it() -> None:
    """It is said which one it was, and what comes after it is not asked any more."""
    kept = Kept(wrong="=7")
    with (
        ScriptedServer(kept) as server,
        pytest.raises(StackError, match=re.escape("it, preload: GET /cache?key=7: expected a body with")),
    ):
        preloaded(server.url, scenario_of(keyed(), in_flight=2))

    assert kept.asked.total() < 20


def test_a_server_that_is_gone_is_said_to_be() -> None:
    """A connection that is refused is a reason, and no thread waits for another."""
    with ScriptedServer(Kept()) as server:
        url = server.url
    with pytest.raises(StackError, match=r"it, preload: GET .*: expected an answer, found Connection refused"):
        preloaded(url, scenario_of(keyed(), in_flight=4))


def test_it_ends_early_where_the_trial_must() -> None:
    """What is under way is awaited, nothing more is asked, and how many it were is known."""
    kept = Kept(slow_s=0.05)
    with ScriptedServer(kept) as server:
        asked = preloaded(server.url, scenario_of(keyed(), in_flight=4), broken="ended by the user")

    assert asked == kept.asked.total() == server.answered < KEYS


def test_without_a_word_nothing_is_asked() -> None:
    """A scenario is preloaded where it says so only."""
    kept = Kept()
    with ScriptedServer(kept) as server:
        assert preloaded(server.url, scenario_of(keyed(), is_preloaded=False)) is None

    assert not kept.asked


def test_a_note_tells_how_many_they_were_and_where_answers_came_from() -> None:
    """Only what was preloaded has one; endpoints that say no source are left out of it."""
    measured = {"/api/cache": EndpointCounts(sources={"cache": 2_998, "origin": 2}), "/api/health": EndpointCounts()}

    assert preload_notes(None, measured) == []
    assert preload_notes(1000, measured) == [
        "preloaded with 1,000 requests",
        "2,998 of 3,000 answers of /api/cache that were looked into came from the cache",
    ]
    assert preload_notes(1, {"/x": EndpointCounts()}) == ["preloaded with 1 request"]
