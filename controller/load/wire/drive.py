"""One trial on one worker: its lanes come and go, its clock starts, its windows close, it drains."""

import math
import time
from collections.abc import Callable, Iterator
from typing import Any, Protocol

from controller.load.job import Job
from controller.load.wire.address import Origin
from controller.load.wire.arrivals import Arrivals
from controller.load.wire.ask import Ask
from controller.load.wire.carrier import Carrier
from controller.load.wire.closed import ClosedModel
from controller.load.wire.connection import Connection
from controller.load.wire.deck import compiled
from controller.load.wire.http1 import Http1
from controller.load.wire.http2 import Http2
from controller.load.wire.open import OpenModel
from controller.load.wire.script import Script
from controller.load.wire.secure import SecureConnection, secure_context
from controller.load.wire.tally import NS_PER_S, Tally

# How often windows that nobody's answer closed are closed, and whether a drain has come to its end is looked at.
_TICK_S = 0.02
# Attempts are looked through for time-outs in so many turns, each a share of the lanes, so that none of ten thousand
# is kept waiting meanwhile; a time-out is found at most that many turns late.
_LOOK_TURNS = 5


class ModelLane(Protocol):
    """What a trial asks of the lanes of its load model, whichever that is."""

    @property
    def idle(self) -> bool:
        """Whether no attempt is under way."""

    def prepare(self) -> None:
        """Connect before the trial starts."""

    def begin(self) -> None:
        """Take part from now on."""

    def leave(self) -> None:
        """Send nothing more, and say that it is gone once the request in flight has come to its end."""

    def look(self, now_ns: int, timeout_ns: int) -> None:
        """Give up what has waited longer than the time-out."""


class Model(Protocol):
    """What a trial asks of its load model. idle says whether it will begin nothing more by itself."""

    @property
    def idle(self) -> bool:
        """Whether nothing is planned and nothing waits outside of lanes."""

    def lane(self, carrier: Carrier) -> ModelLane:
        """Return a new lane on a carrier."""

    def start(self, start_ns: int) -> None:
        """Begin at a moment of time.monotonic_ns."""

    def measure(self, from_s: float, until_s: float) -> None:
        """Hear of the measured phase, in seconds of the trial's clock."""

    def stop(self, now_ns: int) -> None:
        """Plan nothing after a moment."""

    def look(self, now_ns: int) -> None:
        """Give up what has waited longer than the time-out outside of lanes."""

    def close(self) -> None:
        """Let go what the model holds."""


class Drive:
    """One trial under way on one worker. All of it runs in the engine's thread, but for its making.

    script is what Locust's own users do in it; the trial has drained only once that is over.
    Raises LoadError for a job whose address or authorities make no sense.
    """

    def __init__(self, loop: Any, job: Job, tell: Callable[[], None], *, script: Script) -> None:
        self.job = job
        deal, tallies = compiled(job)
        self.tally = Tally(job.order, tallies, tell)
        self.tally.before_close = self._count_script
        self.script = script
        self.lanes: dict[int, list[ModelLane]] = {}
        self.drained = False
        self.late = False
        self._leaving: set[ModelLane] = set()
        self._timeout_ns = round(job.timeout_s * NS_PER_S)
        self._model = self._model_of(loop, deal)
        self._loop = loop
        self._origin = Origin.of(job.url)
        self._alpn = ("h2" if job.http == "2" else "http/1.1") if self._origin.secure else None
        self._context = None if self._alpn is None else secure_context(job.trust, alpn=self._alpn)
        self._started = False
        self._to_look_at: list[ModelLane] = []
        self._at_once = 0

    @property
    def finishing(self) -> bool:
        """Whether the trial has begun and sends no more."""
        return self._started and not self.tally.sending

    def attach(self, number: int) -> None:
        """Add a connection with its lanes: it connects ahead of the start, or begins at once where the trial runs."""
        lanes = self.lanes[number] = [self._model.lane(carrier) for carrier in self._carriers()]
        for lane in lanes:
            if self._started:
                lane.begin()
            else:
                lane.prepare()

    def detach(self, number: int) -> None:
        """Let a connection go once its requests in flight have come to their end."""
        lanes = self.lanes.pop(number, [])
        self._leaving.update(lanes)
        for lane in lanes:
            lane.leave()

    def _carriers(self) -> list[Carrier]:
        """Return what carries the requests of one connection."""
        if self.job.http == "2":
            return list(Http2(self._connection, streams=self.job.streams, alpn=self._alpn).streams)
        return [Http1(self._connection())]

    def _connection(self) -> Connection:
        if self._context is None:
            return Connection(self._loop, self._origin)
        return SecureConnection(self._loop, self._origin, self._context)

    def _model_of(self, loop: Any, deal: Callable[[], Ask]) -> Model:
        job, gone = self.job, self._leaving.discard
        if job.offered is None:
            return ClosedModel(loop, self.tally, deal=deal, gone=gone)
        arrivals = Arrivals(job.offered, seed=job.seed, share=job.share)
        return OpenModel(loop, self.tally, arrivals, deal=deal, gone=gone, timeout_ns=self._timeout_ns)

    @property
    def _rested(self) -> bool:
        return self._model.idle and all(lane.idle for lane in self._all_lanes())

    def _all_lanes(self) -> Iterator[ModelLane]:
        for lanes in self.lanes.values():
            yield from lanes
        yield from self._leaving

    def start(self, start_ns: int) -> None:
        """Begin to send at a moment of time.monotonic_ns."""
        self._loop.call_later(max(0.0, (start_ns - time.monotonic_ns()) / NS_PER_S), self._begin, start_ns)

    def _begin(self, start_ns: int) -> None:
        if self.drained or self._started:
            # It was stopped before it began, or the word came twice.
            return
        self._started = True
        self.tally.start(start_ns)
        for lanes in self.lanes.values():
            for lane in lanes:
                lane.begin()
        self._model.start(start_ns)
        self._tick()

    def measure(self, from_s: float, until_s: float) -> None:
        """Set the measured phase; remembered as late where its begin has passed already."""
        self.late = not self.tally.measure(from_s, until_s) or self.late
        self._model.measure(from_s, until_s)

    def stop(self) -> None:
        """End the sending now."""
        if self._started:
            now_ns = time.monotonic_ns()
            self.tally.stop(now_ns)
            self._model.stop(now_ns)
        else:
            self.drained = True

    def close(self) -> None:
        """End the sending and let every connection go, as soon as its request in flight has come to its end."""
        self.stop()
        for number in list(self.lanes):
            self.detach(number)

    def _count_script(self, before_ns: float) -> None:
        self.script.count(self.tally, before_ns)
        self.tally.users = len(self.lanes) + self.script.users

    def _tick(self) -> None:
        now_ns = time.monotonic_ns()
        self.tally.roll(now_ns)
        self._count_script(now_ns)
        self._look(now_ns)
        if not self.tally.sending and self.script.over and self._rested:
            self._model.close()
            self._count_script(math.inf)
            self.tally.finish(time.monotonic_ns())
            self.drained = True
        else:
            self._loop.call_later(_TICK_S, self._tick)

    def _look(self, now_ns: int) -> None:
        """Give up what has waited too long: look at the next share of the lanes."""
        self._model.look(now_ns)
        if not self._to_look_at:
            self._to_look_at = list(self._all_lanes())
            self._at_once = -(-len(self._to_look_at) // _LOOK_TURNS)
        for lane in self._to_look_at[-self._at_once :]:
            lane.look(now_ns, self._timeout_ns)
        del self._to_look_at[-self._at_once :]
