"""Findings of synthetic runs, for reports."""

from collections.abc import Sequence
from dataclasses import replace

from controller.compare.findings import Findings, findings
from controller.measure.trial import TrialResult
from tests.factories.factors import SHARED, Levels, all_combinations, one_at_a_time, times, varied_run
from tests.factories.trials import SATURATED, failed, found_nothing, run_of, searched, windows_of

TWO = {"python-flask": 3200.0, "python-fastapi": 14_800.0}
TWELVE = {
    "rust-axum": 171_200.0,
    "rust-actix": 169_800.0,
    "csharp-aspnet": 98_400.0,
    "cpp-pistache": 91_500.0,
    "go-fiber": 88_900.0,
    "go-nethttp": 52_300.0,
    "spring-netty": 41_900.0,
    "node-fastify": 33_800.0,
    "spring-tomcat": 27_400.0,
    "node-express": 14_700.0,
    "python-fastapi": 14_200.0,
    "python-flask": 3_200.0,
}
FIVE_SCENARIOS = ("health", "compute", "cached", "quote", "quotes")


def found(trials: Sequence[TrialResult], *, baseline: str = "python-flask", **more: str) -> Findings:
    """Return what such trials say, with windows and a few facts."""
    return findings(
        trials,
        run_id="quick-20261123T100000Z",
        baseline=baseline,
        windows=windows_of(trials),
        facts={
            "machine": {"cores": 2, "memory_bytes": 25_769_803_776, "governor": None},
            "versions": {"locust": "2.47.0"},
        },
        name=more.pop("name", "quick"),
        plan_text=more.pop("plan_text", 'name = "quick"\n'),
        **more,
    )


def quick() -> list[TrialResult]:
    """Return two targets in two scenarios and three blocks, with a note, a doubt and a failure."""
    trials = run_of(TWO, scenarios=("health", "quote"))
    trials = [replace(trial, notes=("2 cores: controller and master shared the generator's core",)) for trial in trials]
    trials[3] = replace(trials[3], doubts=(SATURATED,))
    trials[5] = failed(trials[5])
    return trials


def twelve() -> list[TrialResult]:
    """Return twelve targets in five scenarios and five blocks."""
    return run_of(TWELVE, scenarios=FIVE_SCENARIOS, blocks=5, spread=0.02)


def run_of_block(block: int) -> list[TrialResult]:
    """Return a block in which the target that was hardly alive before is the fastest."""
    trials = run_of({"wild": 9000.0, "a": 5100.0, "b": 4100.0}, blocks=1, seed=block)
    return [replace(trial, block=block, trial=trial.trial + 10, order=trial.order + 10) for trial in trials]


VARIED = {"http": ("1.1", "2"), "gzip": ("off", "on"), "pool": (10, 50)}
BEHIND = {"proxy": "nginx", "db": "mysql"}


def tuned(target: str, levels: Levels) -> float:
    """Return what levels do to a rate: gzip hurts all but node-fastify, and HTTP/2 gains more beside it."""
    gain = {"node-fastify": 2.9}.get(target, 1.0) * (1.3 if levels["http"] == "2" else 1.0)
    return times(gzip_on=0.4, http_2=1.12)(target, levels) * (gain if levels["gzip"] == "on" else 1.0)


def factorial() -> list[TrialResult]:
    """Return two targets behind Nginx with every combination of three factors."""
    return varied_run([BEHIND | levels for levels in all_combinations(VARIED)], truth=tuned)


def on_shared_cores() -> list[TrialResult]:
    """Return three targets whose cores are shared, three factors varied one at a time."""
    return varied_run(
        [BEHIND | levels for levels in one_at_a_time(VARIED)],
        truth=tuned,
        targets=("go-fiber", "node-fastify", "python-flask"),
        notes=(SHARED,),
    )


RUNS = {
    "quick": quick,
    "one trial each": lambda: run_of(TWO, blocks=1),
    "failed only": lambda: [failed(trial) for trial in run_of(TWO)],
    "no trials": list,
    "one target": lambda: run_of({"mine": 3000.0}),
    "no answers": lambda: run_of({"python-flask": 3200.0, "silent": 0.0}),
    "wild": lambda: [*run_of({"wild": 1.0, "a": 5000.0, "b": 4000.0}, blocks=1), *run_of_block(2)],
    "searches": lambda: [searched(trial) for trial in run_of(TWO)],
    "one search each": lambda: [searched(trial) for trial in run_of({**TWO, "mine": 300.0}, blocks=1)],
    "searches of many": lambda: [searched(trial) for trial in run_of(TWELVE)],
    "a search in vain": lambda: [found_nothing(trial) for trial in run_of({"mine": 300.0}, blocks=1)],
    "factors": factorial,
    "factors on shared cores": on_shared_cores,
    "one factor in one block": lambda: varied_run(
        one_at_a_time({"upstream_keepalive": ("on", "off")}), targets=("mine",), blocks=1
    ),
    "long names": lambda: run_of({"a" * 64: 3200.0, "b" * 64: 3000.0, "c" * 64: 900.0}),
}
