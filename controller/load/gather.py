"""What gathers during a trial: of each window only what its result needs, however long the trial is."""

from dataclasses import dataclass, field

from controller.load.drive import Driven
from controller.measure.trial import Usage
from controller.measure.window import EndpointCounts, Phase, Window, merged_window
from controller.stack.reached import Reached

# Merging costs a pass over all buckets: done for so many windows at once, memory stays small and time linear.
_MERGED_AT_ONCE = 64


@dataclass(slots=True, kw_only=True)
class Gathered:
    """One trial as far as it has come. rates are attempts per second of each measured window.

    everything counts all phases, without latencies; measured are the windows of the measured phase, merged
    as they come. reached is the target where it ran already.
    """

    reached: Reached | None = None
    startup_s: float | None = None
    driven: Driven | None = None
    usage: dict[str, Usage] = field(default_factory=dict)
    rates: list[float] = field(default_factory=list)
    errors: dict[str, int] = field(default_factory=dict)
    samples: int = 0
    answered: int = 0
    _parts: list[Window] = field(default_factory=list)

    def keep(self, window: Window) -> None:
        """Take a sealed window."""
        together = window.together
        self.samples += together.samples
        self.answered += together.answered
        for kind, n in together.errors.items():
            self.errors[kind] = self.errors.get(kind, 0) + n
        if window.phase is Phase.MEASURED:
            self.rates.append(together.attempts / (window.end_s - window.start_s))
            self._parts.append(window)
            if len(self._parts) >= _MERGED_AT_ONCE:
                self._parts = [merged_window(self._parts)]

    @property
    def attempts(self) -> int:
        """Requests of all phases that came to an end."""
        return self.samples + sum(self.errors.values())

    @property
    def measured(self) -> dict[str, EndpointCounts]:
        """The measured phase by endpoint; empty without a window of it."""
        return dict(merged_window(self._parts).endpoints) if self._parts else {}

    @property
    def seconds(self) -> float | None:
        """How long the measured windows are together; None without one."""
        if not self._parts:
            return None
        return max(part.end_s for part in self._parts) - min(part.start_s for part in self._parts)
