"""Which comparisons a reader sees beside a ranking."""

from controller.compare.findings import Findings
from controller.compare.ranking import Ranking
from controller.compare.verdicts import Comparison
from controller.measure.trial import TOGETHER


def beside_baseline(findings: Findings, ranking: Ranking) -> list[Comparison]:
    """Return what candidates are compared by beside the baseline's, in the ranking's order.

    Empty where the ranking's sentence has said it all: with fewer than three targets, or without a baseline.
    """
    if len(ranking.places) < 3 or findings.baseline not in {place.target for place in ranking.places}:
        return []
    order = [place.target for place in ranking.places]
    rows = [
        row
        for row in findings.comparisons
        if (row.scenario, row.variant) == (ranking.scenario, ranking.variant)
        and (row.metric, row.endpoint) == (ranking.metric.name, TOGETHER)
    ]
    return sorted(rows, key=lambda row: order.index(row.candidate))
