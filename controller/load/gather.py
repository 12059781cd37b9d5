"""What gathers during a trial: of each window only what its result needs, however long the trial is."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.load.drive import Driven
from controller.measure.machine import MachineTime
from controller.measure.steady import Pace
from controller.measure.step import Capacity, Step
from controller.measure.trial import Usage
from controller.measure.window import EndpointCounts, Phase, Window, merged_by_endpoint, merged_counts
from controller.stack.reached import Reached

# Merging costs a pass over all buckets: done for so many windows at once, memory stays small and time linear.
_MERGED_AT_ONCE = 64


@dataclass(slots=True, kw_only=True)
class Gathered:
    """One trial as far as it has come. paces has how fast each measured window went.

    in_flight is how many arrivals of an open load were waited for at the bounds of these windows, users how many
    there were in any of them. errors, samples and answered count all phases, without latencies; what belongs to the
    measured phase is merged as it comes. In a search that is its best step so far, and steps are all of them. reached
    is the target where it ran already; machine and controller are what both did in the measured phase; preloaded is
    TrialResult's.
    """

    reached: Reached | None = None
    startup_s: float | None = None
    idle_rss_bytes: int | None = None
    preloaded: int | None = None
    driven: Driven | None = None
    steps: list[Step] = field(default_factory=list)
    capacity: Capacity | None = None
    usage: dict[str, Usage] = field(default_factory=dict)
    machine: MachineTime | None = None
    controller: Usage | None = None
    paces: list[Pace] = field(default_factory=list)
    in_flight: list[int] = field(default_factory=list)
    users: set[int] = field(default_factory=set)
    errors: dict[str, int] = field(default_factory=dict)
    samples: int = 0
    answered: int = 0
    _waiting: int = 0
    _bounds_s: tuple[float, float] | None = None
    _parts: list[Mapping[str, EndpointCounts]] = field(default_factory=list)

    def keep(self, window: Window) -> None:
        """Take a sealed window."""
        before = self._waiting
        together = self.count(window)
        if window.phase is Phase.MEASURED:
            if together.lag is not None:
                self.in_flight += [self._waiting] if self.in_flight else [before, self._waiting]
            self.users.add(window.users)
            self.paces.append(Pace.of(together, seconds=window.end_s - window.start_s))
            from_s, until_s = self._bounds_s or (window.start_s, window.end_s)
            self._bounds_s = min(from_s, window.start_s), max(until_s, window.end_s)
        self._parts.append(window.measured)
        if len(self._parts) >= _MERGED_AT_ONCE:
            self._parts = [merged_by_endpoint(self._parts)]

    def count(self, window: Window) -> EndpointCounts:
        """Count a sealed window without keeping it: it is of a step that may not be the one that counts.

        Returns what came to an end in it.
        """
        together = window.together
        self.samples += together.samples
        self.answered += together.answered
        self._waiting += (0 if together.lag is None else together.lag.samples) - together.attempts
        for kind, n in together.errors.items():
            self.errors[kind] = self.errors.get(kind, 0) + n
        return together

    def stand_for(self, step: "Gathered") -> None:
        """Take what was measured in a step, and what parties used then, as that of the trial."""
        self.usage, self.paces, self._parts, self._bounds_s = step.usage, step.paces, step._parts, step._bounds_s
        self.machine, self.controller = step.machine, step.controller

    @property
    def attempts(self) -> int:
        """Requests of all phases that came to an end."""
        return self.samples + sum(self.errors.values())

    @property
    def measured(self) -> dict[str, EndpointCounts]:
        """The measured phase by endpoint; empty without a window of it."""
        return merged_by_endpoint(self._parts)

    @property
    def together(self) -> EndpointCounts:
        """The measured phase, all endpoints together."""
        return merged_counts(self.measured.values())

    @property
    def seconds(self) -> float | None:
        """How long the measured windows are together; None without one."""
        # Sums of seconds are off by a rounding.
        return None if self._bounds_s is None else round(self._bounds_s[1] - self._bounds_s[0], 9)
