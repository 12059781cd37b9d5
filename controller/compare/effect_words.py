"""What factors do, in words: names of effects, and a sentence for each large interaction."""

from typing import Final

from controller.compare.interactions import Interaction, Interactions
from controller.compare.pairs import Difference
from controller.compare.words import ratio_texts, times_text
from controller.plan.factors import Level

METRIC_WORDS: Final = {
    "throughput_per_s": "throughput",
    "capacity_per_s": "capacity",
    "cpu_us_per_request": "CPU a request",
    "latency_p50_ms": "p50",
    "latency_p99_ms": "p99",
}


def change_text(factor: str, *, against: Level, level: Level) -> str:
    """Return the change that an effect is of: "gzip off → on"."""
    return f"{factor} {against} → {level}"


def interactions_text(found: Interactions) -> list[str]:
    """Return a sentence for each large interaction, and one for what cannot be known, without full stops."""
    said = [interaction_text(one) for one in found.found]
    if found.factors > 1 and not found.crossed:
        said.append("each factor was varied alone: what two of them do together is not known")
    return said


def interaction_text(one: Interaction) -> str:
    """Return what a level does in two places: "gzip off → on helps A (1.2 times the throughput) and hurts B (0.8)"."""
    change = change_text(one.factor, against=one.against, level=one.level)
    times, interval = times_text(one.apart)
    place = f"{one.place} ({_times(one.one)} times the {METRIC_WORDS[one.metric.name]})"
    other_place = f"{one.other_place} ({_times(one.other)})"
    far = f"{times} times apart ({interval})"
    if not one.opposite:
        return f"{change} is not the same at {place} and {other_place}: {far}"
    raises, lowers = ("helps", "hurts") if one.metric.more_is_better else ("hurts", "helps")
    return f"{change} {raises} {place} and {lowers} {other_place}: {far}"


def _times(difference: Difference) -> str:
    """Return a ratio; it is known, or the two effects could not have been told apart."""
    assert difference.ratio is not None
    return ratio_texts(difference.ratio)[0]
