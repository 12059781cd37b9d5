"""The open model on the engine: every planned send is begun, what finds no connection queues, and all of it counts."""

import time
from collections.abc import Callable

import pytest

from controller.load.job import Job, Offered
from controller.load.wire.arrivals import Arrivals
from controller.load.wire.engine import Engine
from controller.measure.window import EndpointCounts, merged_counts
from controller.plan.scenario import Stage
from tests.load.driving import Driving, Outcome, job_for, until
from tests.load.scripts import answers, breaks
from tests.load.servers import Caller, ScriptedServer, answer_of, closed_port

NS = 1_000_000_000


def offered(*rates: float, arrivals: str = "poisson", stage_s: float | None = None) -> Offered:
    """Return arrivals at one rate without end, or at several, each for a while."""
    return Offered(arrivals=arrivals, stages=tuple(Stage(rate_per_s=rate, duration_s=stage_s) for rate in rates))


def planned(job: Job, *, from_s: float, until_s: float) -> tuple[int, int]:
    """Return how many arrivals a job plans before its measured phase, and in it."""
    assert job.offered is not None
    arrivals = Arrivals(job.offered, seed=job.seed, share=job.share)
    arrivals.measure(from_s)
    before = during = 0
    while arrivals.due_ns < round(until_s * NS):
        before += arrivals.due_ns < round(from_s * NS)
        during += arrivals.due_ns >= round(from_s * NS)
        arrivals.step()
    return before, during


def measured_for(
    engine: Engine, job: Job, *, lanes: int, from_s: float = 0.3, until_s: float = 1.3
) -> tuple[Outcome, EndpointCounts]:
    """Drive a job with a measured phase of its own; return all of it, and what was planned in that phase."""
    driving = Driving(engine, job, lanes=lanes)
    engine.measure(from_s, until_s)
    outcome = driving.end(stop=False)
    assert not outcome.late
    inside = [counts for one in outcome.windows if one.start_s >= from_s for counts in one.endpoints.values()]
    return outcome, merged_counts(inside)


@pytest.mark.parametrize("kind", ["constant", "poisson"])
def test_every_planned_send_is_begun_and_counts_in_its_phase(engine: Engine, kind: str) -> None:
    """Exactly the arrivals of the schedule are begun, and each counts in the phase that it was planned in."""
    with ScriptedServer(answers(answer_of())) as server:
        job = job_for(server.url, "/a", "/b", offered=offered(700.0, 1100.0, arrivals=kind, stage_s=0.5), seed=5)
        outcome, inside = measured_for(engine, job, lanes=8)

    before, during = planned(job, from_s=0.3, until_s=1.3)
    assert outcome.begun == before + during == server.answered
    assert inside.attempts == inside.samples == during
    assert inside.lag is not None
    assert inside.lag.samples == during
    assert outcome.counts.errors == {}


def test_what_the_warm_up_planned_counts_apart_when_it_ends_later(engine: Engine) -> None:
    """A server that is slow across the begin of the measured phase: the warm-up's arrivals are no part of it."""

    def script(caller: Caller) -> None:
        while caller.request():
            caller.wait(0.25)
            caller.answer(answer_of())

    with ScriptedServer(script) as server:
        job = job_for(server.url, offered=offered(200.0, arrivals="constant"))
        outcome, inside = measured_for(engine, job, lanes=80)

    before, during = planned(job, from_s=0.3, until_s=1.3)
    earlier = merged_counts(counts for one in outcome.windows for counts in one.earlier.values())
    assert inside.attempts == during
    assert 0 < earlier.attempts < before
    assert all(one.start_s >= 0.3 for one in outcome.windows if one.earlier)
    assert outcome.begun == before + during == server.answered


def test_latency_counts_from_the_planned_send_and_service_from_the_actual_one(engine: Engine) -> None:
    """One connection, answers of 20 ms, four arrivals at a time: the queue is in the latency, not in the service."""

    def script(caller: Caller) -> None:
        while caller.request():
            caller.wait(0.02)
            caller.answer(answer_of())

    with ScriptedServer(script) as server:
        job = job_for(server.url, offered=offered(100.0, arrivals="constant"))
        outcome, inside = measured_for(engine, job, lanes=1)

    # 100 arrivals a second, at most 50 answers: the last waits for at least half of the phase.
    assert inside.queued > 0
    assert inside.service is not None
    assert (inside.latency.max_us or 0) > 500_000
    assert (inside.service.quantile_ms(50, 100) or 0) < 100
    assert outcome.counts.samples == server.answered


def test_a_server_that_is_too_slow_ends_in_time_outs_and_in_bounded_time(engine: Engine) -> None:
    """Arrivals that nobody took or answered in time are errors; all are counted, and percentiles are lower bounds."""

    def script(caller: Caller) -> None:
        while caller.request():
            caller.wait(0.05)
            caller.answer(answer_of())

    with ScriptedServer(script) as server:
        job = job_for(server.url, offered=offered(400.0), timeout_s=0.4)
        began_s = time.monotonic()
        outcome, inside = measured_for(engine, job, lanes=2)
        took_s = time.monotonic() - began_s

    before, during = planned(job, from_s=0.3, until_s=1.3)
    assert outcome.begun == before + during
    assert inside.attempts == during
    assert {"timeout"} <= set(outcome.counts.errors) <= {"timeout", "connect_timeout"}
    assert inside.unanswered == inside.failures > during / 2
    assert any("no free connection within 0.4 s" in text for text in outcome.messages["timeout"])
    assert (inside.latency.max_us or 0) <= 400_000
    assert inside.latency_ms(99, 100) == 400.0
    # 1.3 s of arrivals, 0.4 s for the last of them, and what a busy machine adds.
    assert took_s < 10


