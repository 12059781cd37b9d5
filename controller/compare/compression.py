"""What gzip at the proxy saves and costs, and the rate of a link below which it pays."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, sqrt
from statistics import fmean, stdev
from typing import Final

from controller.compare.blocks import Cell, by_block
from controller.compare.contrasts import Contrast, Varied
from controller.compare.effects import by_scenario, listed_contrasts
from controller.compare.intervals import CONFIDENCE
from controller.compare.metrics import Metric
from controller.compare.student import quantile
from controller.measure.trial import TOGETHER, TrialResult
from controller.units import US_PER_S

_BITS: Final = 8
_MBIT: Final = 1_000_000


def _bytes_each(trial: TrialResult, endpoint: str) -> float | None:
    """Return the bytes of a right answer on the wire, head included; None where there was none."""
    counts = trial.counts(endpoint)
    return None if counts is None or not counts.samples else counts.bytes / counts.samples


def _proxy_us(trial: TrialResult, endpoint: str) -> float | None:
    """Return the CPU-microseconds a request of the proxy; None where it was not looked at."""
    counts, proxy = trial.counts(endpoint), trial.usage.get("proxy")
    return None if counts is None or not counts.attempts or proxy is None else proxy.cpu_s * US_PER_S / counts.attempts


_BYTES: Final = Metric(name="bytes_per_answer", of=_bytes_each, more_is_better=False, judged=False)
_PROXY: Final = Metric(name="proxy_cpu_us_per_request", of=_proxy_us, more_is_better=False, judged=False, whole=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compression:
    """What gzip did to the answers of one target in one scenario, over its blocks.

    plain_bytes and coded_bytes are those of an answer on the wire, head included. added_us is the CPU time at the
    proxy that a request takes more, in microseconds, low and high its 95 % t interval over blocks, None for one block.
    """

    scenario: str
    target: str
    blocks: int
    plain_bytes: float
    coded_bytes: float
    added_us: float
    added_low_us: float | None = None
    added_high_us: float | None = None

    @property
    def pays_below_mbit_s(self) -> tuple[float, float, float] | None:
        """The rate of a link, in Mbit/s, below which gzip pays, with the ends of its interval; None where unknown.

        It pays where the bytes that it saves would be longer on the link than the proxy takes for coding them:
        8 * saved / rate > added. What the client takes to decode is not in it. Infinity where coding may cost nothing.
        """
        saved_bits = (self.plain_bytes - self.coded_bytes) * _BITS
        if saved_bits <= 0 or self.added_low_us is None or self.added_high_us is None or self.added_high_us <= 0:
            return None
        rate, low, high = (
            inf if added <= 0 else saved_bits / (added / US_PER_S) / _MBIT
            for added in (self.added_us, self.added_high_us, self.added_low_us)
        )
        return rate, low, high


def compressions(trials: Iterable[TrialResult], *, varied: Varied | None = None) -> tuple[Compression, ...]:
    """Return what gzip did wherever it varied and both levels were measured in the same blocks.

    varied is that of effects(). Where several pairs of cells show it, the first stands: that of the first levels.
    """
    found: list[Compression] = []
    for grouped in by_scenario(trials):
        for contrast in listed_contrasts(grouped, varied):
            if (contrast.factor, contrast.level) == ("gzip", "on") and contrast.pairs:
                found += _of(contrast, grouped)
    return tuple(found)


def _of(contrast: Contrast, grouped: Mapping[Cell, Sequence[TrialResult]]) -> list[Compression]:
    pair = contrast.pairs[0]
    values = {
        (cell, metric.name): by_block(grouped[cell], metric=metric, endpoint=TOGETHER)
        for cell in (pair.cell, pair.base)
        for metric in (_BYTES, _PROXY)
    }
    blocks = sorted(set[int].intersection(*(set(known) for known in values.values())))
    if not blocks:
        return []
    coded, plain = (fmean(values[cell, _BYTES.name][block] for block in blocks) for cell in (pair.cell, pair.base))
    added = [values[pair.cell, _PROXY.name][block] - values[pair.base, _PROXY.name][block] for block in blocks]
    low, high = _ends(added)
    return [
        Compression(
            scenario=pair.cell.scenario,
            target=contrast.target,
            blocks=len(blocks),
            plain_bytes=plain,
            coded_bytes=coded,
            added_us=fmean(added),
            added_low_us=low,
            added_high_us=high,
        )
    ]


def _ends(values: Sequence[float]) -> tuple[float | None, float | None]:
    """Return the 95 % t interval of a mean; it may lie on both sides of 0, so no logarithms."""
    if len(values) < 2:
        return None, None
    half = quantile((1 + CONFIDENCE) / 2, df=len(values) - 1) * stdev(values) / sqrt(len(values))
    return fmean(values) - half, fmean(values) + half


def compression_text(one: Compression) -> str:
    """Return what gzip saved, cost and where it pays, in a sentence without a full stop."""
    saved = 1 - one.coded_bytes / one.plain_bytes
    sizes = f"{one.plain_bytes:,.0f} → {one.coded_bytes:,.0f} bytes an answer"
    share = f" ({saved:.0%} saved)" if saved > 0 else ""
    return f"gzip at {one.target}: {sizes}{share}, {one.added_us:,.0f} us more CPU a request at the proxy{_pays(one)}"


def _pays(one: Compression) -> str:
    """Return where it pays, to stand after what it costs."""
    if one.added_low_us is None or one.added_high_us is None:
        return "; one block: no spread known"
    cost = f" ({one.added_low_us:,.0f} to {one.added_high_us:,.0f})"
    if one.coded_bytes >= one.plain_bytes:
        return f"{cost}: nothing is gained on any link"
    if (rates := one.pays_below_mbit_s) is None:
        return cost
    rate, low, high = rates
    below = f"{low:,.0f} Mbit/s at least" if high == inf else f"{rate:,.0f} Mbit/s ({low:,.0f} to {high:,.0f})"
    return (
        f"{cost}: it pays on links below {below}, without what the client takes to decode; on loopback it can only lose"
    )
