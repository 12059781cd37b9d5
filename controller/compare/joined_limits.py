"""Limits that the second of two runs is held to: by its own numbers, or beside the first run."""

from collections.abc import Iterable, Iterator, Sequence

from controller.compare.blocks import doubts_of
from controller.compare.joining import Joint
from controller.compare.limits import Held, Holding, Limit, held_ratio, hold_limits, worst_first
from controller.compare.matched import Matched
from controller.compare.summary import column_metric
from controller.measure.trial import TrialResult


def hold_joined(
    limits: Iterable[Limit], joint: Joint, tables: Sequence[Matched], second: Sequence[TrialResult]
) -> tuple[Held, ...]:
    """Return how the second run keeps every limit; of each limit worst first.

    "baseline" is the first run: its targets, each as a ratio of ratios to the target that joins the runs. A target
    whose build is the same in both is not asked about. A number by itself is that of the second run.
    """
    judged = (
        worst_first(_beside(limit, joint, tables)) if limit.relative else hold_limits([limit], second, baseline="")
        for limit in limits
    )
    return tuple(held for one in judged for held in one)


def _beside(limit: Limit, joint: Joint, tables: Sequence[Matched]) -> Iterator[Held]:
    asked = [(table, pair) for table in tables for pair in joint.pairs if not pair.same_build]
    if not asked:
        why_not = "no target differs in its build from the first run to the second"
        yield Held(limit=limit, holding=Holding.CANNOT_TELL, why_not=why_not)
    for table, pair in asked:
        yield held_ratio(
            limit,
            table.difference(joint, pair, metric=column_metric(limit.metric)),
            target=pair.candidate,
            scenario=table.scenario,
            variant=table.variant,
            beside=f"{pair.baseline} of the first run",
            doubts=doubts_of(table.second.get(pair.candidate, ())),
        )
