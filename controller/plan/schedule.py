"""The order of a run's trials, and how long they take."""

from dataclasses import dataclass

from controller.plan.factors import Variant


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One target x variant x scenario of one block. number counts from 1 in planned order, block from 1."""

    number: int
    block: int
    target: str
    variant: Variant
    scenario: str
