"""The answers in words: one sentence for each ranking, with its uncertainty."""

from collections.abc import Sequence

from controller.compare.pairs import ONE_TRIAL, Difference
from controller.compare.ranking import Placed, Ranking
from controller.compare.verdicts import Judged, Verdict
from controller.units import rate_text

_HUGE = 10.0
_ENDLESS = 1000.0
_ABSURD = 10_000


def answer(ranking: Ranking) -> str:
    """Return what a ranking says, in one sentence without a full stop."""
    measured = ranking.measured
    if not measured:
        return f"{scene(ranking)}: {_nothing(ranking)}"
    if len(measured) == 1:
        return _alone(ranking, measured[0])
    if len(measured) == 2:
        return _of_two(ranking)
    if len(ranking.leaders) == len(measured):
        return _all_tied(ranking)
    return _of_many(ranking)


def remark(ranking: Ranking) -> str | None:
    """Return the second sentence: what cannot be told between several leaders; None where there is nothing to add."""
    leaders = ranking.leaders
    if len(ranking.measured) < 3 or len(leaders) < 2 or len(leaders) == len(ranking.measured):
        return None
    between = f"between {_listed([leader.target for leader in leaders])} this run cannot tell"
    judged = [pair for names, pair in ranking.pairs.items() if set(names) <= {leader.target for leader in leaders}]
    seen = [pair.detectable for pair in judged if pair.detectable is not None]
    return f"{between}; {difference_text(max(seen))} would have been seen" if seen else between


def advice(ranking: Ranking) -> str | None:
    """Return how to go on from a search: at which rate latencies can be compared; None for any other ranking.

    At half of what the slowest holds none of them queues for long, and all are asked the same.
    """
    if ranking.slo is None or len(ranking.measured) < 2:
        return None
    held = [place.row.interval.mean for place in ranking.measured if place.row.interval is not None]
    rate_per_s = f"{min(held) / 2:.3g}"
    return (
        "latencies can be compared at one rate for all, such as half of what the slowest holds: "
        f'load = {{ model = "open", rate_per_s = {float(rate_per_s):g} }}'
    )


def scene(ranking: Ranking) -> str:
    """Return the scenario's name, with the variant where it is not the default."""
    return scene_text(ranking.scenario, ranking.variant)


def scene_text(scenario: str, variant: str) -> str:
    """Return how a scenario in a variant is named."""
    return scenario if variant == "default" else f"{scenario} ({variant})"


def _nothing(ranking: Ranking) -> str:
    """Return why no target has a number."""
    if ranking.slo is not None and any(place.row.trials for place in ranking.places):
        return f"{ranking.slo} was kept at no rate that was tried"
    return "no trial was measured to its end"


def _alone(ranking: Ranking, place: Placed) -> str:
    """Return the sentence for a single target."""
    interval = place.row.interval
    assert interval is not None  # it was measured
    rate = rate_text(interval.mean)
    if interval.low is not None and interval.high is not None:
        spread = f"{rate_text(interval.low)} to {rate_text(interval.high)}"
    else:
        spread = _one_search(place) if place.row.trials == 1 else "no spread known"
    if ranking.slo is not None:
        return f"{place.target} holds {rate}/s of {scene(ranking)} with {ranking.slo} ({spread})"
    return f"{place.target} answers {scene(ranking)} with {rate} requests/s ({spread})"


def _one_search(place: Placed) -> str:
    """Return what one trial shows instead of a spread: where a search missed, if it was one."""
    missed_per_s = place.row.numbers.capacity_high_per_s
    return ONE_TRIAL if missed_per_s is None else f"one trial: missed at {rate_text(missed_per_s)}/s"


def _of_two(ranking: Ranking) -> str:
    """Return the sentence for two targets."""
    first, second = ranking.measured
    judged = ranking.pairs[first.target, second.target]
    if judged.verdict is Verdict.FASTER:
        return _as_fast(ranking, first, second, judged.difference)
    if judged.verdict is Verdict.SLOWER:
        # Blocks that only one of them has can put the other on top; the pairs decide.
        return _as_fast(ranking, second, first, judged.difference.turned())
    which = "is faster" if ranking.slo is None else f"holds more with {ranking.slo}"
    return f"{scene(ranking)}: cannot tell which {which} ({_undecided(second, first, judged)})"


def _as_fast(ranking: Ranking, one: Placed, other: Placed, difference: Difference) -> str:
    """Return the sentence for a certain difference."""
    times, interval = times_text(difference)
    if ranking.slo is not None:
        held = f"holds {times} times the rate of {other.target} in {scene(ranking)} with {ranking.slo}"
        return f"{one.target} {held} ({interval})"
    return f"{one.target} answers {scene(ranking)} {times} times as fast as {other.target} ({interval})"


