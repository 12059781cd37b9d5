"""Which rankings a reader sees whole, and which comparisons beside them."""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from controller.compare.findings import Findings
from controller.compare.ranking import Ranking
from controller.compare.verdicts import Comparison
from controller.measure.trial import TOGETHER

# Of one scenario: more of them would bury what its factors do.
_MOST_VARIANTS: Final = 4


def shown_whole(rankings: Sequence[Ranking]) -> tuple[list[Ranking], list[Ranking]]:
    """Return the rankings that come first, with their tables, and those that a sentence or a place below has to do for.

    Of many variants of a scenario the first comes first, which effects start from: what the others change stands there.
    """
    many = {name for name, n in Counter(one.scenario for one in rankings).items() if n > _MOST_VARIANTS}
    first = {one.scenario: one for one in reversed(rankings)}
    leads = [one.scenario not in many or one is first[one.scenario] for one in rankings]
    whole = [one for one, leading in zip(rankings, leads, strict=True) if leading]
    return whole, [one for one, leading in zip(rankings, leads, strict=True) if not leading]


def beside_baseline(findings: Findings, ranking: Ranking) -> list[Comparison]:
    """Return what candidates are compared by beside the baseline's, in the ranking's order.

    Empty where the ranking's sentence has said it all: with fewer than three targets, or without a baseline.
    """
    order = [place.target for place in ranking.places]
    rows = [
        row
        for row in findings.comparisons
        if (row.scenario, row.variant) == (ranking.scenario, ranking.variant)
        and (row.metric, row.endpoint) == (ranking.metric.name, TOGETHER)
    ]
    if len(order) < 3 or not {row.baseline for row in rows} <= set(order):
        return []
    return sorted(rows, key=lambda row: order.index(row.candidate))
