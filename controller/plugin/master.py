"""The master's plugin: shares trials out to workers, hands sealed windows to Locust's statistics and the controller."""

import logging
import math
import os
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import gevent
from gevent.event import Event
from gevent.lock import BoundedSemaphore
from locust.env import Environment
from locust.runners import STATE_MISSING, MasterRunner

from controller.errors import LoadError
from controller.load.control import CONTROL_VARIABLE, Link
from controller.load.job import Job, job_from_wire, job_to_wire
from controller.load.wire.native import clock_id
from controller.measure.collector import Collector, log_window
from controller.measure.recorder import REPORT_KEY
from controller.measure.window import Window
from controller.measure.window_wire import window_to_wire
from controller.plugin.crowd import Crowd, crowd_of, fixed_counts, follow
from controller.plugin.driver import GO_AFTER_NS, job_of_options, refuse, wait_for_csv

_READY_WITHIN_S = 20.0
_WATCH_EVERY_S = 0.5
_LOOK_EVERY_S = 0.005
# Beyond the time-out of answers in flight: what the last windows need on their way.
_DRAIN_GRACE_S = 5.0
logger = logging.getLogger(__name__)


class MasterPlugin:
    """One trial at a time: its job goes to every worker, its windows come back through the collector."""

    def __init__(self, environment: Environment, runner: MasterRunner) -> None:
        self._environment, self._runner = environment, runner
        self._collector = Collector(sealed=self._sealed, drained=self._drained)
        self._link: Link | None = None
        self._job: Job | None = None
        self._start_ns = 0
        self._until_s = math.inf
        self._notes: list[str] = []
        self._fixed = fixed_counts(environment)
        # Workers whose plugin stands: what is sent to others before is lost.
        self._here: set[str] = set()
        self._waited_for: set[str] = set()
        self._refused = ""
        self._over = Event()
        # Locust's start and stop take their time, and must not overlap.
        self._turn = BoundedSemaphore()
        self._telling = BoundedSemaphore()
        self._ramping: gevent.Greenlet | None = None
        environment.events.worker_report.add_listener(self._report)
        runner.register_message("fs_here", self._arrived)
        runner.register_message("fs_ready", self._made_ready)
        runner.register_message("fs_refused", self._refuse)
        gevent.spawn(self._watch_workers)
        if CONTROL_VARIABLE not in os.environ:
            environment.events.test_start.add_listener(self._start_options)
            environment.events.test_stopping.add_listener(self._stop_options)

    def obey(self, path: str) -> None:
        """Do what the controller says, until it says quit or is gone."""
        connected = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connected.connect(path)
        self._link = Link(connected)
        self._tell("hello", port=self._runner.server.port)
        commands = self.commands()
        try:
            while (command := self._link.receive())["do"] != "quit":
                gevent.spawn(self._carry_out, commands[command.pop("do")], command)
        except (EOFError, OSError) as error:
            logger.warning("The controller is gone: %s", error)
        self._runner.quit()

    def commands(self) -> dict[str, Callable[..., None]]:
        """Return what the controller may say, and what is done then."""
        return {"start": self._start, "measure": self._measure, "end": self._end}

    def _carry_out(self, step: Any, arguments: dict[str, Any]) -> None:
        try:
            step(**arguments)
        except LoadError as error:
            self._tell("failed", text=str(error))

    def _start(self, job: dict[str, Any], users: int, ramp_up_s: float, phase: list[float] | None) -> None:
        with self._turn:
            whole = job_from_wire(job)
            self._share_out(whole)
            if phase is not None:
                self._measure(*phase)
            self._environment.host = whole.url
            workers = len(self._collector.expected)
            crowd = crowd_of(
                self._environment,
                fixed=self._fixed,
                connections=users,
                wire=bool(whole.requests),
                workers=workers,
            )
            self._gather(crowd, ramp_up_s=ramp_up_s)
            self._go()
        self._tell("started", start_ns=self._start_ns, workers=workers)

    def _gather(self, crowd: Crowd, *, ramp_up_s: float) -> None:
        if crowd.shape is not None:
            self._ramping = gevent.spawn(self._follow_shape, crowd)
            # Not told at once: links are called where nothing may wait.
            self._ramping.link_exception(lambda ended: gevent.spawn(self._shape_failed, ended.exception))
        elif ramp_up_s:
            rate_per_s = crowd.users / ramp_up_s
            self._ramping = gevent.spawn(self._runner.start, crowd.users, rate_per_s, user_classes=crowd.classes)
        else:
            # All connections stand before the first request is sent.
            self._runner.start(crowd.users, crowd.users, user_classes=crowd.classes)

    def _follow_shape(self, crowd: Crowd) -> None:
        assert crowd.shape is not None
        follow(crowd.shape, self._runner, crowd=crowd)
        ended_s = (time.monotonic_ns() - self._start_ns) / 1e9
        if ended_s < self._until_s:
            self._notes.append(f"the load shape ended after {ended_s:.1f} s, and its users with it")

    def _shape_failed(self, error: BaseException) -> None:
        self._tell("failed", text=f"load shape: {error}")

    def _measure(self, from_s: float, until_s: float) -> None:
        self._until_s = until_s
        self._runner.send_message("fs_measure", {"from_s": from_s, "until_s": until_s})

    def _end(self) -> None:
        with self._turn:
            if self._ramping is not None:
                self._ramping.kill()
                self._ramping = None
            self._runner.stop()

    def _present(self) -> set[str]:
        return {client.id for client in self._runner.clients.all if client.state != STATE_MISSING}

    def _share_out(self, job: Job) -> None:
        with gevent.Timeout(_READY_WITHIN_S, LoadError(f"workers not ready within {_READY_WITHIN_S:g} s")):
            while not self._present() or self._present() - self._here:
                gevent.sleep(_LOOK_EVERY_S)
            workers = self._present()
            self._job, self._start_ns, self._refused, self._waited_for = job, 0, "", set(workers)
            self._until_s, self._notes = math.inf, []
            if self._fixed:
                # Users that are taken away finish their task: workers are told so with whom to spawn.
                self._environment.stop_timeout = job.timeout_s
            self._over.clear()
            self._collector.begin(job.order, workers)
            for number, worker in enumerate(sorted(workers)):
                self._hand_job(job, worker, share=(number, len(workers)))
            while self._waited_for and not self._refused:
                if gone := self._waited_for - self._present():
                    raise LoadError(
                        f"expected {len(workers)} workers to share the load, found {len(gone)} of them gone"
                    )
                gevent.sleep(_LOOK_EVERY_S)
        if self._refused:
            raise LoadError(self._refused)

    def _hand_job(self, job: Job, worker: str, *, share: tuple[int, int]) -> None:
        self._runner.send_message("fs_job", job_to_wire(replace(job, share=share)), worker)

    def _go(self) -> None:
        self._start_ns = time.monotonic_ns() + GO_AFTER_NS
        self._say_go()

    def _say_go(self, worker: str | None = None) -> None:
        self._runner.send_message("fs_go", {"start_ns": self._start_ns, "clock": clock_id()}, worker)

    def _arrived(self, msg: Any, **_: Any) -> None:
        self._here.add(msg.node_id)
        self._tell("worker", name=msg.node_id)
        if self._link is None and self._job is not None and not self._collector.over:
            if self._job.offered is not None:
                logger.warning("A worker that came late has no share of the arrivals: they were shared out before")
                return
            # It came when the trial ran already.
            self._collector.join(msg.node_id)
            workers = len(self._collector.expected)
            self._hand_job(self._job, msg.node_id, share=(workers - 1, workers))

    def _made_ready(self, msg: Any, **_: Any) -> None:
        self._waited_for.discard(msg.node_id)
        if self._start_ns:
            self._say_go(msg.node_id)

    def _refuse(self, msg: Any, **_: Any) -> None:
        self._refused = msg.data["text"]

    def _report(self, client_id: str, data: dict[str, Any]) -> None:
        if (acknowledgement := self._collector.report(client_id, data.get(REPORT_KEY))) is not None:
            self._runner.send_message("fs_ack", acknowledgement, client_id)

    def _watch_workers(self) -> None:
        while True:
            gevent.sleep(_WATCH_EVERY_S)
            for worker in self._collector.expected - self._present():
                self._collector.lose(worker)

    def _sealed(self, window: Window) -> None:
        self.log(window, {} if self._job is None else self._job.methods)
        self._tell("window", window=window_to_wire(window))

    def log(self, window: Window, methods: Mapping[str, str]) -> None:
        """Add a sealed window to Locust's statistics."""
        log_window(self._environment.stats, window, methods)

    def _drained(self, totals: dict[str, Any]) -> None:
        self._over.set()
        self._tell("drained", totals={**totals, "notes": self._notes})

    def _tell(self, event: str, **what: Any) -> None:
        if self._link is not None:
            # A long line goes out in pieces, and another greenlet's must not come between them.
            with self._telling:
                self._link.send({"event": event, **what})

    def _start_options(self, **_: Any) -> None:
        try:
            self._share_out(job_of_options(self._environment))
        except LoadError as error:
            self._job = None
            refuse(self._environment, error)
        else:
            self._go()

    def _stop_options(self, **_: Any) -> None:
        if self._job is not None and not self._collector.over:
            self._runner.send_message("fs_stop", None)
            # Locust drops what workers report later than half a second after it said quit.
            self._over.wait(self._job.timeout_s + _DRAIN_GRACE_S)
            wait_for_csv(self._environment)
