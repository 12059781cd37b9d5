"""Driving the engine inside the test's own process, and what it counted."""

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass

from controller.load.job import Job, JobRequest
from controller.load.wire.engine import Engine
from controller.measure.errors import ErrorKind
from controller.measure.window import EndpointCounts, Window, merged_by_endpoint, merged_counts
from tests.load.servers import Script, ScriptedServer

WITHIN_S = 30.0
_START_AFTER_NS = 30_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a trial on the engine came to."""

    windows: tuple[Window, ...]
    begun: int
    messages: dict[str, list[str]]
    spans: dict[str, tuple[float, float]]
    late: bool

    @property
    def endpoints(self) -> dict[str, EndpointCounts]:
        """What each endpoint did."""
        return merged_by_endpoint(part for window in self.windows for part in (window.endpoints, window.earlier))

    @property
    def counts(self) -> EndpointCounts:
        """What all endpoints did together."""
        return merged_counts(self.endpoints.values())


def until(holds: Callable[[], object], within_s: float = WITHIN_S) -> None:
    """Wait until something holds; fail when it does not in time."""
    until_s = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < until_s, f"did not hold within {within_s} s"
        time.sleep(0.005)


def job_for(url: str, *paths: str, **more: object) -> Job:
    """Return a job that asks these paths (/ without any) equally often."""
    requests = tuple(
        JobRequest(method="GET", path=path, weight=1.0, endpoint=path.partition("?")[0]) for path in paths or ("/",)
    )
    return Job(**{"order": 1, "url": url, "requests": requests, "timeout_s": 20.0, **more})  # type: ignore[arg-type]


class Driving:
    """One trial on an engine: loaded, begun, and ended when the test says so."""

    def __init__(self, engine: Engine, job: Job, *, lanes: int) -> None:
        self.engine = engine
        engine.load(job)
        self.lanes = [engine.attach() for _ in range(lanes)]
        self.start_ns = time.monotonic_ns() + _START_AFTER_NS
        engine.start(self.start_ns)
        self._windows: list[Window] = []

    def attempts(self) -> int:
        """Return how many attempts have begun so far."""
        begun: int = self.engine.totals()["begun"]
        return begun

    def end(self, *, stop: bool = True) -> Outcome:
        """Stop, wait until nothing is in flight, and return what was counted, which must be all that began."""
        if stop:
            self.engine.stop()
        until(lambda: self.engine.drained)
        for number in self.lanes:
            self.engine.detach(number)
        windows, totals = tuple(self.engine.closed), self.engine.totals()
        outcome = Outcome(
            windows=windows,
            begun=totals["begun"],
            messages=totals["messages"],
            spans=totals["spans"],
            late=totals["late"],
        )
        assert outcome.begun == outcome.counts.samples + outcome.counts.failures
        assert outcome.counts.errors.keys() == outcome.messages.keys() == outcome.spans.keys() <= set(ErrorKind)
        assert [window.index for window in windows] == list(range(len(windows)))
        return outcome


def driven(engine: Engine, job: Job, *, lanes: int = 3, attempts: int = 60) -> Outcome:
    """Drive until so many attempts have begun, and return what came of them."""
    driving = Driving(engine, job, lanes=lanes)
    until(lambda: driving.attempts() >= attempts)
    return driving.end()


def ask(
    engine: Engine,
    script: Script,
    *,
    lanes: int = 3,
    attempts: int = 60,
    context: ssl.SSLContext | None = None,
    **job: object,
) -> tuple[Outcome, ScriptedServer]:
    """Drive a scripted server, over TLS with a context, and return what both sides counted."""
    with ScriptedServer(script, context=context) as server:
        outcome = driven(engine, job_for(server.url, **job), lanes=lanes, attempts=attempts)
    return outcome, server


def ask2(
    engine: Engine, script: Script, *, lanes: int = 2, streams: int = 4, attempts: int = 120, **job: object
) -> tuple[Outcome, ScriptedServer]:
    """Drive a scripted server over HTTP/2 and return what both sides counted."""
    return ask(engine, script, lanes=lanes, attempts=attempts, http="2", streams=streams, **job)  # type: ignore[arg-type]
