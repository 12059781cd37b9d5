"""Interactions: where a factor does not do the same everywhere."""

import pytest

from controller.compare.effect_words import interactions_text
from controller.compare.interactions import Interactions, interactions
from controller.measure.trial import TrialResult
from tests.factories.factors import SHARED, Levels, all_combinations, one_at_a_time, times, varied_run
from tests.factories.trials import run_of

VARIED = {"http": ("1.1", "2"), "gzip": ("off", "on"), "pool": (10, 1, 50)}
ALONE = "each factor was varied alone: what two of them do together is not known"


def only(trials: list[TrialResult]) -> Interactions:
    """Return the interactions of the only scenario."""
    (found,) = interactions(trials)
    return found


def helps_one(target: str, levels: Levels) -> float:
    """Return the truth that gzip helps node-fastify by a fifth and costs the others 30 %."""
    return times(gzip_on=1.2 if target == "node-fastify" else 0.7, pool_1=0.8)(target, levels)


@pytest.mark.parametrize("run", [all_combinations, one_at_a_time])
def test_what_helps_one_target_and_hurts_another_is_named(run: object) -> None:
    """One sentence, of the two that are furthest apart, though two targets differ from it."""
    found = only(varied_run(run(VARIED), truth=helps_one, targets=("a", "b", "node-fastify")))
    (one,) = found.found

    assert (one.factor, one.level, one.against, one.place) == ("gzip", "on", "off", "node-fastify")
    assert one.other_place in {"a", "b"}
    assert one.opposite
    assert one.apart.low < 1.2 / 0.7 < one.apart.high
    assert interactions_text(found)[0].startswith("gzip off → on helps node-fastify (1.")
    assert f" times the throughput) and hurts {one.other_place} (0." in interactions_text(found)[0]


def test_what_takes_more_cpu_hurts() -> None:
    """On shared cores the ratio of what it costs decides, and the larger one is the worse."""
    found = only(varied_run(one_at_a_time(VARIED), truth=helps_one, targets=("a", "node-fastify"), notes=(SHARED,)))

    assert found.found[0].place == "a"
    assert interactions_text(found)[0].startswith("gzip off → on hurts a (1.4")
    assert "times the CPU a request) and helps node-fastify (0.8" in interactions_text(found)[0]


def test_two_factors_that_act_on_one_another_are_named_once() -> None:
    """HTTP/2 gains nothing alone and half as much again beside gzip, at both targets; no other two are named."""

    def truth(_: str, levels: Levels) -> float:
        return 1.5 if levels["http"] == "2" and levels["gzip"] == "on" else 1.0

    found = only(varied_run(all_combinations(VARIED), truth=truth))
    (one,) = found.found

    assert (one.factor, one.level, one.place, one.other_place) == ("http", "2", "gzip=on", "gzip=off")
    assert one.apart.low < 1.5 < one.apart.high
    assert not one.opposite
    (said,) = interactions_text(found)
    assert said == (
        f"http 1.1 → 2 is not the same at gzip=on ({one.one.ratio:.2f} times the throughput) and gzip=off "
        f"({one.other.ratio:.2f}): {one.apart.ratio:.2f} times apart ({one.apart.low:.2f} to {one.apart.high:.2f})"
    )


def test_one_at_a_time_says_what_it_cannot_know() -> None:
    """Of two factors or more; of one alone there is nothing to say, and with all combinations it is known."""
    assert interactions_text(only(varied_run(one_at_a_time(VARIED)))) == [ALONE]
    assert interactions_text(only(varied_run(one_at_a_time({"gzip": ("off", "on")})))) == []
    assert interactions_text(only(varied_run(all_combinations(VARIED)))) == []


def test_a_certain_but_small_one_is_not_named() -> None:
    """5 % apart without any noise to speak of is in the table for who looks."""
    trials = varied_run(
        one_at_a_time({"gzip": ("off", "on")}),
        truth=lambda target, levels: 1.05 if (target, levels["gzip"]) == ("go-fiber", "on") else 1.0,
        spread=0.001,
    )

    assert only(trials).found == ()


def test_a_large_but_uncertain_one_is_not_named() -> None:
    """Two blocks that swing by half prove nothing."""
    assert only(varied_run(all_combinations(VARIED), spread=0.5, blocks=2)).found == ()
    assert only(varied_run(all_combinations(VARIED), truth=helps_one, blocks=1)).found == ()


def test_a_run_without_factors_has_none() -> None:
    """There is no scenario to speak of."""
    assert interactions(run_of({"a": 1000, "b": 2000})) == ()
