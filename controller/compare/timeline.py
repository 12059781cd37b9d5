"""Throughput over time of each trial, from its windows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from controller.measure.window import Phase, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Right answers per second in one window; start_s and end_s count from the trial's first send."""

    start_s: float
    end_s: float
    phase: Phase
    throughput_per_s: float


def timelines(windows: Iterable[Window]) -> Mapping[int, tuple[Moment, ...]]:
    """Return each trial's throughput over time, keyed by its `order`; windows without length are left out."""
    found: dict[int, list[Moment]] = {}
    for window in windows:
        if window.end_s > window.start_s:
            found.setdefault(window.order, []).append(_moment(window))
    return {order: tuple(sorted(moments, key=lambda one: one.start_s)) for order, moments in found.items()}


def _moment(window: Window) -> Moment:
    """Return what one window says of throughput."""
    answers = window.together.samples
    length_s = window.end_s - window.start_s
    return Moment(start_s=window.start_s, end_s=window.end_s, phase=window.phase, throughput_per_s=answers / length_s)
