"""The master of an ad-hoc session: what is started on Locust's page is asked of the controller first."""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import gevent
from gevent.event import AsyncResult, Event
from locust.env import Environment
from locust.runners import STATE_RUNNING, STATE_SPAWNING, MasterRunner

from controller.errors import LoadError
from controller.load.job import job_from_wire
from controller.load.offer import Asked
from controller.measure.window import Window, phase_of
from controller.plugin.master import MasterPlugin
from controller.plugin.numbers import ExactStats

# A target may take half a minute to start, and is then asked once for each kind of request.
_ANSWER_WITHIN_S = 180.0
_BEGINS_WITHIN_S = 10.0
_STOPPED_WITHIN_S = 120.0
_LOOK_EVERY_S = 0.01
STARTING = "expected to start one test at a time, found another one that is being started"
NO_ANSWER = "expected FastServe to answer, found it busy or gone: see its terminal"


class SessionPlugin(MasterPlugin):
    """One trial at a time, begun and ended on the page; the controller starts its target, and may refuse."""

    def __init__(self, environment: Environment, runner: MasterRunner) -> None:
        super().__init__(environment, runner)
        self.stats = environment.stats = ExactStats()
        # What the controller last wanted to be shown as FastServe's own page.
        self.shown = ""
        self._phase: tuple[float, float] = (math.inf, math.inf)
        self._beginning = False
        self._answer: AsyncResult | None = None
        self._released = Event()
        # Set while no stop of Locust is under way: its way out takes a second longer than its state says.
        self._quiet = Event()
        self._released.set()
        self._quiet.set()
        environment.events.test_stopping.add_listener(self._hold_stop)
        environment.events.test_stop.add_listener(lambda **_: self._quiet.set())

    @property
    def runner(self) -> MasterRunner:
        """Locust's own master."""
        return self._runner

    @property
    def running(self) -> bool:
        """Whether Locust says that a test runs."""
        return self._runner.state in {STATE_RUNNING, STATE_SPAWNING}

    def obey_until_the_end(self, path: str) -> None:
        """Do what the controller says, from when the page answers until it says quit; Locust ends then."""
        web_ui = self._environment.web_ui
        while not (web_ui and web_ui.server and web_ui.server.started):
            gevent.sleep(_LOOK_EVERY_S)
        self.obey(path)
        web_ui.stop()

    def commands(self) -> dict[str, Callable[..., None]]:
        """Return what the controller may say, and what is done then."""
        return {**super().commands(), "refuse": self._refuse_start, "show": self._show}

    def begin(self, asked: Asked, spawn: Callable[[], Any]) -> str | None:
        """Start what was asked for, `spawn` has Locust start its users; return why not, None where it runs."""
        if self._beginning:
            return STARTING
        self._beginning = True
        try:
            # A stop that was asked for takes its time, and Locust's own way out of it another second.
            with self._turn:
                return self._begin(asked, spawn) if self._quiet.wait(_STOPPED_WITHIN_S) else NO_ANSWER
        except LoadError as error:
            self._tell("failed", text=str(error))
            return str(error)
        finally:
            self._beginning = False

    def _begin(self, asked: Asked, spawn: Callable[[], Any]) -> str | None:
        answer = self._ask(asked)
        if isinstance(answer, str):
            return answer
        self._phase = answer["phase"]
        self._share_out(job_from_wire(answer["job"]))
        self._measure(*self._phase)
        self._released.clear()
        spawn()
        with gevent.Timeout(_BEGINS_WITHIN_S, LoadError("expected Locust to start its users, found that it does not")):
            while not self.running:
                gevent.sleep(_LOOK_EVERY_S)
        self._go()
        self._tell("started", start_ns=self._start_ns, workers=len(self._collector.expected))
        return None

    def _ask(self, asked: Asked) -> dict[str, Any] | str:
        self._answer = AsyncResult()
        self._tell("ask", asked=asked.to_wire())
        answer: dict[str, Any] | str = self._answer.wait(_ANSWER_WITHIN_S) or NO_ANSWER
        self._answer = None
        return answer

    def _start(self, job: dict[str, Any], users: int, ramp_up_s: float, phase: list[float] | None) -> None:
        # users and ramp are those that were asked for.
        if self._answer is not None and phase is not None:
            self._answer.set({"job": job, "phase": (phase[0], phase[1])})

    def _refuse_start(self, text: str) -> None:
        if self._answer is not None:
            self._answer.set(text)

    def _show(self, page: str) -> None:
        self.shown = page

    def _measure(self, from_s: float, until_s: float) -> None:
        self._phase = (from_s, until_s)
        super()._measure(from_s, until_s)

    def _end(self) -> None:
        self._released.set()
        with self._turn:
            if self.running and self._quiet.is_set():
                self._runner.stop()

    def _hold_stop(self, **_: Any) -> None:
        """Let Locust stop its users only when the trial has come to its end."""
        self._quiet.clear()
        if not self._released.is_set():
            self._tell("stop")
            self._released.wait()

    def log(self, window: Window, methods: Mapping[str, str]) -> None:
        """Add a sealed window to what the page shows."""
        from_s, until_s = self._phase
        phase = phase_of(window.start_s, window.end_s, from_s=from_s, until_s=until_s)
        self.stats.take(replace(window, phase=phase), methods)
