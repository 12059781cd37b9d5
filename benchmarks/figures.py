"""A figure that has a bound of its own instead of a tool beside it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What was asked (name), what was found and what was to be reached, in words with their numbers."""

    name: str
    found: str
    bound: str
    reached: bool
