"""Locust's statistics with FastServe's numbers: exact percentiles, microseconds kept, rates of whole windows."""

from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any, Final

from locust.stats import EntriesDict, RequestStats, StatsCSV, StatsEntry

from controller.measure.collector import log_window
from controller.measure.window import EndpointCounts, Phase, Window, merged_counts

# "Current" is over this many windows.
_CURRENT: Final = 10
_FINEST: Final = 100_000


class ExactEntry(StatsEntry):
    """One line of the page: what Locust counts, and beside it the counts that its numbers are made of."""

    def reset(self) -> None:
        """Begin anew."""
        super().reset()  # type: ignore[no-untyped-call]
        self.counts = EndpointCounts()
        self.elapsed_s = 0.0
        self._lately: deque[tuple[EndpointCounts, float]] = deque(maxlen=_CURRENT)

    def take(self, counts: EndpointCounts, length_s: float) -> None:
        """Add the counts of a window of some length."""
        self.counts = merged_counts((self.counts, counts))
        self.elapsed_s += length_s
        if length_s:
            self._lately.append((counts, length_s))

    def get_response_time_percentile(self, percent: float) -> Any:
        """Return an exact percentile in milliseconds, 0 without samples as in Locust."""
        return _quantile_ms(self.counts, percent) or 0

    def get_current_response_time_percentile(self, percent: float) -> Any:
        """Return a percentile of the last windows in milliseconds; None without samples."""
        return _quantile_ms(merged_counts(counts for counts, _ in self._lately), percent)

    @property
    def median_response_time(self) -> Any:
        """The exact median in milliseconds."""
        return self.get_response_time_percentile(0.5)

    @property
    def current_rps(self) -> float:
        """Requests per second over the last windows."""
        return self._current(sum(counts.attempts for counts, _ in self._lately))

    @property
    def current_fail_per_sec(self) -> float:
        """Failures per second over the last windows."""
        return self._current(sum(counts.failures for counts, _ in self._lately))

    @property
    def total_rps(self) -> float:
        """Requests per second of all windows."""
        return self.num_requests / self.elapsed_s if self.elapsed_s else 0.0

    @property
    def total_fail_per_sec(self) -> float:
        """Failures per second of all windows."""
        return self.num_failures / self.elapsed_s if self.elapsed_s else 0.0

    def to_dict(self, escape_string_values: bool = False) -> dict[str, Any]:
        """Return the line as the page reads it: the least and the greatest are not rounded to milliseconds."""
        ends = {"min_response_time": self.min_response_time or 0, "max_response_time": self.max_response_time}
        return {**super().to_dict(escape_string_values), **ends}

    def _current(self, happened: int) -> float:
        length_s = sum(length_s for _, length_s in self._lately)
        return happened / length_s if length_s else 0.0


class ExactEntries(EntriesDict):
    """The lines by endpoint and method, made as they are asked for."""

    def __missing__(self, key: tuple[str, str]) -> ExactEntry:
        """Make a line."""
        self[key] = entry = ExactEntry(self.request_stats, *key, use_response_times_cache=False)
        return entry


class ExactStats(RequestStats):
    """All lines. Once the measured phase begins they are of this phase alone, as in FastServe's own tables."""

    def __init__(self) -> None:
        super().__init__()
        self.clear_all()

    def clear_all(self) -> None:
        """Forget every line: Locust does so as a test begins."""
        super().clear_all()
        self.entries: ExactEntries = ExactEntries(self)  # type: ignore[no-untyped-call]
        # Locust draws its history where this cache is on.
        self.total: ExactEntry = ExactEntry(self, "Aggregated", "", use_response_times_cache=True)
        self._phase = Phase.WARMUP

    def take(self, window: Window, methods: Mapping[str, str]) -> None:
        """Add a sealed window; the warm-up is forgotten when the first measured one comes, and the drain left out."""
        if window.phase is Phase.DRAIN:
            if not (measured := window.measured):
                return
            # In the open model what was planned in the measured phase belongs to it, though not to its seconds.
            window = replace(window, endpoints=measured, end_s=window.start_s)
        elif window.phase is not self._phase:
            self._phase, history = window.phase, self.history
            self.reset_all()
            # What was drawn stays drawn.
            self.history = history
        log_window(self, replace(window, earlier={}), methods)
        length_s = window.end_s - window.start_s
        for key, entry in self.entries.items():
            entry.take(window.endpoints.get(key[0], EndpointCounts()), length_s)
        self.total.take(merged_counts(window.endpoints.values()), length_s)


class ExactCsv(StatsCSV):
    """The page's download, without its rounding to whole milliseconds."""

    def _percentile_fields(self, stats_entry: StatsEntry, use_current: bool = False) -> list[Any]:
        if not stats_entry.num_requests:
            return list(self.percentiles_na)
        return [stats_entry.get_response_time_percentile(percent) for percent in self.percentiles_to_report]


def _quantile_ms(counts: EndpointCounts, percent: float) -> float | None:
    # 0.999 is no exact number: the nearest simple fraction is what was meant.
    share = Fraction(percent).limit_denominator(_FINEST)
    return counts.latency_ms(share.numerator, share.denominator)
