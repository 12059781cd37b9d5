"""Small pieces of SVG: escaped elements, scales, round ticks."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10

from markupsafe import Markup, escape

from controller.units import three_digits


def element(name: str, *children: str | Markup, **attributes: str | float | None) -> Markup:
    """Return an element; text in it is escaped, attributes that are None are left out.

    `_` in an attribute's name stands for `-`, and one at its end for nothing (class_).
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_number(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inside = Markup("").join(children)
    # Every part was escaped above.
    return Markup(f"<{name}{written}>{inside}</{name}>")


def _number(value: str | float) -> str:
    """Return an attribute's value; a tenth of a pixel is enough for any eye."""
    return value if isinstance(value, str) else f"{value:.1f}".removesuffix(".0")


@dataclass(frozen=True, slots=True)
class Scale:
    """Where values from `low` to `high` lie between two positions; values must be above 0 where it is logarithmic."""

    low: float
    high: float
    start: float
    end: float
    logarithmic: bool = False

    def __call__(self, value: float) -> float:
        """Return a value's position; values outside are held at the edge."""
        low, high, value = (log10(one) if self.logarithmic else one for one in (self.low, self.high, value))
        share = (value - low) / (high - low) if high > low else 0.5
        return self.start + (self.end - self.start) * min(1.0, max(0.0, share))


def log_ticks(low: float, high: float, *, gap: float) -> list[float]:
    """Return round numbers within a range above 0: 1-2-5 in each decade, 1-3, or 1.

    gap is the least distance of two labels as a share of the whole axis; over very many decades some are left out.
    """
    roomy = gap * log10(high / low)
    decades = [one for one in range(floor(log10(low)), ceil(log10(high)) + 1) if one % max(1, ceil(roomy)) == 0]
    steps = (1, 2, 5) if log10(2) >= roomy else (1, 3) if log10(3) >= roomy else (1,)
    ticks = (step * 10.0**decade for decade in decades for step in steps)
    return [tick for tick in ticks if low <= tick <= high]


def short_number(value: float) -> str:
    """Return a tick's label: 0.5, 20, 5k, 1.5M."""
    for size, suffix in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{suffix}"
    return f"{value:.3g}" if value >= 0.001 or value == 0 else three_digits(value)


def spread_apart(wanted: Sequence[float], *, gap: float, low: float, high: float) -> list[float]:
    """Return positions close to the wanted ones, at least `gap` apart and within low..high where all fit.

    The order stays; labels are first pushed up the scale, then back from its end.
    """
    order = sorted(range(len(wanted)), key=wanted.__getitem__)
    placed = [0.0] * len(wanted)
    floor_at = low
    for index in order:
        placed[index] = max(wanted[index], floor_at)
        floor_at = placed[index] + gap
    ceiling_at = high
    for index in reversed(order):
        placed[index] = min(placed[index], ceiling_at)
        ceiling_at = placed[index] - gap
    return placed


def shortened(text: str, most: int) -> str:
    """Return a text of at most `most` characters, the end cut off and marked where it is longer."""
    return text if len(text) <= most else f"{text[: most - 1]}…"
