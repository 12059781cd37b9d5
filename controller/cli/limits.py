"""`--fail-if` and `--strict`: limits that a run is held to, and whether one of them fails it."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import click

from controller.errors import PlanError

if TYPE_CHECKING:
    from controller.compare.limits import Held, Limit

Command = TypeVar("Command", bound=Callable[..., Any])


def limit_options(command: Command) -> Command:
    """Give a command the options --fail-if, as often as one likes, and --strict."""
    strict = click.option("--strict", is_flag=True, help="With --fail-if: 10 also where one cannot tell.")
    fail_if = click.option(
        "--fail-if",
        metavar="LIMIT",
        multiple=True,
        help="Exit with status 10 where a number of summary.csv is beyond a limit with its whole 95 % interval: "
        '"latency_p99_ms > 20", or beside the baseline "throughput_per_s < 0.9 * baseline".',
    )
    return fail_if(strict(command))


def read_limits(expressions: Sequence[str], *, strict: bool) -> "tuple[Limit, ...]":
    """Return the limits that a command was given. Raises PlanError for an expression that is none."""
    if strict and not expressions:
        raise PlanError("--strict: expected at least one --fail-if beside it, found none")
    if not expressions:
        return ()
    # Imported here: help and runs without a limit need none of it.
    from controller.compare.limits import read_limit

    return tuple(map(read_limit, expressions))


def limits_missed(judged: "Iterable[Held]", *, strict: bool) -> bool:
    """Return whether a limit is broken; with strict also whether one cannot be told."""
    from controller.compare.limits import Holding

    failing = {Holding.BROKEN, Holding.CANNOT_TELL} if strict else {Holding.BROKEN}
    return any(held.holding in failing for held in judged)
