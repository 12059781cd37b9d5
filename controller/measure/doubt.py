"""Reasons to distrust a trial, and notes on what the plan or the machine imply: data, not exceptions."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final


class DoubtKind(StrEnum):
    """A reason to distrust a trial, or all trials of a target or a run; each leads to exit status 11."""

    GENERATOR_SATURATED = "generator saturated"
    NOT_STEADY = "not steady"
    WARMUP_CAPPED = "warm-up capped"
    ERRORS = "errors"
    CONTRACT_BROKEN = "contract broken under load"
    WORKER_LOST = "worker or window lost"
    SENDS_LATE = "sends late"
    NOT_ANSWERED = "arrivals not answered"
    BEHIND = "answers fell behind"
    SHARED_CORES = "shared cores busy"
    SCRIPT = "script failed"
    STOLEN = "CPU stolen"
    OTHER_LOAD = "other load"
    THROTTLED = "throttled"
    LITTLE = "Little's law broken"
    DRIFTS = "drifts in every trial"
    BASELINE_DRIFT = "baseline drifted"


# What may be gone when a trial is run once more; all others lie in the plan, the target or the machine as it is.
PASSING: Final = frozenset(
    {
        DoubtKind.STOLEN,
        DoubtKind.OTHER_LOAD,
        DoubtKind.THROTTLED,
        DoubtKind.NOT_STEADY,
        DoubtKind.WORKER_LOST,
    }
)

# What the reader can do about each.
REMEDIES: Final[Mapping[DoubtKind, str]] = MappingProxyType(
    {
        DoubtKind.GENERATOR_SATURATED: "give the generator more cores (cpus.generator, load.workers)",
        DoubtKind.NOT_STEADY: "measure longer (load.duration_s) on a quieter machine",
        DoubtKind.WARMUP_CAPPED: "give load.warmup_s a number of seconds that is enough for this server",
        DoubtKind.ERRORS: "see errors.csv and the server's log in logs/",
        DoubtKind.CONTRACT_BROKEN: "see wrong/ for what was answered, and run fastserve targets check",
        DoubtKind.WORKER_LOST: "see the worker's log in logs/; memory may have run out",
        DoubtKind.SENDS_LATE: "lower the rate or give the generator more cores (cpus.generator)",
        DoubtKind.NOT_ANSWERED: "lower the rate until the server answers in time, or search it (load.model = capacity)",
        DoubtKind.BEHIND: "lower the rate until the server keeps up, or search it (load.model = capacity)",
        DoubtKind.SHARED_CORES: "compare CPU a request instead, or run on a machine with more cores",
        DoubtKind.SCRIPT: "run the Locust file by itself, with locust -f, and mend what it raises",
        DoubtKind.STOLEN: "run on a machine of your own, or when its neighbours rest",
        DoubtKind.OTHER_LOAD: "end what else runs on these cores",
        DoubtKind.THROTTLED: "raise or lift the CPU limit of the container or service that this runs in",
        DoubtKind.LITTLE: "see errors.csv: connections paused, or latencies are not those of all requests",
        DoubtKind.DRIFTS: "warm up longer (load.warmup_s) or measure longer (load.duration_s)",
        DoubtKind.BASELINE_DRIFT: "trust ratios, not absolute figures; rest the machine and run again",
    }
)


@dataclass(frozen=True, slots=True)
class Doubt:
    """One reason, with the numbers that raised it in words a reader can check."""

    kind: DoubtKind
    evidence: str

    @property
    def passing(self) -> bool:
        """Whether it may be gone when the trial is run once more."""
        return self.kind in PASSING
