"""Whether a run has enough blocks where a plan does not fix how many: by how wide intervals are, not by verdicts."""

from collections.abc import Iterable, Mapping, Sequence
from math import inf

from controller.compare.blocks import Cell, by_block, cells
from controller.compare.metrics import metrics_of
from controller.compare.pairs import Difference, paired_difference
from controller.measure.trial import TOGETHER, TrialResult


def enough(
    trials: Iterable[TrialResult], *, baselines: Mapping[str, str], at_least: int, at_most: int, until: float
) -> bool:
    """Return whether the whole blocks that were run are enough; to be asked after each, with the trials of all of them.

    baselines has that of each scenario, by their names.

    until is the half-width, as a share of the ratio, that the widest ratio of a target to the baseline may have, over
    all scenarios and variants: of throughput, or of capacity where that was searched. Beyond at_least blocks it has to
    be that narrow at two looks in a row, or half as wide at a single one. A width is measured too, and who stops at
    the first one that happens to be small picks runs whose spread came out too small: intervals of 95 % then cover
    92.6 % where trials spread by 3.5 %, until is 0.03 and a run has 5 to 12 blocks; with this rule it is 93.0 % at the
    worst (simulated). A ratio that cannot be known, such as that of a target that does not start, gets no
    narrower and is not waited for.

    Stopping at a verdict instead would make 18 % of those on equal targets false (simulated), and not 5 %.
    """
    found = list(trials)
    blocks = sorted({trial.block for trial in found})
    if len(blocks) < at_least:
        return False
    if len(blocks) >= at_most:
        return True
    now = widest(ratios_to(baselines, found))
    before = inf
    if len(blocks) > at_least:
        before = widest(ratios_to(baselines, [trial for trial in found if trial.block != blocks[-1]]))
    return is_narrow(now, before, until=until)


def is_narrow(now: float, before: float, *, until: float) -> bool:
    """Return whether a half-width is small enough, given the one a block earlier, which is endless before at_least."""
    return now <= until / 2 or (now <= until and before <= until)


def widest(ratios: Iterable[Difference]) -> float:
    """Return the greatest half-width of ratios, as a share: 0 without any ratio, endless where one has no spread."""
    return max((inf if (width := ratio.half_width) is None else width for ratio in ratios if ratio.ratio), default=0.0)


def ratios_to(baselines: Mapping[str, str], trials: Iterable[TrialResult]) -> list[Difference]:
    """Return each target's ratio to the baseline in every scenario and variant, in what it is ranked by."""
    grouped = cells(trials)
    return [
        _ratio(grouped, cell, Cell(cell.scenario, cell.variant, baselines[cell.scenario]))
        for cell in grouped
        if cell.target != baselines[cell.scenario]
    ]


def _ratio(grouped: Mapping[Cell, Sequence[TrialResult]], cell: Cell, base: Cell) -> Difference:
    metric = metrics_of(grouped[cell])[0]
    one, other = (by_block(grouped.get(which, ()), metric=metric, endpoint=TOGETHER) for which in (cell, base))
    return paired_difference(one, other)
