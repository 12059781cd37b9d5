"""Which trial runs next: all as planned, and at the end of each block those once more whose doubt may pass."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from controller.measure.trial import INTERRUPTED, TrialResult
from controller.plan.schedule import Trial


@dataclass(slots=True, kw_only=True)
class Agenda:
    """Trials that are still to run, in planned order; repeats are owed to trials that were run already.

    repeat says whether any is repeated at all. A trial is repeated once: what is in doubt twice is not cured by it.
    enough is asked after each whole block, with its number, whether those that follow need not be run.
    """

    todo: list[Trial]
    owed: list[Trial] = field(default_factory=list)
    repeat: bool = True
    enough: Callable[[int], bool] = lambda _block: False

    def __len__(self) -> int:
        """Return how many are known to be left."""
        return len(self.todo) + len(self.owed)

    def next(self) -> tuple[Trial, bool]:
        """Take the next trial off, and whether it is a repeat: those of a block come before the next block's trials."""
        if self.owed and (not self.todo or self.owed[0].block < self.todo[0].block):
            return self.owed.pop(0), True
        return self.todo.pop(0), False

    def ended(self, trial: Trial, result: TrialResult, *, again: bool) -> None:
        """Hear what a trial came to."""
        if self.repeat and not again and _may_pass(result):
            self.owed.append(trial)
            self.owed.sort(key=lambda one: one.number)
        self.look(trial.block)

    def look(self, block: int) -> None:
        """Leave out all that is still to run where blocks until this one are whole and enough."""
        if self.todo and not self.owed and self.todo[0].block > block and self.enough(block):
            self.todo.clear()


def owed_repeats(planned: Iterable[Trial], stored: Iterable[TrialResult]) -> list[Trial]:
    """Return the planned trials that a run which was cut short would have repeated and did not, in planned order.

    One that was cut short was not run.
    """
    results: dict[int, list[TrialResult]] = {}
    for result in stored:
        if result.outcome != INTERRUPTED:
            results.setdefault(result.trial, []).append(result)
    owed = {number for number, found in results.items() if len(found) == 1 and _may_pass(found[0])}
    return [trial for trial in planned if trial.number in owed]


def _may_pass(result: TrialResult) -> bool:
    return result.ok and any(doubt.passing for doubt in result.doubts)
