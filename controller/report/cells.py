"""The numbers of a ranking as people read them: the same words in terminal, Markdown and page."""

from dataclasses import dataclass

from controller.compare.effects import Effect
from controller.compare.intervals import Interval
from controller.compare.ranking import Placed, Ranking
from controller.compare.verdicts import Comparison
from controller.compare.words import percent_text, ratio_texts
from controller.units import duration_text, rate_text, three_digits

UNKNOWN = "-"
# Of a number below this it matters only that it is so small: a server that a proxy's cache answers for.
_LEAST = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """One target's row of a ranking; what is not known is a dash, or empty where it stands beside something else."""

    place: str
    target: str
    rate: str
    width: str
    p50: str
    p99: str
    server_us: str
    generator_us: str
    memory: str
    bound: str
    evidence: str
    doubts: str


def rate_heading(ranking: Ranking) -> str:
    """Return what stands over the rates of a ranking."""
    return "requests/s" if ranking.slo is None else "capacity/s"


def compared(ranking: Ranking) -> str:
    """Return in a word what the targets of a ranking are compared by."""
    return "throughput" if ranking.slo is None else "capacity"


def cells_of(placed: Placed) -> Cells:
    """Return a target's row; of one that was never measured all numbers are dashes."""
    numbers = placed.row.numbers
    interval = placed.row.interval
    return Cells(
        place=place_text(placed),
        target=placed.target,
        rate=UNKNOWN if interval is None else rate_text(interval.mean),
        width="" if interval is None else width_text(interval),
        p50=_ms(numbers.latency_p50_ms),
        p99=_ms(numbers.latency_p99_ms),
        server_us=_number(numbers.server_cpu_us_per_request),
        generator_us=_number(numbers.generator_cpu_us_per_request),
        memory=UNKNOWN if numbers.server_peak_rss_mib is None else f"{numbers.server_peak_rss_mib:,.0f} MiB",
        bound=(numbers.bound or UNKNOWN).replace(";", " or "),
        evidence=numbers.bound_evidence or "",
        doubts=", ".join(placed.row.doubts),
    )


def place_text(placed: Placed) -> str:
    """Return a place: "3", or "1-2" where it cannot be told apart from others."""
    if placed.first is None:
        return UNKNOWN
    return f"{placed.first}" if placed.first == placed.last else f"{placed.first}-{placed.last}"


def width_text(interval: Interval) -> str:
    """Return an interval's half-width: "± 3 %"; empty without spread."""
    return "" if interval.half_width is None else f"± {percent_text(interval.half_width)}"


def ratio_text(row: Comparison | Effect) -> str:
    """Return a ratio with its plain interval: "4.6 (4.4 to 4.9)"; a dash where there is none."""
    if row.ratio is None:
        return UNKNOWN
    if row.ratio_low is None or row.ratio_high is None:
        return ratio_texts(row.ratio)[0]
    ratio, low, high = ratio_texts(row.ratio, row.ratio_low, row.ratio_high)
    return f"{ratio} ({low} to {high})"


def verdict_text(row: Comparison) -> str:
    """Return a verdict with what must be said beside it; a dash for a metric that gets none."""
    if row.verdict is None:
        return UNKNOWN
    return f"{row.verdict} ({row.caveat})" if row.caveat else row.verdict.value


def seen_text(row: Comparison | Effect) -> str:
    """Return which difference would have been seen; a dash where that is not known."""
    return UNKNOWN if row.detectable is None else f"{percent_text(row.detectable)}"


def _ms(value: float | None) -> str:
    return UNKNOWN if value is None else duration_text(value)


def _number(value: float | None) -> str:
    if value is None:
        return UNKNOWN
    return three_digits(value) if value == 0 or value >= _LEAST else f"< {_LEAST:g}"
