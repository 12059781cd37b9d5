"""Simulated workers, for the master alone: real messages over real ZeroMQ, and no load behind them.

    python -m benchmarks.swarm PORT WORKERS ENDPOINTS

Each connects as a Locust worker does, takes its job, and reports one window a second with a histogram of its own for
every endpoint, until the master says quit. Prints the monotonic time of each second whose reports have all gone.
"""

import sys
import time
from collections.abc import Sequence
from random import Random
from typing import Any, Final

import zmq
from locust import __version__ as locust_version
from locust.rpc.protocol import Message

from controller.measure.histogram import recorded
from controller.measure.recorder import REPORT_KEY
from controller.measure.window import EndpointCounts, Window
from controller.measure.window_wire import window_to_wire

_HOST: Final = "127.0.0.1"
# Answers of one endpoint in one second of one worker: enough for a histogram of the usual width.
_ANSWERS: Final = 1000
# So many different windows are made; each worker reports them in turn.
_WINDOWS: Final = 20
_MOST_S: Final = 120.0


class SimulatedWorker:
    """One connection to the master that behaves as a worker does."""

    def __init__(self, context: zmq.Context[Any], port: int, name: str) -> None:
        self.name = name
        self.order = 0
        self.index = 0
        self.running = False
        self.socket = context.socket(zmq.DEALER)
        self.socket.setsockopt(zmq.IDENTITY, name.encode())
        self.socket.connect(f"tcp://{_HOST}:{port}")
        self.send("client_ready", locust_version)
        self.send("fs_here", None)

    def send(self, kind: str, data: object) -> None:
        """Send one message to the master."""
        self.socket.send(Message(kind, data, self.name).serialize())

    def hear(self) -> bool:
        """Take one message of the master; returns whether it was the last."""
        message = Message.unserialize(self.socket.recv())
        if message.type == "fs_job":
            self.order = message.data["order"]
            self.send("fs_ready", None)
        elif message.type == "spawn":
            counts = message.data["user_classes_count"]
            self.send("spawning_complete", {"user_classes_count": counts, "user_count": sum(counts.values())})
        elif message.type == "fs_go":
            self.running = True
        return message.type == "quit"

    def report(self, endpoints: dict[str, Any]) -> None:
        """Report a window of one second, and that this worker is alive."""
        self.send("heartbeat", {"state": "running", "current_cpu_usage": 50, "current_memory_usage": 1 << 26})
        if not self.running:
            return
        window = window_to_wire(Window(order=self.order, index=self.index, start_s=self.index, end_s=self.index + 1.0))
        part = {"windows": [{**window, "users": 10, "endpoints": endpoints}], "end": None}
        self.send("stats", {"stats": [], "stats_total": _no_stats(), "errors": {}, **_users(), REPORT_KEY: part})
        self.index += 1


def main(arguments: Sequence[str]) -> None:
    """Connect all workers and report until the master says quit, or for two minutes at most."""
    port, workers, endpoints = map(int, arguments)
    context: zmq.Context[Any] = zmq.Context()
    context.set(zmq.MAX_SOCKETS, 4 * workers)
    all_windows = [_endpoints(Random(seed), endpoints) for seed in range(_WINDOWS)]
    simulated = [SimulatedWorker(context, port, f"simulated-{number}") for number in range(workers)]
    poller = zmq.Poller()
    for worker in simulated:
        poller.register(worker.socket, zmq.POLLIN)
    by_socket = {worker.socket: worker for worker in simulated}
    next_s = began_s = time.monotonic()
    while time.monotonic() < began_s + _MOST_S:
        for socket, _ in poller.poll(max(0.0, next_s - time.monotonic()) * 1000):
            if by_socket[socket].hear():
                return
        if time.monotonic() >= next_s:
            for number, worker in enumerate(simulated):
                worker.report(all_windows[(number + worker.index) % _WINDOWS])
            sys.stdout.write(f"{time.monotonic()}\n")
            sys.stdout.flush()
            next_s += 1.0


def _endpoints(random: Random, many: int) -> dict[str, Any]:
    """Return what endpoints did in a second, as it stands in a report."""
    window = Window(
        order=0,
        index=0,
        start_s=0.0,
        end_s=1.0,
        endpoints={f"/api/endpoint-{number}": _counts(random, number) for number in range(many)},
    )
    endpoints: dict[str, Any] = window_to_wire(window, packed=True)["endpoints"]
    return endpoints


def _counts(random: Random, number: int) -> EndpointCounts:
    durations: dict[int, int] = {}
    for _ in range(_ANSWERS):
        us = int(random.lognormvariate(6.0 + number / 4, 0.5))
        durations[us] = durations.get(us, 0) + 1
    return EndpointCounts(latency=recorded(durations), bytes=150 * _ANSWERS)


def _no_stats() -> dict[str, Any]:
    from locust.stats import RequestStats

    stats: dict[str, Any] = RequestStats().total.get_stripped_report()
    return stats


def _users() -> dict[str, Any]:
    return {"user_classes_count": {"Wire": 10}, "user_count": 10}


if __name__ == "__main__":
    main(sys.argv[1:])
