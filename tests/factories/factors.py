"""Trials of runs that vary factors, with planted effects, from a seed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import product
from math import exp, prod
from random import Random

from controller.measure.histogram import recorded
from controller.measure.trial import TrialResult, Usage
from controller.measure.window import EndpointCounts
from controller.plan.factors import Level, variant_of
from tests.factories.trials import trial_of

Levels = Mapping[str, Level]
SHARED = "2 cores: target and backing services share core 0"


def all_combinations(varied: Mapping[str, Sequence[Level]]) -> list[Levels]:
    """Return every combination of levels: what vary = "all" runs."""
    return [dict(zip(varied, levels, strict=True)) for levels in product(*varied.values())]


def one_at_a_time(varied: Mapping[str, Sequence[Level]]) -> list[Levels]:
    """Return the first levels, and each other level beside the first ones of the other factors."""
    base = {factor: levels[0] for factor, levels in varied.items()}
    return [base, *({**base, factor: level} for factor, levels in varied.items() for level in levels[1:])]


def times(**planted: float) -> Callable[[str, Levels], float]:
    """Return a truth for varied_run: gzip_on=0.5 halves the rate at every target where gzip is on."""
    names = {name: name.rsplit("_", 1) for name in planted}
    return lambda _, levels: prod(
        ratio for name, ratio in planted.items() if str(levels.get(names[name][0])) == names[name][1]
    )


def varied_run(
    combinations: Iterable[Levels],
    *,
    truth: Callable[[str, Levels], float] = lambda *_: 1.0,
    targets: Sequence[str] = ("go-fiber", "node-fastify"),
    scenario: str = "quotes",
    blocks: int = 5,
    spread: float = 0.015,
    notes: Sequence[str] = (),
    seed: int = 1,
) -> list[TrialResult]:
    """Return trials of each target with each combination of levels; truth says how many times the rate that makes.

    All factors that the levels do not name are at their defaults. CPU a request goes as the inverse of the rate, as it
    does where one core is the limit. Noise is lognormal.
    """
    random = Random(seed)
    listed = [(target, levels) for target in targets for levels in combinations]
    trials: list[TrialResult] = []
    for block in range(1, blocks + 1):
        for target, levels in random.sample(listed, len(listed)):
            rate = 4000 * truth(target, levels) * exp(random.gauss(0, spread))
            one = trial_of(
                target,
                scenario=scenario,
                block=block,
                rate_per_s=rate,
                trial=len(trials) + 1,
                endpoints={"/api/db": _alike(rate)},
                notes=notes,
            )
            trials.append(_at(one, levels))
    return trials


def _alike(rate_per_s: float) -> EndpointCounts:
    """Return the counts of four seconds whose answers all took equally long, 64 at once: they cost nothing to make."""
    samples = round(4 * rate_per_s)
    return EndpointCounts(latency=recorded({round(64_000_000 / rate_per_s): samples}), bytes=200 * samples)


def _at(trial: TrialResult, levels: Levels) -> TrialResult:
    """Return a trial at some levels, with the parties that those bring."""
    variant = variant_of(levels)
    usage = dict(trial.usage)
    if levels.get("proxy") == "nginx":
        usage["proxy"] = Usage(cpu_s=0.5 * usage["server"].cpu_s, busiest=0.5, peak_rss_bytes=9_000_000)
    if levels.get("db") == "mysql":
        usage["database"] = Usage(cpu_s=0.2 * usage["server"].cpu_s, busiest=0.2, peak_rss_bytes=90_000_000)
    if levels.get("cache") == "redis":
        usage["cache"] = Usage(cpu_s=0.1 * usage["server"].cpu_s, busiest=0.1, peak_rss_bytes=9_000_000)
    return replace(trial, factors=dict(variant.levels), variant=variant.label, usage=usage)
