"""What a target costs to run beside the load: time to start, memory, and how much of it there is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from controller.measure.trial import TrialResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one target costs. startup_s and idle_rss_bytes are medians over trials, peak_rss_bytes is the greatest.

    None is not known.
    """

    startup_s: float | None = None
    idle_rss_bytes: float | None = None
    peak_rss_bytes: int | None = None
    code_lines: int | None = None
    build_bytes: int | None = None

    @property
    def known(self) -> bool:
        """Whether anything is known beside what rankings show already."""
        others = (self.startup_s, self.idle_rss_bytes, self.code_lines, self.build_bytes)
        return any(value is not None for value in others)


def cost_of(trials: Sequence[TrialResult]) -> Cost:
    """Return what the target of some trials costs; of its build the last trial that knows counts."""
    return Cost(
        startup_s=_middle(trial.startup_s for trial in trials),
        idle_rss_bytes=_middle(trial.idle_rss_bytes for trial in trials),
        peak_rss_bytes=max(
            (trial.usage["server"].peak_rss_bytes for trial in trials if "server" in trial.usage), default=None
        ),
        code_lines=_last(trial.code_lines for trial in trials),
        build_bytes=_last(trial.build_bytes for trial in trials),
    )


def costs(trials: Iterable[TrialResult]) -> dict[str, Cost]:
    """Return the cost of each target over all its trials that were measured to the end; without those not known."""
    of_target: dict[str, list[TrialResult]] = {}
    for trial in trials:
        if trial.ok:
            of_target.setdefault(trial.target, []).append(trial)
    found = {target: cost_of(some) for target, some in of_target.items()}
    return {target: cost for target, cost in found.items() if cost.known}


def _middle(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None


def _last(values: Iterable[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return known[-1] if known else None
