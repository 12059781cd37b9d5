"""Draws: how the values of the places in a request are chosen, anew for each request."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Final, TypeAlias

from controller.errors import PlanError
from controller.plan.toml_text import found_text

# The table of a zipf draw holds 8 bytes for each rank, on every worker.
MOST_RANKS: Final = 1_000_000
# A place in a path or in JSON: a name in braces.
PLACE: Final = re.compile(r"\{([a-z_][a-z0-9_]{0,63})\}")

_EXAMPLES: Final = '"uniform(1, 1000)", "zipf(1000, 1.1)", "sequence", "choice(a, b)" or "uuid"'
_WHOLE: Final = r"(-?\d{1,15})"
_FORM: Final = re.compile(
    rf"(uuid|sequence)|uniform\( ?{_WHOLE} ?, ?{_WHOLE} ?\)"
    r"|zipf\( ?([1-9]\d{0,8}) ?, ?(\d{1,3}(?:\.\d{1,9})?) ?\)"
    r"|choice\(([!-'*-~ ]{1,10000})\)",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Uniform:
    """A whole number from low to high, both included, each as often as the others."""

    low: int
    high: int

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise PlanError(f"expected uniform(LOW, HIGH), found uniform({self.low}, {self.high})")


@dataclass(frozen=True, slots=True)
class Zipf:
    """A whole number from 1 to ranks; k comes with weight 1 / k ** exponent."""

    ranks: int
    exponent: float

    def __post_init__(self) -> None:
        if self.ranks > MOST_RANKS:
            raise PlanError(f"expected zipf(N, S) with N up to {MOST_RANKS:,}, found N = {self.ranks:,}")


@dataclass(frozen=True, slots=True)
class Choice:
    """One of some texts, each as often as the others."""

    values: tuple[str, ...]

    def __post_init__(self) -> None:
        if not all(self.values):
            raise PlanError("expected choice(A, B, ...) without empty values, found one")


@dataclass(frozen=True, slots=True)
class Sequential:
    """How many requests of the same kind came before: 0, 1, 2, ..., over all workers."""


@dataclass(frozen=True, slots=True)
class Uuid:
    """A random UUID, version 4."""


Draw: TypeAlias = Uniform | Zipf | Choice | Sequential | Uuid


def draw_of(text: object) -> Draw:
    """Return the draw that a plan names, as in "zipf(1000, 1.1)". Raises PlanError for what names none."""
    match = _FORM.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise PlanError(f"expected a draw such as {_EXAMPLES}, found {found_text(text)}")
    name, low, high, ranks, exponent, values = match.groups()
    if name is not None:
        return Uuid() if name == "uuid" else Sequential()
    if low is not None:
        return Uniform(int(low), int(high))
    if ranks is not None:
        return Zipf(int(ranks), float(exponent))
    return Choice(tuple(value.strip() for value in values.split(",")))


def values_of(draw: Draw) -> Sequence[object] | None:
    """Return all that a draw can give, each once; None where there is no end to it."""
    match draw:
        case Uniform(low, high):
            return range(low, high + 1)
        case Zipf(ranks):
            return range(1, ranks + 1)
        case Choice(values):
            return tuple(dict.fromkeys(values))
        case _:
            return None


def distinct(draws: Iterable[tuple[str, str]]) -> float:
    """Return how many different requests draws lead to; infinity for a sequence and for UUIDs."""
    many = 1.0
    for _, text in draws:
        values = values_of(draw_of(text))
        many *= inf if values is None else len(values)
    return many


def places_of(*texts: str) -> tuple[str, ...]:
    """Return the names of all places in some texts, each once."""
    return tuple(dict.fromkeys(name for text in texts for name in PLACE.findall(text)))
