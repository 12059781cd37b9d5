"""Locust's own FastHttpUser, asking one path in a closed loop; measures itself once its users stand.

FASTHTTP_PATH names the path, FASTHTTP_WARMUP_S and FASTHTTP_SECONDS say how long, FASTHTTP_RESULT where the
numbers go as JSON: {"requests": ..., "failures": ..., "cpu_s": ..., "seconds": ...}.
"""

import json
import os
import time
from pathlib import Path
from typing import Any

import gevent
from locust import FastHttpUser, events, task
from locust.env import Environment

_PATH = os.environ.get("FASTHTTP_PATH", "/api/health")


class Asker(FastHttpUser):
    """One user: asks again as soon as it was answered."""

    @task
    def ask(self) -> None:
        """Ask once."""
        self.client.get(_PATH)


def _attach(environment: Environment, **_: Any) -> None:
    environment.events.spawning_complete.add_listener(lambda **_: gevent.spawn(_measure, environment))


events.init.add_listener(_attach)


def _measure(environment: Environment) -> None:
    gevent.sleep(float(os.environ.get("FASTHTTP_WARMUP_S", "1")))
    before = _reading(environment)
    gevent.sleep(float(os.environ.get("FASTHTTP_SECONDS", "4")))
    after = _reading(environment)
    grown = {name: after[name] - before[name] for name in before}
    Path(os.environ["FASTHTTP_RESULT"]).write_text(json.dumps(grown), encoding="utf-8")
    assert environment.runner is not None
    environment.runner.quit()


def _reading(environment: Environment) -> dict[str, float]:
    total = environment.stats.total
    return {
        "requests": total.num_requests,
        "failures": total.num_failures,
        "cpu_s": time.process_time(),
        "seconds": time.monotonic(),
    }
