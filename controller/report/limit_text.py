"""Limits in words: one line for each, with its target, its scenario and its numbers."""

from collections.abc import Iterable
from itertools import groupby
from typing import Final

from controller.compare.limits import COUNTED, Held, Holding
from controller.compare.words import ratio_texts, scene_text
from controller.units import AtLeast, three_digits

# Of a limit that many targets keep, so many lines say it; what is broken is always said.
_MOST_KEPT: Final = 20


def limit_lines(judged: Iterable[Held]) -> list[str]:
    """Return a line for each limit and target: broken, cannot tell or kept, and by which numbers."""
    lines = []
    for _, group in groupby(judged, key=lambda held: held.limit):
        found = list(group)
        kept = [held for held in found if held.holding is Holding.KEPT]
        shown = [held for held in found if held.holding is not Holding.KEPT] + kept[:_MOST_KEPT]
        lines += [limit_line(held) for held in shown]
        if len(kept) > _MOST_KEPT:
            lines.append(f"{Holding.KEPT}: {found[0].limit.text}: and {len(kept) - _MOST_KEPT} more")
    return lines


def limit_line(held: Held) -> str:
    """Return one limit's line: "broken: failures > 0: after in front: 12"."""
    parts = [f"{held.holding}: {held.limit.text}", _where(held), _value(held), held.why_not or ""]
    line = ": ".join(part for part in parts if part)
    return f"{line}; in doubt: {', '.join(held.doubts)}" if held.doubts else line


def _where(held: Held) -> str:
    """Return which target in which scenario, with the variant where it is not the default."""
    return f"{held.target} in {scene_text(held.scenario, held.variant)}" if held.target else ""


def _value(held: Held) -> str:
    """Return the number with its interval, as far as they are known."""
    interval = held.interval
    if interval is None:
        return ""
    if isinstance(interval.mean, AtLeast):
        return f"at least {three_digits(interval.mean)}"
    if held.beside is not None:
        ends = () if interval.low is None or interval.high is None else (interval.low, interval.high)
        ratio, *shown = ratio_texts(interval.mean, *ends)
        return f"{ratio} times that of {held.beside}{_interval(shown)}"
    if held.limit.metric in COUNTED:
        return counted_text(interval.mean)
    ends = () if interval.low is None or interval.high is None else (interval.low, interval.high)
    return f"{three_digits(interval.mean)}{_interval([three_digits(end) for end in ends])}"


def counted_text(count: float) -> str:
    """Return a count in full, and a size with three digits."""
    return f"{count:,}" if isinstance(count, int) else three_digits(count)


def _interval(ends: list[str]) -> str:
    return f" ({' to '.join(ends)})" if ends else ""


def limits_text(judged: Iterable[Held]) -> str:
    """Return the lines of limits as they stand under a report in a terminal, each with a newline at its end."""
    return "".join(f"limit   {line}\n" for line in limit_lines(judged))
