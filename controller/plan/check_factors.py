"""Which factors a plan may name, and at which levels."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from controller.plan.factors import FACTORS, Level
from controller.plan.plan import VARY
from controller.plan.problems import Problems
from controller.plan.rules import LIST
from controller.plan.together import NEEDS, choices_text
from controller.plan.toml_text import KeyPath, found_text, toml_value

# A target gives up on its database after so long (backing_wait_ms of the contract), and a login takes two answers.
BACKING_WAIT_MS: Final = 900
_LOGIN_ANSWERS: Final = 2


def check_factors(
    table: dict[str, Any],
    problems: Problems,
    *,
    at: KeyPath = ("factors",),
    beside: Mapping[str, Sequence[Level]] | None = None,
) -> dict[str, list[Level]]:
    """Note every problem of the factors; return the right levels of those named.

    beside has the right levels of the plan's own table, where this is that of a scenario: what it does not name is as
    that table says.
    """
    levels = {}
    known = (*FACTORS, "vary") if beside is None else tuple(FACTORS)
    for name, value in table.items():
        if name not in known:
            problems.unknown(name, known, (*at, name), what="factor")
        elif name == "vary":
            problems.expect(value, VARY, (*at, name))
        elif right := _right_levels(name, value, (*at, name), problems):
            levels[name] = right
    _check_needs(levels, problems, at=at, beside=beside or {})
    _check_delays(levels.get("db_delay_ms", ()), (*at, "db_delay_ms"), problems)
    return levels


def _right_levels(name: str, value: object, path: KeyPath, problems: Problems) -> list[Level]:
    """Return a factor's levels that are right, and note the others."""
    if not isinstance(value, list):
        found, example = found_text(value), toml_value([FACTORS[name].default])
        problems.add(path, f"expected {LIST.expected} of levels such as {example}, found {found}")
        return []
    if not value:
        problems.add(path, "expected at least one level, found none")
    right: list[Level] = []
    for index, level in enumerate(value):
        if not problems.expect(level, FACTORS[name].rule, (*path, index)):
            continue
        if level in right:
            problems.add((*path, index), f"expected each level once, found {found_text(level)} again")
        right.append(level)
    return right


def _check_delays(delays_ms: Sequence[Level], path: KeyPath, problems: Problems) -> None:
    """Note delays of the database with which no target could log in: it would answer 503, as the contract asks."""
    limit_ms = BACKING_WAIT_MS // _LOGIN_ANSWERS
    for index, delay_ms in enumerate(delays_ms):
        if isinstance(delay_ms, int) and delay_ms >= limit_ms:
            text = (
                f"expected less than {limit_ms}: a target waits {BACKING_WAIT_MS} ms for its database to log it in, "
                f"which takes {_LOGIN_ANSWERS} answers; found {delay_ms}"
            )
            problems.add((*path, index), text)


def _check_needs(
    levels: Mapping[str, Sequence[Level]], problems: Problems, *, at: KeyPath, beside: Mapping[str, Sequence[Level]]
) -> None:
    """Note levels that nothing in the plan makes possible; which of the others can be together is seen later."""
    for (name, level), needs in NEEDS.items():
        if level not in levels.get(name, ()):
            continue
        for other, possible in needs:
            found = levels.get(other, beside.get(other, [FACTORS[other].default]))
            if not set(found) & set(possible):
                wanted, there = choices_text(possible), toml_value(list(found))
                text = f"{toml_value(level)} needs the factor {other} at {wanted}, found {there}"
                problems.add((*at, name, levels[name].index(level)), text)
