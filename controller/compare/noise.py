"""Notes that come from all trials and from the machine: windows that scatter, and cores of unknown kind."""

from collections.abc import Iterable, Iterator, Mapping
from statistics import median
from typing import Any

from controller.compare.blocks import counted_trials
from controller.measure.doubt import DoubtKind
from controller.measure.steady import STEADY_HALVES
from controller.measure.trial import TrialResult


def noise_notes(trials: Iterable[TrialResult]) -> Iterator[str]:
    """Yield one note on trials whose halves differ by more than 3 % though their windows explain it: only noisy.

    It is no doubt, since trials that scatter make wide intervals.
    """
    counted = [trial for trial in counted_trials(trials) if trial.ok and trial.drift is not None]
    spreads = [trial.spread for trial in counted if trial.spread is not None and _is_noisy(trial)]
    if spreads:
        low, high = min(spreads), max(spreads)
        between = f"{low:.1%}" if len(spreads) == 1 else f"{low:.1%} to {high:.1%}, {median(spreads):.1%} in the middle"
        yield (
            f"noisy: in {len(spreads)} of {len(counted)} trials the halves of the measured phase differ by more than "
            f"{STEADY_HALVES:.0%}, as windows of a second that scatter by {between}, make them; "
            "the intervals over trials show it"
        )


def _is_noisy(trial: TrialResult) -> bool:
    doubted = any(doubt.kind is DoubtKind.NOT_STEADY for doubt in trial.doubts)
    return trial.drift is not None and abs(trial.drift) > STEADY_HALVES and not doubted


def machine_notes(facts: Mapping[str, Any]) -> Iterator[str]:
    """Yield what facts.json says of the machine that a reader must know beside every number."""
    machine = facts.get("machine")
    topology = machine.get("topology") if isinstance(machine, Mapping) else None
    if isinstance(topology, str) and topology.startswith("unknown"):
        yield f"topology {topology}: two cores may be threads of one, and slow each other"