def _all_tied(ranking: Ranking) -> str:
    """Return the sentence for three or more targets that cannot be told apart."""
    first, last = ranking.measured[0], ranking.measured[-1]
    judged = ranking.pairs[first.target, last.target]
    count = len(ranking.measured)
    which = "is fastest" if ranking.slo is None else f"holds most with {ranking.slo}"
    return f"{scene(ranking)}: cannot tell which of {count} {which} ({_undecided(last, first, judged)})"


def _of_many(ranking: Ranking) -> str:
    """Return the sentence for three or more targets of which some are certainly slower."""
    leaders, measured = ranking.leaders, ranking.measured
    first, following, last = leaders[0], measured[len(leaders)], measured[-1]
    lead = f"{_listed([leader.target for leader in leaders])} {'lead' if len(leaders) > 1 else 'leads'}"
    subject = f"{first.target} {'is' if ranking.slo is None else 'holds'} " if len(leaders) > 1 else ""
    kept = "" if ranking.slo is None else f" with {ranking.slo}"
    text = f"{lead} {scene(ranking)}{kept}: {subject}{_beside(ranking, first, following)}"
    return text if last is following else f"{text} and {_beside(ranking, first, last)}"


def _beside(ranking: Ranking, first: Placed, other: Placed) -> str:
    """Return how many times as fast as another target the first is, without claiming what is not certain."""
    judged = ranking.pairs[first.target, other.target]
    if judged.difference.ratio is None:
        return f"ahead of {other.target} ({judged.difference.why_not})"
    times, interval = times_text(judged.difference)
    doubt = f"; {judged.caveat}" if judged.verdict is Verdict.CANNOT_TELL and judged.caveat else ""
    return f"{times} times {'as fast as' if ranking.slo is None else 'the rate of'} {other.target} ({interval}{doubt})"


def _undecided(lower: Placed, higher: Placed, judged: Judged) -> str:
    """Return the ratio that was seen, the slower to the faster, and what would have been needed to tell."""
    difference = judged.difference
    if difference.ratio is None:
        return difference.why_not or "no ratio"
    times, interval = times_text(difference.turned())
    parts = [f"{lower.target} {times} of {higher.target}, {interval}"]
    if judged.caveat and judged.caveat != difference.why_not:
        parts.append(judged.caveat)
    if judged.detectable is not None:
        parts.append(f"{difference_text(judged.detectable)} would have been seen")
    return "; ".join(parts)


def times_text(difference: Difference) -> tuple[str, str]:
    """Return a ratio and its interval, "4.6" and "4.4 to 4.9", or the reason why there is no interval.

    The ratio must be known. All three numbers have as many decimals as it takes to tell them apart.
    """
    assert difference.ratio is not None
    if difference.low is None or difference.high is None:
        return ratio_texts(difference.ratio)[0], difference.why_not or "no spread known"
    ratio, low, high = ratio_texts(difference.ratio, difference.low, difference.high)
    return ratio, f"{low} to {high}"


def ratio_texts(ratio: float, *ends: float) -> list[str]:
    """Return a ratio and the ends of its interval, all with as many decimals as it takes to tell them apart.

    An end that is not 1 never reads as 1; three decimals at most.
    """
    ratios = (ratio, *ends)
    if max(ratios) > _ABSURD * min(ratios):
        # An interval over so many powers of ten says that nothing is known; more digits would only hide it.
        return [f"{one:.2g}" for one in ratios]
    texts: list[str] = []
    for decimals in range(0 if min(ratios) >= 10 else 1 if min(ratios) >= 1.995 else 2, 4):
        texts = [f"{one:,.{decimals}f}" for one in ratios]
        unlike_one = all(
            end == 1 or float(text.replace(",", "")) != 1 for end, text in zip(ends, texts[1:], strict=True)
        )
        if len(set(texts)) == len(set(ratios)) and unlike_one:
            break
    return texts


def difference_text(share: float) -> str:
    """Return a detectable difference in words: "a difference above 9 %", or of so many times where it is huge."""
    if share >= _ENDLESS:
        return f"no difference below {_ENDLESS:,.0f} times"
    if share >= _HUGE:
        return f"only a difference of more than {share + 1:,.0f} times"
    return f"a difference above {percent_text(share)}"


def percent_text(share: float) -> str:
    """Return a share as a percentage: whole numbers from 2 % on, a decimal below, never 0 for what is not.

    From tenfold on it is "over 1,000 %": more digits would say no more.
    """
    percent = share * 100
    if share > _HUGE:
        return "over 1,000 %"
    if percent >= 1.95:
        return f"{percent:,.0f} %"
    return f"{percent:.1f} %" if percent >= 0.05 or percent == 0 else "0.1 %"


def _listed(names: Sequence[str]) -> str:
    """Return names as a reader lists them: a, b and c; beyond four only how many more there are."""
    if len(names) > 4:
        return f"{', '.join(names[:3])} and {len(names) - 3} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
