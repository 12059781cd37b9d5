"""Calibrations as if they had been measured."""

from collections.abc import Mapping, Sequence
from typing import Any

from controller.compare.calibration import Calibration
from controller.measure.judgement import GENERATOR, SERVER
from controller.measure.spent import Spent
from controller.measure.turn import ENGINE, Turn

SECONDS = 5.0
# Who was busy: the target, the generator, or nobody.
SERVER_BOUND = {SERVER: 0.99, GENERATOR: 0.3}
GENERATOR_BOUND = {SERVER: 0.2, GENERATOR: 1.0}
IDLE = {SERVER: 0.4, GENERATOR: 0.3}


def turn_of(
    generator: str,
    number: int = 1,
    *,
    per_s: float = 6_000.0,
    p50_ms: float | None = 10.6,
    p99_ms: float | None = 30.0,
    cpu_us: float = 10.0,
    server_us: float | None = 160.0,
    shares: Mapping[str, float] = SERVER_BOUND,
) -> Turn:
    """Return a turn of five seconds at a rate, with these costs of each request."""
    requests = round(per_s * SECONDS)
    return Turn(
        generator=generator,
        round=number,
        spent=Spent(
            requests=requests, cpu_s=requests * cpu_us / 1e6, seconds=requests / per_s, p50_ms=p50_ms, p99_ms=p99_ms
        ),
        server_cpu_s=None if server_us is None else requests * server_us / 1e6,
        shares=shares,
    )


def turns_of(generator: str, rates: Sequence[float], **more: Any) -> list[Turn]:
    """Return a turn in each of as many rounds as there are rates."""
    return [turn_of(generator, number, per_s=per_s, **more) for number, per_s in enumerate(rates, start=1)]


def calibration_of(turns: Sequence[Turn], **more: Any) -> Calibration:
    """Return the calibration with these turns, generators in the order in which they come first."""
    names = dict.fromkeys(turn.generator for turn in turns)
    return Calibration(
        **{
            "target": "python-flask",
            "path": "/api/health",
            "in_flight": 64,
            "duration_s": 5,
            "rounds": max((turn.round for turn in turns), default=10),
            "turns": tuple(turns),
            "versions": {name: None if name == ENGINE else "4.1.0" for name in names},
            **more,
        }
    )


def full() -> Calibration:
    """Return one with every kind of line: all tools, all reasons, a tool that was left out, one that is missing."""
    rates = [6_000.0, 5_900.0, 6_100.0]
    nearly = [rate * ratio for rate, ratio in zip(rates, (1.02, 1.01, 1.015), strict=True)]
    turns = [
        *turns_of(ENGINE, nearly, p50_ms=10.5, p99_ms=19.0, cpu_us=18.1),
        *turns_of("wrk", rates, p50_ms=10.4, p99_ms=31.0, cpu_us=16.0),
        *turns_of("ab", [5_400.0, 5_370.0], p50_ms=11.0, p99_ms=35.0, cpu_us=21.0, server_us=185.0),
        *turns_of("h2load", [5_950.0, 6_000.0, 6_050.0], p99_ms=22.0, cpu_us=19.0, server_us=None),
        *turns_of("k6", [2_100.0, 2_200.0, 2_150.0], p50_ms=4.0, p99_ms=12.0, cpu_us=440.0, shares=GENERATOR_BOUND),
    ]
    versions = {ENGINE: "0.1.0", "wrk": "4.1.0", "ab": "2.3", "h2load": "1.52.0", "k6": "1.8.1"}
    return calibration_of(
        turns,
        versions=versions,
        missing={"oha": "cargo install oha"},
        left_out=("ab in round 3: expected right answers alone, found in ab's summary: Failed requests: 2",),
        notes=("controller, master and sampler share core 1 with the generator",),
    )
