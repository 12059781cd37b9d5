"""Numbers as people read them: one place, so that terminal, report and Markdown agree."""

from math import floor, log10

US_PER_S = 1_000_000
MS_PER_S = 1_000
MIB = 1024 * 1024
MIB_PER_GIB = 1024


def three_digits(value: float) -> str:
    """Return a number with three significant digits and thousands separators: 0.0123, 4.56, 12.3, 14,880."""
    if value == 0:
        return "0"
    digits = max(0, 2 - floor(log10(abs(value))))
    return f"{value:,.{digits}f}"


def rate_text(per_s: float) -> str:
    """Return a rate per second: whole numbers from 100 on, three digits below."""
    return f"{per_s:,.0f}" if per_s >= 100 else three_digits(per_s)


def counted(n: int, word: str) -> str:
    """Return a number with its word: 1 trial, 12 trials."""
    return f"{n:,} {word}" if n == 1 else f"{n:,} {word}s"


def crossed_text(*, targets: int, variants: int, scenarios: int, cases: int, cells: int, times: str = "x") -> str:
    """Return what a block is made of: 4 targets x 2 variants x 3 scenarios, or 4 targets x 5 of (...).

    cases is how many scenarios in variants there are, cells how many of them over all targets, of which some may
    not be asked all: "65 of 10 targets x 12 of (...)". A single variant is not worth a word.
    """
    parts = [counted(variants, "variant")] if variants > 1 else []
    crossed = f" {times} ".join((*parts, counted(scenarios, "scenario")))
    asked = crossed if cases == variants * scenarios else f"{cases:,} of ({crossed})"
    some = f"{cells:,} of " if cells != targets * cases else ""
    return f"{some}{counted(targets, 'target')} {times} {asked}"


class AtLeast(float):
    """A number known only to be no less than this; tables hold it as it is, texts say so."""


def duration_text(ms: float) -> str:
    """Return a latency given in milliseconds, in the unit that reads best: 84 us, 4.21 ms, 1.3 s, at least 30.0 s."""
    if isinstance(ms, AtLeast):
        return f"≥ {duration_text(float(ms))}"
    if ms < 1:
        return f"{ms * 1000:.0f} us"
    if ms < 1000:
        return f"{ms:.2f} ms" if ms < 10 else f"{ms:.1f} ms" if ms < 100 else f"{ms:.0f} ms"
    return f"{ms / 1000:.2f} s"


def clock_text(seconds: float) -> str:
    """Return a time left as MM:SS, or H:MM:SS from an hour on."""
    whole = max(0, round(seconds))
    hours, rest = divmod(whole, 3600)
    text = f"{rest // 60:02d}:{rest % 60:02d}"
    return f"{hours}:{text}" if hours else text
