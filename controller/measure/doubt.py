"""Reasons to distrust a trial, and notes on what the plan or the machine imply: data, not exceptions."""

from dataclasses import dataclass
from enum import StrEnum


class DoubtKind(StrEnum):
    """A reason to distrust a trial; each leads to exit status 11."""

    GENERATOR_SATURATED = "generator saturated"
    NOT_STEADY = "not steady"
    WARMUP_CAPPED = "warm-up capped"
    ERRORS = "errors"
    CONTRACT_BROKEN = "contract broken under load"
    WORKER_LOST = "worker or window lost"
    SENDS_LATE = "sends late"
    NOT_ANSWERED = "arrivals not answered"
    SHARED_CORES = "shared cores busy"
    SCRIPT = "script failed"


@dataclass(frozen=True, slots=True)
class Doubt:
    """One reason, with the numbers that raised it in words a reader can check."""

    kind: DoubtKind
    evidence: str
