"""Targets held to the contract, as `fastserve targets check` shows it."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from controller.cli.shape import columns_text
from controller.errors import StackError
from controller.plan.contract import Contract
from controller.stack.check import check_contract
from controller.stack.contract_suite import Held
from controller.stack.pairwise import Combination
from controller.stack.preflight import Prepared
from controller.stack.reached import reach_target
from controller.stack.settings import Settings

_WIDTH: Final = 100
_LEAST_CELL: Final = 11


def broken_where_it_runs(ready: Prepared, *, contract: Contract) -> list[str]:
    """Return what a server that runs already breaks of the contract, with its defaults; empty where it keeps it."""
    trust, settings = ready.target.trust, Settings()
    try:
        running = reach_target(ready.target, trust=trust)
    except StackError as error:
        return [str(error)]
    return [str(finding) for finding in check_contract(running.url, contract, settings, trust=trust)]


def held_text(held: Sequence[Held]) -> str:
    """Return a table, a row for each target and a column for each combination, and below it all that is broken."""
    rows = {target: list(some) for target, some in groupby(held, key=lambda one: one.target)}
    combinations = [one.combination for one in next(iter(rows.values()))]
    names = max(map(len, (*rows, *combinations[0])))
    at_once = max(1, (_WIDTH - names) // (_LEAST_CELL + 2))
    tables = [
        _table(rows, combinations, columns=range(first, min(first + at_once, len(combinations))))
        for first in range(0, len(combinations), at_once)
    ]
    broken = [line for some in rows.values() for line in _broken_lines(some)]
    return "\n\n".join([*tables, *(["\n".join(broken)] if broken else [])])


def combination_text(combination: Combination) -> str:
    """Return a combination in words: "cache redis, db sqlite, metrics none"."""
    return ", ".join(f"{factor} {level}" for factor, level in combination.items())


def _table(rows: Mapping[str, Sequence[Held]], combinations: Sequence[Combination], *, columns: range) -> str:
    heads = [(factor, *(combinations[n][factor] for n in columns)) for factor in combinations[0]]
    # Lines of a table stand where those of the next one do.
    body = [(target, *(f"{_cell(held[n]):<{_LEAST_CELL}}" for n in columns)) for target, held in rows.items()]
    return columns_text([*heads, *body])


def _cell(held: Held) -> str:
    if held.skipped:
        return "skipped"
    if held.trouble is not None:
        return "not started"
    return f"{len(held.broken)} broken" if held.broken else "ok"


def _broken_lines(held: Sequence[Held]) -> Iterator[str]:
    """Yield what one target breaks; what is broken in several combinations once, as it was found in the first."""
    found: dict[tuple[str, ...], tuple[str, list[Combination]]] = {}
    for one in held:
        for finding in one.broken:
            found.setdefault((finding.route, finding.expected), (str(finding), []))[1].append(one.combination)
        if one.trouble is not None:
            found.setdefault((one.trouble,), (one.trouble, []))[1].append(one.combination)
    checked, name = sum(not one.skipped for one in held), held[0].target
    for text, where in found.values():
        yield f"{name}, {'in all' if len(where) == checked else '; '.join(map(combination_text, where))}:"
        yield from (f"  {line}" for line in text.removeprefix(f"{name}: ").splitlines())
