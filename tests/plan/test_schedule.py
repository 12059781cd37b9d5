"""The order of trials: complete blocks, shuffled by the seed alone."""

import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from controller.plan.factors import variant_of
from controller.plan.plan import Cpus, Environment, Plan
from controller.plan.scenario import Load, Request, Scenario
from controller.plan.schedule import expected_seconds, trials_of, warmup_counts_requests, warmup_is_estimated
from tests.plan.given import target_named
from tests.sources import ROOT


def plan_with(*, targets: int = 4, scenarios: int = 3, repeats: int = 20, seed: int = 0) -> Plan:
    """Return a plan of some size; two variants."""
    load = Load(warmup_s=2.0, ramp_up_s=1.0, duration_s=5.0)
    names = tuple(f"t{n}" for n in range(targets))
    return Plan(
        name="p",
        seed=seed,
        repeats=repeats,
        targets=names,
        baseline=names[0],
        load=load,
        cpus=Cpus(),
        environment=Environment(),
        variants=(variant_of({}), variant_of({"metrics": "full"})),
        factors={"metrics": ("none", "full")},
        scenarios=tuple(Scenario(name=f"s{n}", requests=(Request(path="/"),), load=load) for n in range(scenarios)),
    )


def orders_of(plan: Plan) -> list[tuple[tuple[str, str, str], ...]]:
    """Return each block's order."""
    blocks: dict[int, list[tuple[str, str, str]]] = {}
    for trial in trials_of(plan):
        blocks.setdefault(trial.block, []).append((trial.target, trial.variant.label, trial.scenario))
    return [tuple(block) for block in blocks.values()]


@pytest.mark.parametrize("seed", range(20))
def test_every_block_is_complete(seed: int) -> None:
    """Each block has every target x variant x scenario exactly once, and numbers count on from 1."""
    plan = plan_with(seed=seed)
    trials = trials_of(plan)

    assert [trial.number for trial in trials] == list(range(1, len(trials) + 1))
    assert [trial.block for trial in trials] == sorted(trial.block for trial in trials)
    assert Counter(Counter(order).total() for order in orders_of(plan)) == {24: 20}
    assert all(len(set(order)) == 24 for order in orders_of(plan))


def test_the_seed_alone_decides() -> None:
    """The same seed gives the same order; other seeds and other blocks give others."""
    assert trials_of(plan_with(seed=3)) == trials_of(plan_with(seed=3))
    assert len({order for seed in range(20) for order in orders_of(plan_with(seed=seed))}) == 400


def test_no_place_in_a_block_is_favoured() -> None:
    """Over many blocks each target comes first about equally often (chi-squared, 3 degrees, p = 0.001)."""
    firsts = Counter(order[0][0] for order in orders_of(plan_with(repeats=1000)))

    assert sum((count - 250) ** 2 / 250 for count in firsts.values()) < 16.3


def test_the_order_is_the_same_in_every_process() -> None:
    """Neither string hashing nor anything else of a process reaches the order."""
    code = "from tests.plan.test_schedule import *; print([(t.target, t.scenario) for t in trials_of(plan_with())])"
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, cwd=ROOT, capture_output=True, check=True
        ).stdout
        for seed in ("0", "1")
    }

    assert outputs == {f"{[(trial.target, trial.scenario) for trial in trials_of(plan_with())]}\n".encode()}


def test_this_order_is_kept_for_good() -> None:
    """An order once published can be run again: the first block of seed 0 is a golden value."""
    trials = trials_of(plan_with(repeats=1, targets=2))

    assert " ".join(f"{trial.target}{trial.scenario}" for trial in trials if trial.variant.label == "default") == (
        "t1s1 t0s0 t0s1 t1s2 t1s0 t0s2"
    )


def test_expected_time_is_the_sum_of_its_parts() -> None:
    """Ramp-up, warm-up, measuring and the fixed cost of each trial."""
    plan = plan_with(targets=2, scenarios=3, repeats=5)
    targets = {name: target_named(name, warmup_s=20.0) for name in plan.targets}

    assert expected_seconds(plan, targets, fixed_s=2.0) == len(trials_of(plan)) * (2 + 1 + 2 + 5)
    assert not warmup_is_estimated(plan)


def test_a_warm_up_until_steady_is_an_estimate(tmp_path: Path) -> None:
    """An automatic warm-up is taken to last what the target asks for, and ten seconds at least."""
    plan = plan_with(targets=2, scenarios=1, repeats=1)
    automatic = replace(plan.scenarios[0], load=replace(plan.load, warmup_s=None, ramp_up_s=0.0))
    plan = replace(plan, scenarios=(automatic,), variants=plan.variants[:1])
    targets = {"t0": target_named("t0", warmup_s=20.0), "t1": target_named("t1", warmup_s=1.0)}

    assert expected_seconds(plan, targets, fixed_s=0.0) == (20 + 5) + (10 + 5)
    assert warmup_is_estimated(plan)


def test_the_least_warm_up_is_the_targets_own() -> None:
    """It takes as long as each target says, a window longer where requests count, and then it is an estimate."""
    plan = plan_with(targets=2, scenarios=1, repeats=1)
    least = replace(plan.scenarios[0], load=replace(plan.load, warmup_s=None, until_steady=False, ramp_up_s=0.0))
    plan = replace(plan, scenarios=(least,), variants=plan.variants[:1])
    plain = {"t0": target_named("t0", warmup_s=20.0), "t1": target_named("t1", warmup_s=1.0)}
    counting = {**plain, "t0": replace(plain["t0"], warmup_requests=20_000)}

    assert expected_seconds(plan, counting) == expected_seconds(plan, plain) + 1
    assert not warmup_is_estimated(plan)
    assert warmup_counts_requests(plan, counting)
    assert not warmup_counts_requests(plan, plain)


def test_connections_that_are_not_kept_are_waited_for() -> None:
    """The kernel remembers each of thousands for a minute, between load and proxy or proxy and target alike."""
    plan = plan_with(targets=1, scenarios=1, repeats=1)
    kept, closed = (
        replace(one, scenarios=tuple(replace(each, load=load) for each in one.scenarios))
        for one, load in ((plan, plan.load), (plan, replace(plan.load, keepalive=False)))
    )
    targets = {"t0": target_named("t0")}
    trials = len(trials_of(plan))

    assert expected_seconds(closed, targets) - expected_seconds(kept, targets) == pytest.approx(60 * trials)
