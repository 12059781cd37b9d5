"""Whether ours and wrk agree is said with the interval, and reasons only for differences that were seen."""

import pytest

from controller.compare.calibration_words import REASONS, agreement, reasons
from controller.load.rivals import RIVALS
from controller.measure.turn import ENGINE
from tests.factories.turns import (
    GENERATOR_BOUND,
    IDLE,
    SERVER_BOUND,
    calibration_of,
    full,
    turn_of,
    turns_of,
)

WRK = [6_000.0, 5_900.0, 6_100.0]


def ours(*ratios: float, shares: dict[str, float] = SERVER_BOUND) -> str:
    """Return the sentence for rounds in which our engine had these shares of wrk's throughput."""
    rates = [rate * ratio for rate, ratio in zip(WRK, ratios, strict=False)]
    return agreement(
        calibration_of([*turns_of(ENGINE, rates, shares=shares), *turns_of("wrk", WRK[: len(rates)], shares=shares)])
    )


@pytest.mark.parametrize(
    ("ratios", "said"),
    [
        ((0.99, 0.98, 1.0), "FastServe's engine and wrk agree: 0.99 of wrk's throughput (0.97 to 1.02)"),
        ((0.88, 0.89, 0.9), "FastServe's engine and wrk differ: 0.89 of wrk's throughput (0.87 to 0.92)"),
        ((1.2, 1.21, 1.22), "FastServe's engine and wrk differ: 1.21 of wrk's throughput (1.19 to 1.24)"),
        ((0.9, 1.0, 1.1), "cannot tell whether FastServe's engine and wrk agree within 5 %: 1.00 of wrk's"),
        ((0.99,), "FastServe's engine and wrk, side by side: 0.99 of wrk's throughput (one trial: no spread known)"),
    ],
)
def test_the_interval_decides(ratios: tuple[float, ...], said: str) -> None:
    """Agreement is an interval within 5 % of 1, a difference one wholly beyond, everything else is not known."""
    assert ours(*ratios).startswith(said)


@pytest.mark.parametrize(
    ("shares", "said"),
    [
        (SERVER_BOUND, None),
        (GENERATOR_BOUND, "FastServe and wrk was at its own limit and not at the target's"),
        (IDLE, "with FastServe and wrk neither the target nor the generator was busy"),
        ({}, "with FastServe and wrk nobody saw which side was the limit"),
    ],
)
def test_a_target_that_was_not_the_limit_is_no_measure(shares: dict[str, float], said: str | None) -> None:
    """Where the target was not the bound, the sentence says what was compared instead."""
    sentence = ours(0.99, 0.98, 1.0, shares=shares)

    assert said in sentence if said else sentence.endswith(")")


def test_without_one_of_the_two_nothing_is_compared() -> None:
    """One of them alone is no calibration, nor are rounds that never met."""
    assert agreement(calibration_of(turns_of(ENGINE, WRK))).endswith("wrk was not measured")
    assert agreement(calibration_of(turns_of("wrk", WRK))).startswith("FastServe's engine was not measured")
    assert "no round measured both" in agreement(calibration_of([turn_of(ENGINE, 1), turn_of("wrk", 2)]))


def test_equal_generators_need_no_reason() -> None:
    """Where nothing differs nothing is explained."""
    names = (ENGINE, *(name for name in RIVALS if name != "ab"))

    assert reasons(calibration_of([turn for name in names for turn in turns_of(name, WRK)])) == []


@pytest.mark.parametrize(
    ("generator", "seen", "said"),
    [
        (ENGINE, {"cpu_us": 12.0}, "FastServe checks status, framing and length"),
        ("wrk", {"p99_ms": 60.0}, "wrk adds latencies that it did not measure"),
        ("ab", {"server_us": 185.0}, "ab speaks HTTP/1.0: an answer costs the target 185 us of CPU, where it is 160"),
        ("ab", {"p50_ms": 4.0}, "ab prints whole milliseconds: its p50 of 4 ms stands for 3.5 to 4.5 ms"),
        ("ab", {"p50_ms": 0.0}, "its p50 of 0 ms stands for 0 to 0.5 ms"),
        ("h2load", {"cpu_us": 12.0}, "h2load prints no percentiles"),
        ("k6", {"p50_ms": 3.0}, "k6's latency leaves out what its users wait for k6 itself"),
        ("k6", {"per_s": 2_000.0, "shares": GENERATOR_BOUND}, "k6 saturates first: a request costs it 10.0 us of CPU,"),
        ("oha", {"per_s": 2_000.0, "shares": GENERATOR_BOUND}, "oha saturates first"),
    ],
)
def test_each_difference_has_its_reason(generator: str, seen: dict[str, object], said: str) -> None:
    """A difference that is seen is explained with its numbers, by the name of its generator."""
    equal = [turn for name in (ENGINE, "wrk", generator) for turn in turns_of(name, WRK)]
    changed = {"per_s": 6_000.0, **seen}
    turns = [turn for turn in equal if turn.generator != generator]
    turns += [turn_of(generator, number, **changed) for number in (1, 2, 3)]  # type: ignore[arg-type]

    assert any(said in text for text in reasons(calibration_of(turns)))


@pytest.mark.parametrize(
    "seen", [{"cpu_us": (8.0, 20.0, 14.0)}, {"server_us": (100.0, 400.0, 150.0)}, {"p99_ms": (20.0, 90.0, 31.0)}]
)
def test_chance_gets_no_reason(seen: dict[str, tuple[float, ...]]) -> None:
    """A difference that changes from round to round is not explained, however large its middle is."""
    ((name, values),) = seen.items()
    for generator, other in ((ENGINE, "wrk"), ("wrk", ENGINE), ("h2load", "wrk")):
        turns = [turn_of(generator, number, **{name: one}) for number, one in enumerate(values, 1)]  # type: ignore[arg-type]
        names = {ENGINE, "wrk", other} - {generator}

        assert reasons(calibration_of([*turns, *(turn for name in names for turn in turns_of(name, WRK))])) == []


def test_reasons_are_of_generators_that_are_there() -> None:
    """A reason stands beside the row that it explains, and none is for a name that nobody has."""
    assert set(REASONS) <= {ENGINE, *RIVALS}
    there = full()
    assert reasons(there)
    assert all(text.startswith(tuple(there.versions)) for text in reasons(there))
