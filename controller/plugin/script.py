"""Locust's own users in a process: held until a trial begins, heard while it runs, ended with its sending."""

import sys
import time
from functools import cache, lru_cache
from typing import Any, Final
from urllib.parse import urlsplit

import gevent
from gevent.event import Event
from locust import FastHttpUser, User
from locust.env import Environment
from locust.runners import WorkerRunner

from controller.load.job import Job
from controller.load.user import WireUser
from controller.load.wire.script import OTHER, Report, Script
from controller.load.wire.tally import MOST_MESSAGES
from controller.plugin.kinds import error_of

_MOST_CHARACTERS: Final = 200
# A user that does not even end when it is killed is not waited for longer than this.
_KILLED_WITHIN_S: Final = 5.0


def script_classes(environment: Environment) -> list[type[User]]:
    """Return the classes of users that are Locust's own, and no connections of the wire engine."""
    available: Any = environment.available_user_classes or {}
    classes = dict.fromkeys([*environment.user_classes, *available.values()])
    return [one for one in classes if not issubclass(one, WireUser)]


@lru_cache(maxsize=4096)
def endpoint_of(name: str) -> str:
    """Return what a request is counted under: its name, and of a path or a URL the path alone."""
    parts = urlsplit(name) if name.startswith(("/", "http://", "https://")) else None
    text = name if parts is None else parts.path or "/"
    text = "".join(letter if letter.isprintable() else "?" for letter in text)[:_MOST_CHARACTERS]
    # The star is the name of all endpoints together.
    return text if text.strip(" *") else OTHER


class ScriptUsers:
    """Locust's own users of one process; without a class of them it does nothing.

    cut_off says that users of this trial were still in a task when the time-out after its sending was over;
    exceptions counts those that their tasks raised.
    """

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._classes = script_classes(environment)
        self._begun = Event()
        self._timeout_s = 0.0
        self._ending = False
        self.trial = Script()
        self.exceptions = 0
        self.cut_off = False
        self._messages: list[str] = []
        if not self._classes:
            return
        environment.events.request.add_listener(self._heard)
        environment.events.user_error.add_listener(self._raised)
        # Locust's own listener would count each request once more: its statistics get the sealed windows.
        stats: Any = environment.stats
        stats.log_request = stats.log_error = lambda *_, **__: None
        for one in self._classes:
            self._hold(one)

    def load(self, job: Job) -> Script:
        """Make ready for a trial; returns what its requests are reported to."""
        self._begun.clear()
        self._ending = False
        self._timeout_s = job.timeout_s
        self.exceptions, self._messages, self.cut_off = 0, [], False
        self.trial = Script(over=not self._classes)
        # One for all users of the trial: each would read all authorities of this machine anew.
        context = cache(job.trust.context)
        for one in self._classes:
            if issubclass(one, FastHttpUser):
                one.network_timeout = one.connection_timeout = job.timeout_s
                one.insecure = not job.trust.verify
                one.ssl_context_factory = staticmethod(lambda **_: context())
        if self._classes:
            # Users that are taken away while it runs finish their task too; a worker hears the same from its master.
            self._environment.stop_timeout = job.timeout_s
        if isinstance(runner := self._environment.runner, WorkerRunner):
            runner.last_received_spawn_timestamp = 0
        return self.trial

    def begin(self, start_ns: int) -> None:
        """Let the users go at a moment of time.monotonic_ns."""
        gevent.spawn_later(max(0.0, (start_ns - time.monotonic_ns()) / 1e9), self._begun.set)

    def end(self) -> None:
        """Let each user finish the task that it is in, then nothing is reported any more; returns at once."""
        if self._classes and not self._ending:
            self._ending = True
            self._spawn_no_more()
            gevent.spawn(self._end, self.trial)

    def totals(self) -> dict[str, Any]:
        """Return what this process says of its users in a whole trial."""
        return {"exceptions": self.exceptions, "cut_off": self.cut_off}

    def messages(self) -> dict[str, list[str]]:
        """Return the first few exceptions of tasks under a kind of their own; empty without any."""
        return {"exception": self._messages} if self._messages else {}

    def _end(self, trial: Script) -> None:
        environment, runner = self._environment, self._environment.runner
        assert runner is not None
        names = {one.__name__ for one in self._classes}
        left = {name: n for name, n in runner.user_classes_count.items() if name in names and n}
        since_s = time.monotonic()
        with gevent.Timeout(self._timeout_s + _KILLED_WITHIN_S, False):
            runner.stop_users(left)
        self.cut_off = time.monotonic() - since_s >= self._timeout_s
        # A worker is ready for the next trial only so long after its users were stopped once more.
        environment.stop_timeout = 0.0
        trial.over = True

    def _spawn_no_more(self) -> None:
        """Let no user come after this; a lone Locust does the same itself a moment later."""
        runner: Any = self._environment.runner
        if isinstance(runner, WorkerRunner):
            # To be told to spawn is the past now, as a message that came late would be.
            runner.last_received_spawn_timestamp = sys.maxsize
            return
        for spawning in (runner.spawning_greenlet, runner.shape_greenlet):
            if spawning is not None and spawning is not gevent.getcurrent():
                spawning.kill()

    def _hold(self, one: Any) -> None:
        """Have each user of a class wait until the trial has begun, and be counted while it is there."""

        def run(user: User) -> None:
            self._begun.wait()
            trial = self.trial
            trial.users += 1
            try:
                User.run(user)
            finally:
                trial.users -= 1

        one.run = run

    def _heard(self, name: str, response_time: float | None, response_length: int | None, **more: Any) -> None:
        if response_time is None:
            # An event of a script's own that took no time: no request whose latency anybody could ask for.
            return
        exception = more.get("exception")
        kind, text = error_of(exception, more.get("response")) if exception else ("", "")
        report = Report(
            at_ns=time.monotonic_ns(),
            endpoint=endpoint_of(name),
            us=int(response_time * 1000),
            size=response_length or 0,
            kind=kind,
            text=text,
        )
        self.trial.report(report)

    def _raised(self, exception: BaseException, **_: Any) -> None:
        self.exceptions += 1
        if len(self._messages) < MOST_MESSAGES:
            self._messages.append(f"{type(exception).__name__}: {exception}"[:_MOST_CHARACTERS])
