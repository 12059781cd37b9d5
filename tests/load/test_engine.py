"""A trial's life on the engine: it begins, lanes come and go, it ends, and another one follows."""

import time
from itertools import pairwise

from controller.load.wire.engine import Engine
from tests.load.driving import Driving, job_for, until
from tests.load.scripts import answers
from tests.load.servers import Caller, ScriptedServer, answer_of


def test_the_last_answers_are_waited_for(engine: Engine) -> None:
    """Sending ends when it is told to; answers that come later still count, in windows after the end."""

    def script(caller: Caller) -> None:
        while caller.request():
            if caller.server.answered >= 40:
                caller.wait(0.7)
            caller.answer(answer_of())

    with ScriptedServer(script) as server:
        driving = Driving(engine, job_for(server.url), lanes=3)
        until(lambda: server.requests >= 43)
        driving.engine.stop()
        assert not driving.engine.drained
        outcome = driving.end(stop=False)

    assert outcome.counts.errors == {}
    assert outcome.counts.samples == server.answered
    assert outcome.windows[-1].attempts > 0


def test_the_measured_phase_ends_the_sending(engine: Engine) -> None:
    """With bounds set, windows are cut at them and nothing is begun after the end."""
    with ScriptedServer(answers(answer_of())) as server:
        driving = Driving(engine, job_for(server.url), lanes=2)
        engine.measure(0.25, 1.65)
        outcome = driving.end(stop=False)

    assert [window.end_s for window in outcome.windows[:3]] == [0.25, 1.25, 1.65]
    assert outcome.counts.samples == server.answered
    assert not outcome.late
    assert all(before.end_s == after.start_s for before, after in pairwise(outcome.windows))


def test_a_phase_told_late_is_remembered(engine: Engine) -> None:
    """A worker that hears of a bound when it has passed says so at the end."""
    with ScriptedServer(answers(answer_of())) as server:
        driving = Driving(engine, job_for(server.url), lanes=1)
        until(lambda: len(engine.closed) >= 1)
        engine.measure(0.5, 2.0)
        outcome = driving.end(stop=False)

    assert outcome.late
    assert outcome.counts.samples == server.answered


def test_lanes_come_and_go_under_load(engine: Engine) -> None:
    """A lane that leaves waits for its answer and closes its connection; one that comes begins at once."""
    with ScriptedServer(answers(answer_of())) as server:
        driving = Driving(engine, job_for(server.url), lanes=6)
        until(lambda: server.answered >= 60)
        for number in driving.lanes[:4]:
            engine.detach(number)
        until(lambda: len(engine.closed) >= 1)
        driving.lanes.append(engine.attach())
        until(lambda: server.accepted == 7)
        outcome = driving.end()

    assert outcome.counts.errors == {}
    assert outcome.counts.samples == server.answered
    assert outcome.windows[0].users in (2, 6)
    assert outcome.windows[-1].users == 3


def test_a_lane_that_leaves_while_its_answer_is_slow_still_counts_it(engine: Engine) -> None:
    """Detached in the middle of a request, a lane stays until the answer has come."""

    def script(caller: Caller) -> None:
        caller.request()
        caller.wait(0.5)
        caller.answer(answer_of())
        caller.wait_for_the_close()

    with ScriptedServer(script) as server:
        driving = Driving(engine, job_for(server.url), lanes=3)
        until(lambda: server.requests == 3)
        for number in driving.lanes:
            engine.detach(number)
        outcome = driving.end()

    assert outcome.counts.samples == server.answered == outcome.begun == 3


def test_a_trial_stopped_before_its_start_sends_nothing(engine: Engine) -> None:
    """A stop that overtakes the start wins: nothing is begun, then or later."""
    with ScriptedServer(answers(answer_of())) as server:
        engine.load(job_for(server.url))
        lane = engine.attach()
        engine.start(time.monotonic_ns() + 200_000_000)
        engine.stop()
        until(lambda: engine.drained)
        time.sleep(0.4)

        assert engine.totals()["begun"] == server.requests == 0
        engine.detach(lane)


def test_a_new_trial_ends_the_one_before_and_takes_its_connections(engine: Engine) -> None:
    """Once another trial is loaded the old server is left alone; users that are still there go on in the new one."""
    with ScriptedServer(answers(answer_of())) as old, ScriptedServer(answers(answer_of())) as new:
        before = Driving(engine, job_for(old.url), lanes=3)
        until(lambda: old.answered >= 30)
        driving = Driving(engine, job_for(new.url), lanes=2)
        until(lambda: new.answered >= 30)
        asked = old.requests
        until(lambda: new.answered >= 200)
        driving.lanes += before.lanes
        outcome = driving.end()

        assert old.requests == asked
        assert new.accepted == 5
        assert outcome.counts.samples == new.answered


def test_a_start_that_is_told_twice_is_one_start(engine: Engine) -> None:
    """A word that comes again changes nothing: each lane has one request in flight, and windows one clock."""
    with ScriptedServer(answers(answer_of())) as server:
        driving = Driving(engine, job_for(server.url), lanes=2)
        until(lambda: server.answered >= 20)
        engine.start(time.monotonic_ns())
        until(lambda: server.answered >= 100)
        outcome = driving.end()

    assert outcome.counts.samples == server.answered
    assert server.accepted == 2


def test_connections_stand_before_the_start(engine: Engine) -> None:
    """Lanes connect ahead, so that the first latencies hold no connecting; and each connection is used."""
    with ScriptedServer(answers(answer_of())) as server:
        engine.load(job_for(server.url))
        lanes = [engine.attach() for _ in range(4)]
        until(lambda: server.accepted == 4)
        assert server.requests == 0
        engine.start(time.monotonic_ns())
        until(lambda: server.answered >= 40)
        engine.stop()
        until(lambda: engine.drained)
        for lane in lanes:
            engine.detach(lane)

        assert server.accepted == 4
        assert all(counts.service is None for window in engine.closed for counts in window.endpoints.values())