def test_connections_take_turns(engine: Engine) -> None:
    """With few arrivals and many connections each of them is used: none is left until its server closes it."""
    asked: list[int] = [0] * 40

    def script(caller: Caller) -> None:
        while caller.request():
            asked[caller.number] += 1
            caller.answer(answer_of())

    with ScriptedServer(script) as server:
        engine.load(job := job_for(server.url, offered=offered(400.0)))
        lanes = [engine.attach() for _ in range(40)]
        until(lambda: server.accepted == 40)
        engine.measure(0.0, 1.0)
        engine.start(time.monotonic_ns())
        until(lambda: engine.drained)
        for lane in lanes:
            engine.detach(lane)

    assert server.answered == sum(planned(job, from_s=0.0, until_s=1.0))
    assert max(asked) - min(asked) <= server.answered / 40


def test_users_come_and_go_under_load(engine: Engine) -> None:
    """However connections change, the schedule stays: all arrivals are sent by those that there are."""
    with ScriptedServer(answers(answer_of())) as server:
        job = job_for(server.url, offered=offered(500.0))
        driving = Driving(engine, job, lanes=6)
        engine.measure(0.2, 1.6)
        until(lambda: server.answered >= 150)
        for number in driving.lanes[:5]:
            engine.detach(number)
        until(lambda: server.answered >= 300)
        driving.lanes += [engine.attach() for _ in range(3)]
        outcome = driving.end(stop=False)

    assert outcome.counts.errors == {}
    assert outcome.begun == server.answered == sum(planned(job, from_s=0.2, until_s=1.6))
    assert server.accepted == 9
    assert outcome.windows[-1].users == 4


def test_without_a_connection_arrivals_wait_for_one(engine: Engine) -> None:
    """Before the first user has come all arrivals queue, and go out as soon as there is one."""
    with ScriptedServer(answers(answer_of())) as server:
        job = job_for(server.url, offered=offered(100.0))
        driving = Driving(engine, job, lanes=0)
        engine.measure(0.0, 0.8)
        until(lambda: driving.attempts() >= 30)
        assert server.requests == 0
        driving.lanes.append(engine.attach())
        outcome = driving.end(stop=False)

    assert outcome.begun == server.answered == sum(planned(job, from_s=0.0, until_s=0.8))
    assert outcome.counts.queued >= 30


def test_a_stop_ends_the_schedule_there(engine: Engine) -> None:
    """Stopped in the middle, what was planned until then is sent and counted, and nothing more is begun."""
    with ScriptedServer(answers(answer_of())) as server:
        driving = Driving(engine, job_for(server.url, offered=offered(1000.0)), lanes=4)
        until(lambda: server.answered >= 200)
        outcome = driving.end()
        time.sleep(0.2)

        assert outcome.begun == server.answered == outcome.counts.samples


FAULTS: dict[str, tuple[Callable[[Caller], None], str]] = {
    "close": (Caller.close, "reset"),
    "reset": (Caller.reset, "reset"),
    "status and close": (lambda caller: caller.answer(answer_of(status=500, close=True)), "wrong_status"),
    "silence": (Caller.wait_for_the_close, "timeout"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_an_error_and_the_schedule_goes_on(engine: Engine, name: str) -> None:
    """Each connection fails at its fourth request: one error of its kind, and the other arrivals are answered."""
    act, kind = FAULTS[name]
    with ScriptedServer(breaks(act, after=3)) as server:
        job = job_for(server.url, offered=offered(200.0), timeout_s=0.5)
        outcome, _ = measured_for(engine, job, lanes=30)

    assert outcome.begun == sum(planned(job, from_s=0.3, until_s=1.3))
    assert set(outcome.counts.errors) == {kind}
    assert outcome.counts.samples > outcome.counts.errors[kind] > 0


def test_answers_that_end_connections_are_each_followed_by_another(engine: Engine) -> None:
    """Without keep-alive every arrival has its own connection, and each answer counts."""
    with ScriptedServer(breaks(lambda caller: caller.answer(answer_of(close=True)))) as server:
        job = job_for(server.url, offered=offered(150.0), keepalive=False)
        outcome, _ = measured_for(engine, job, lanes=10)

    assert outcome.counts.errors == {}
    assert outcome.begun == server.answered == sum(planned(job, from_s=0.3, until_s=1.3))


def test_a_closed_port_is_not_hammered(engine: Engine) -> None:
    """Where nobody listens lanes pause ever longer: few arrivals are refused, the others time out in the queue."""
    with closed_port() as port:
        job = job_for(f"http://127.0.0.1:{port}", offered=offered(2000.0), timeout_s=0.5)
        outcome, _ = measured_for(engine, job, lanes=2)

    assert outcome.begun == sum(planned(job, from_s=0.3, until_s=1.3)) == outcome.counts.failures
    assert set(outcome.counts.errors) == {"connect_refused", "timeout"}
    assert outcome.counts.errors["connect_refused"] <= 60
