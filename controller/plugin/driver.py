"""Driving the engine: in a worker as the master says, in a lone Locust as its options say."""

import gc
import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import gevent
from locust.env import Environment
from locust.runners import WorkerRunner
from locust.stats import CSV_STATS_INTERVAL_SEC

from controller.errors import LoadError, PlanError
from controller.load.job import Job, job_from_wire, job_request, offered_by
from controller.load.user import provide_engine
from controller.load.wire.engine import Engine
from controller.load.wire.native import clock_id, wake_up
from controller.measure.collector import log_window
from controller.measure.recorder import Recorder
from controller.measure.window import Window
from controller.plan.scenario import Load, Request
from controller.plugin.script import ScriptUsers

# A trial starts this long after the word is given, so that every worker has heard it by then.
GO_AFTER_NS = 50_000_000
_SETTLE_EVERY_S = 0.05
logger = logging.getLogger(__name__)


def job_of_options(environment: Environment) -> Job:
    """Return the load that --host and the --fs options describe. Raises LoadError where one is missing or wrong."""
    options: Any = environment.parsed_options
    if not environment.host:
        raise LoadError("expected --host http://HOST:PORT, found none")
    try:
        asked = Request(path=options.fs_path)
        load = Load(
            timeout_s=options.fs_timeout,
            http=options.fs_http,
            streams=options.fs_streams,
            tls_verify=not options.fs_insecure,
            ca_file=options.fs_ca,
        )
        load = _with_arrivals(load, options.fs_rate, options.fs_arrivals)
        trust = load.trust()
    except PlanError as error:
        raise LoadError(f"--fs options: {error}") from error
    if load.http == "1.1" and load.streams > 1:
        raise LoadError(f"--fs options: expected --fs-http 2 with --fs-streams {load.streams}, found 1.1")
    if load.http == "2" and options.fs_close:
        raise LoadError("--fs options: expected connections kept alive with --fs-http 2, found --fs-close")
    return Job(
        order=1,
        url=environment.host.rstrip("/"),
        requests=(job_request(asked),),
        keepalive=not options.fs_close,
        http=load.http,
        streams=load.streams,
        timeout_s=load.timeout_s,
        offered=offered_by(load),
        trust=trust,
    )


def _with_arrivals(load: Load, rate_per_s: float | None, arrivals: str | None) -> Load:
    """Return a load with arrivals of its own where a rate is given, else as it is, which is closed."""
    if rate_per_s is not None:
        return replace(load, model="open", rate_per_s=rate_per_s, arrivals=arrivals or load.arrivals)
    if arrivals is not None:
        raise PlanError("expected --fs-rate beside --fs-arrivals, found none")
    return load


def wait_for_csv(environment: Environment) -> None:
    """Let Locust's CSV writer take its next turn: it writes once a second, and not again when Locust ends."""
    options: Any = environment.parsed_options
    if options is not None and options.csv_prefix:
        # Two of its turns: on a busy machine one of them comes later than it should.
        gevent.sleep(2 * CSV_STATS_INTERVAL_SEC)


def refuse(environment: Environment, error: LoadError) -> None:
    """Say in one line why there can be no load, and end what Locust has begun: a headless Locust as a whole."""
    logger.error("%s", error)
    environment.process_exit_code = error.exit_code
    runner, options = environment.runner, environment.parsed_options
    # Later: Locust is in the middle of its start.
    gevent.spawn(runner.quit if options is not None and options.headless else runner.stop)  # type: ignore[union-attr]


