"""A Locust user that is one connection of the wire engine: its greenlet attaches it and sleeps."""

from typing import Any

import gevent
from locust import User
from locust.env import Environment

from controller.load.wire.engine import Engine

# Locust makes users with nothing but their environment, so each environment's engine is found here.
_engines: dict[int, Engine] = {}


def provide_engine(environment: Environment, engine: Engine) -> None:
    """Name the engine that the wire users of an environment attach to."""
    _engines[id(environment)] = engine


def sleep_until_killed(_user: User) -> None:
    """Do nothing: the engine's thread does the work."""
    while True:
        gevent.sleep(3600)


class WireUser(User):
    """One connection of the closed model. Subclass it in a Locust file; nothing else is needed."""

    abstract = True
    tasks = [sleep_until_killed]  # noqa: RUF012 (Locust's own interface)

    def on_start(self) -> None:
        """Attach one connection to this worker's engine."""
        self.lane_number = _engines[id(self.environment)].attach()

    def on_stop(self) -> None:
        """Let the connection go: the engine waits for the answer in flight, this greenlet does not."""
        _engines[id(self.environment)].detach(self.lane_number)

    def stop(self, force: bool = False) -> Any:
        """Stop at once: there is no task to wait for, whatever Locust's stop time-out is."""
        return super().stop(force=True)
