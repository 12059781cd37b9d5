"""What a plan would do, in words: how many trials, how long, in which order, and what they can tell."""

import textwrap
from collections.abc import Iterator
from itertools import groupby
from typing import Final

from controller.cli.progress import open_texts, size_text, trial_name
from controller.report.forecast import DryRun

_WIDTH: Final = 100
_GLUE: Final = "\N{NO-BREAK SPACE}"


def dry_run_text(dry: DryRun) -> str:
    """Return what would run: its size and time, what it can see, which cores, and the order."""
    lines = [
        f"{size_text(dry.plan, len(dry.trials))}, {span_text(dry.expected_s)}",
        *(f"  offered:  {text}" for text in open_texts(dry.plan)),
        *(f"  left out: {text}" for text in dry.left_out),
        *(f"  once:     {text}" for text in dry.once),
        *(f"  can see:  {text}" for text in dry.can_see),
        f"  cores:    {dry.cores}",
        *(f"  note:     {text}" for text in dry.notes),
        "  order:",
        *_order(dry),
    ]
    return "\n".join(lines)


def span_text(seconds: float) -> str:
    """Return a length of time as people plan it: 45 seconds, 3 minutes, 1 h 15 min."""
    if seconds < 100:
        return f"{max(1, round(seconds))} seconds"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{minutes} minutes"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def _order(dry: DryRun) -> Iterator[str]:
    for block, trials in groupby(dry.trials, key=lambda trial: trial.block):
        head = f"    block {block:<3} "
        # A name is never torn: lines end only where the space between two trials is the plain one.
        text = " ".join(trial_name(trial).replace(" ", _GLUE) + f"{_GLUE}·" for trial in trials)
        lines = textwrap.wrap(
            text.removesuffix(f"{_GLUE}·"),
            _WIDTH,
            initial_indent=head,
            subsequent_indent=" " * len(head),
            break_long_words=False,
            break_on_hyphens=False,
        )
        yield from (line.replace(_GLUE, " ") for line in lines)