class _Driver:
    """What a worker and a lone Locust share: an engine, and reading what it closed."""

    def __init__(self, environment: Environment) -> None:
        self.engine = Engine(wake_up(self._hear))
        self.scripts = ScriptUsers(environment)
        self.order = 0
        self.methods: Mapping[str, str] = {}
        provide_engine(environment, self.engine)
        environment.events.quit.add_listener(lambda **_: self.engine.quit())

    def windows_closed(self) -> None:
        """Hear that there are closed windows."""
        raise NotImplementedError

    def _hear(self) -> None:
        if self.engine.finishing:
            self.scripts.end()
        self.windows_closed()

    def load(self, job: Job) -> None:
        """Make ready for a trial."""
        self.engine.load(job, self.scripts.load(job))
        self.order, self.methods = job.order, job.methods
        # What stands by now stays: a collection under load would walk through all of it, 26 ms at 10,000 users.
        gc.collect()
        gc.freeze()

    def start(self, start_ns: int) -> None:
        """Begin to send at a moment of time.monotonic_ns."""
        self.engine.start(start_ns)
        self.scripts.begin(start_ns)

    def take(self) -> Iterator[Window]:
        """Yield the closed windows, oldest first."""
        closed = self.engine.closed
        while closed:
            yield closed.popleft()


class WorkerPlugin(_Driver):
    """Drives the engine as the master says."""

    def __init__(self, environment: Environment, runner: WorkerRunner) -> None:
        super().__init__(environment)
        self._runner = runner
        self._settling = False
        self._recorder = Recorder(environment, take=self.take, ending=self._ending)
        runner.register_message("fs_job", self._load, concurrent=True)
        runner.register_message("fs_go", self._go)
        runner.register_message("fs_measure", lambda msg, **_: self.engine.measure(**msg.data))
        runner.register_message("fs_stop", lambda **_: self.engine.stop())
        runner.register_message("fs_ack", lambda msg, **_: self._recorder.acknowledge(**msg.data))
        # Locust has told the master of this worker before; from now on it hears what is said.
        runner.send_message("fs_here", None)

    def windows_closed(self) -> None:
        """Report at once instead of at Locust's next turn, and after the last window until it is acknowledged."""
        self._recorder.flush()
        if self._settling:
            return
        self._settling = True
        while self.engine.finishing and not self._recorder.settled:
            gevent.sleep(_SETTLE_EVERY_S)
            self._recorder.flush()
        self._settling = False

    def _ending(self) -> dict[str, Any] | None:
        if not self.order or not self.engine.drained:
            return None
        totals = {"order": self.order, **self.engine.totals(), **self.scripts.totals()}
        return {**totals, "messages": {**totals["messages"], **self.scripts.messages()}}

    def _load(self, msg: Any, **_: Any) -> None:
        job = job_from_wire(msg.data)
        try:
            self.load(job)
        except LoadError as error:
            self._runner.send_message("fs_refused", {"text": str(error)})
        else:
            self._recorder.begin(job.order)
            self._runner.send_message("fs_ready", None)

    def _go(self, msg: Any, **_: Any) -> None:
        # Where the master's clock is not ours, the start is when the word arrives.
        same_clock = msg.data["clock"] == clock_id()
        self.start(msg.data["start_ns"] if same_clock else time.monotonic_ns() + GO_AFTER_NS)


class LocalPlugin(_Driver):
    """A Locust without master and workers: the engine's windows go straight to the statistics."""

    def __init__(self, environment: Environment) -> None:
        super().__init__(environment)
        self._environment = environment
        environment.events.test_start.add_listener(self._start)
        environment.events.test_stopping.add_listener(self._stop)

    def windows_closed(self) -> None:
        """Put what was closed into Locust's statistics."""
        for window in self.take():
            log_window(self._environment.stats, window, self.methods)

    def _start(self, **_: Any) -> None:
        try:
            self.load(job_of_options(self._environment))
        except LoadError as error:
            refuse(self._environment, error)
        else:
            self.start(time.monotonic_ns())

    def _stop(self, **_: Any) -> None:
        self.engine.stop()
        self.scripts.end()
        while self.order and not self.engine.drained:
            gevent.sleep(_SETTLE_EVERY_S)
        self.windows_closed()
        wait_for_csv(self._environment)
