"""A calibration for a terminal: answer first, then the table, then the reasons for what differs."""

import re
from collections.abc import Iterable, Iterator
from textwrap import wrap

from controller.cli.shape import columns_text
from controller.compare.calibration import REFERENCE, Calibration, Row
from controller.compare.calibration_words import agreement, reasons
from controller.compare.words import ratio_texts
from controller.measure.turn import ENGINE
from controller.report.text import COLUMNS
from controller.units import counted, duration_text, rate_text, three_digits

UNKNOWN = "-"
_LABEL = 10
_HEADINGS = (
    ("generator", "requests/s", "p50", "p99", "CPU us/", "request", "of wrk", "limited"),
    ("", "", "", "", "generator", "server", "", "by"),
)
# Numbers end in a line; the first and the last column are words.
_NUMBERS = frozenset(range(1, 7))


def calibration_text(calibration: Calibration) -> str:
    """Return the whole result in lines of at most 100 columns. Ends with a newline."""
    blocks = [
        wrap(agreement(calibration), COLUMNS, subsequent_indent="  "),
        [*wrap(_asked(calibration), COLUMNS, initial_indent="  ", subsequent_indent="  ")],
        list(_table(calibration)),
        [line for text in reasons(calibration) for line in _labelled("why", text)],
        list(_remarks(calibration)),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def _asked(calibration: Calibration) -> str:
    begun = max((turn.round for turn in calibration.turns), default=0)
    rounds = counted(calibration.rounds, "round")
    if begun < calibration.rounds:
        rounds = f"{begun} of {rounds}"
    return (
        f"{calibration.target} {calibration.path} · {counted(calibration.in_flight, 'connection')}, kept alive · "
        f"{rounds} of {calibration.duration_s} s"
    )


def _table(calibration: Calibration) -> Iterator[str]:
    cells = [_cells(row, calibration) for row in calibration.rows]
    heading, units, *lines = columns_text([*_HEADINGS, *cells], right=_NUMBERS).splitlines()
    # One heading over two columns, which no cell of a single column can be.
    heading = re.sub(r"CPU us/ +request", lambda found: "CPU us/request".center(len(found[0])), heading)
    return (f"  {line}" for line in (heading, units, *lines))


def _cells(row: Row, calibration: Calibration) -> tuple[str, ...]:
    version = calibration.versions[row.generator]
    return (
        row.generator if version is None or row.generator == ENGINE else f"{row.generator} {version}",
        rate_text(row.per_s.mean),
        _latency(row.p50_ms, row),
        _latency(row.p99_ms, row),
        three_digits(row.generator_us),
        UNKNOWN if row.server_us is None else three_digits(row.server_us),
        _ratio(row),
        row.bound or UNKNOWN,
    )


def _latency(ms: float | None, row: Row) -> str:
    if ms is None:
        return UNKNOWN
    # No more digits than the tool prints.
    return f"{ms:.0f} ms" if row.generator == "ab" else duration_text(ms)


def _ratio(row: Row) -> str:
    found = row.of_reference
    if found is None or found.ratio is None:
        return UNKNOWN
    if row.generator == REFERENCE:
        return "1"
    if found.low is None or found.high is None:
        return ratio_texts(found.ratio)[0]
    ratio, low, high = ratio_texts(found.ratio, found.low, found.high)
    return f"{ratio} ({low} to {high})"


def _remarks(calibration: Calibration) -> Iterator[str]:
    for text in calibration.left_out:
        yield from _labelled("left out", text)
    for tool, how in calibration.missing.items():
        yield from _labelled("missing", f"{tool}: {how}")
    for note in calibration.notes:
        yield from _labelled("note", note)


def _labelled(label: str, text: str) -> Iterable[str]:
    return wrap(f"{label:<{_LABEL}}{text}", COLUMNS, subsequent_indent=" " * _LABEL, break_on_hyphens=False)
