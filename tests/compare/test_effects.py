"""Effects of factors: each level beside the first one, at each target and over all."""

from dataclasses import replace
from math import sqrt

import pytest

from controller.compare.effects import ON_SHARED_CORE, Effect, deciding_metric, effects
from controller.compare.logratios import NO_ANSWERS
from controller.compare.metrics import CPU
from controller.compare.pairs import ONE_TRIAL
from controller.compare.verdicts import Verdict
from controller.measure.histogram import recorded
from controller.measure.trial import TrialResult
from tests.factories.factors import SHARED, all_combinations, one_at_a_time, times, varied_run
from tests.factories.trials import counts_of, failed, run_of, searched

VARIED = {"gzip": ("off", "on"), "pool": (10, 1, 50)}
TRUTH = times(gzip_on=0.5, pool_1=0.8)


def rows(trials: list[TrialResult], *, metric: str = "throughput_per_s", **more: object) -> list[Effect]:
    """Return the effects on one metric over all endpoints together."""
    return [row for row in effects(trials, **more) if (row.endpoint, row.metric) == ("*", metric)]


def at(found: list[Effect], target: str) -> dict[str, Effect]:
    """Return the effects at a target by their level."""
    return {f"{row.factor}={row.level}": row for row in found if row.target == target}


@pytest.mark.parametrize("run", [all_combinations, one_at_a_time])
@pytest.mark.parametrize("target", ["*", "go-fiber", "node-fastify"])
def test_planted_effects_are_found(run: object, target: str) -> None:
    """Half the rate, four fifths, and nothing: at each target and over both, however they are varied."""
    some = at(rows(varied_run(run(VARIED), truth=TRUTH, spread=0.01), varied=VARIED), target)

    assert list(some) == ["gzip=on", "pool=1", "pool=50"]
    assert some["gzip=on"].ratio == pytest.approx(0.5, rel=0.03)
    assert some["pool=1"].ratio == pytest.approx(0.8, rel=0.03)
    assert [row.verdict for row in some.values()] == [Verdict.SLOWER, Verdict.SLOWER, Verdict.CANNOT_TELL]
    assert {row.targets for row in some.values()} == {2 if target == "*" else 1}
    assert {row.blocks for row in some.values()} == {5}


def test_the_effect_over_targets_is_the_geometric_mean() -> None:
    """Half at one and twice at the other is no effect over both, and each of them is told."""
    trials = varied_run(
        one_at_a_time({"gzip": ("off", "on")}),
        truth=lambda target, levels: 1.0 if levels["gzip"] == "off" else {"go-fiber": 0.5, "node-fastify": 2.0}[target],
    )
    found = {row.target: row for row in rows(trials)}

    assert found["*"].ratio == pytest.approx(sqrt(found["go-fiber"].ratio * found["node-fastify"].ratio))
    assert [found[name].verdict.value for name in ("*", "go-fiber", "node-fastify")] == [
        "cannot tell",
        "slower",
        "faster",
    ]


def test_several_pairs_of_a_block_are_one_value() -> None:
    """Six pairs in each of four blocks are four values: as many degrees of freedom, however many trials."""
    trials = varied_run(all_combinations(VARIED), blocks=4, targets=("a",))
    few = [trial for trial in trials if trial.block == 1]

    assert {row.blocks for row in rows(trials)} == {4}
    assert {(row.blocks, row.caveat) for row in rows(few)} == {(1, ONE_TRIAL)}


def test_a_failed_trial_takes_its_block_out() -> None:
    """Of its target's effects and of those over all targets, and of no other target's."""
    trials = varied_run(one_at_a_time(VARIED))
    broken = [
        failed(trial) if (trial.target, trial.block, trial.factors["gzip"]) == ("go-fiber", 2, "on") else trial
        for trial in trials
    ]
    found = rows(broken)

    assert [at(found, target)["gzip=on"].blocks for target in ("*", "go-fiber", "node-fastify")] == [4, 4, 5]
    assert at(found, "*")["pool=1"].blocks == 5


def test_a_target_that_never_ran_leaves_the_others() -> None:
    """Its rows have no numbers, and the effect over targets is that of the rest."""
    trials = [failed(trial) if trial.target == "go-fiber" else trial for trial in varied_run(one_at_a_time(VARIED))]
    found = rows(trials)

    assert at(found, "go-fiber")["gzip=on"].ratio is None
    assert at(found, "*")["gzip=on"].ratio == at(found, "node-fastify")["gzip=on"].ratio
    assert at(found, "*")["gzip=on"].targets == 1


def test_a_trial_without_answers_is_no_effect() -> None:
    """Its level has no ratio, and the reason stands beside it."""
    trials = [
        replace(trial, endpoints={"/api/db": counts_of(0, errors={"reset": 5})}) if trial.trial == 1 else trial
        for trial in varied_run(one_at_a_time({"gzip": ("off", "on")}), targets=("a",))
    ]

    assert {(row.ratio, row.verdict, row.caveat) for row in rows(trials)} == {(None, Verdict.CANNOT_TELL, NO_ANSWERS)}


def test_each_table_is_a_family() -> None:
    """What is certain alone falls among twenty rows of single targets; over targets three rows are corrected."""
    trials = varied_run(all_combinations(VARIED), targets=tuple("abcdef"), truth=times(pool_50=1.012), blocks=4)
    found = [row for row in rows(trials) if row.caveat]

    assert {row.caveat for row in found} == {"not after correction for 18 comparisons"}
    assert all(row.p_value <= 0.05 and row.verdict is Verdict.CANNOT_TELL for row in found)
    assert at(rows(trials), "*")["pool=50"].verdict is Verdict.FASTER


def test_on_cores_of_their_own_throughput_decides() -> None:
    """CPU a request is shown as a ratio without a verdict."""
    trials = varied_run(one_at_a_time(VARIED), truth=TRUTH)
    (cpu,) = {row.verdict for row in rows(trials, metric=CPU.name)}

    assert cpu is None
    assert at(rows(trials, metric=CPU.name), "*")["gzip=on"].ratio == pytest.approx(2.0, rel=0.03)
    assert deciding_metric(trials).name == "throughput_per_s"


def test_on_shared_cores_cpu_decides() -> None:
    """Less of it is faster; throughput has its interval, no verdict, and says why."""
    trials = varied_run(one_at_a_time(VARIED), truth=TRUTH, notes=(SHARED,))
    cpu, throughput = (at(rows(trials, metric=metric), "*") for metric in (CPU.name, "throughput_per_s"))

    assert [row.verdict for row in cpu.values()] == [Verdict.SLOWER, Verdict.SLOWER, Verdict.CANNOT_TELL]
    assert {(row.verdict, row.p_value, row.detectable, row.caveat) for row in throughput.values()} == {
        (None, None, None, ON_SHARED_CORE)
    }
    assert throughput["gzip=on"].ratio_low < 0.5 < throughput["gzip=on"].ratio_high


def test_cpu_is_that_of_all_parties_but_the_generator() -> None:
    """A proxy that takes half of what the server does makes it half as much again."""
    trials = varied_run(one_at_a_time({"proxy": ("none", "nginx")}), notes=(SHARED,), spread=0.001)

    assert at(rows(trials, metric=CPU.name), "*")["proxy=nginx"].ratio == pytest.approx(1.5, rel=0.01)


@pytest.mark.parametrize("party", ["server", "proxy"])
def test_cpu_is_not_known_where_a_party_was_not_seen(party: str) -> None:
    """The sum of the others would be too small; nothing is made up."""
    trials = [
        replace(trial, usage={name: used for name, used in trial.usage.items() if name != party})
        for trial in varied_run(one_at_a_time({"proxy": ("none", "nginx")}), notes=(SHARED,))
    ]

    assert {(row.ratio, row.verdict) for row in rows(trials, metric=CPU.name)} == {(None, Verdict.CANNOT_TELL)}


def test_open_loads_are_judged_by_latency_too() -> None:
    """At one rate for all it is what tells levels apart; searches are judged by their capacity."""
    closed = varied_run(one_at_a_time({"gzip": ("off", "on")}), truth=times(gzip_on=0.5))
    opened = [
        replace(
            trial,
            endpoints={
                name: replace(part, lag=recorded({5: part.samples}), timeout_us=30_000_000)
                for name, part in trial.endpoints.items()
            },
        )
        for trial in closed
    ]

    assert {row.verdict for row in rows(closed, metric="latency_p99_ms")} == {None}
    assert {row.verdict for row in rows(opened, metric="latency_p99_ms")} == {Verdict.SLOWER}
    assert deciding_metric(opened).name == "latency_p99_ms"
    assert deciding_metric([searched(trial) for trial in closed]).name == "capacity_per_s"
    assert {row.verdict for row in rows([searched(trial) for trial in closed], metric="capacity_per_s")} == {
        Verdict.SLOWER
    }


def test_scenarios_are_apart() -> None:
    """A level that is one scenario's own, such as its requests in flight, is no factor that varies."""
    trials = [
        *varied_run([{"in_flight": 64}], scenario="health"),
        *varied_run([{"in_flight": 128}], scenario="quotes"),
    ]

    assert effects(trials) == ()
    assert effects(run_of({"a": 1000, "b": 2000})) == effects([]) == ()


def test_levels_of_a_plan_say_what_stands_against_what() -> None:
    """The first one listed, not the default."""
    trials = varied_run(one_at_a_time({"pool": (50, 10)}), targets=("a",))

    assert {(row.level, row.against) for row in effects(trials, varied={"pool": (50, 10)})} == {(10, 50)}
    assert {(row.level, row.against) for row in effects(trials)} == {(50, 10)}
