"""Errors of a bounded kind: how often each came in a trial, when first and last, and what one of them said."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class ErrorKind(StrEnum):
    """How an attempt may fail; exports/COLUMNS.md says what each means."""

    CONNECT_REFUSED = "connect_refused"
    CONNECT_TIMEOUT = "connect_timeout"
    CONNECT_FAILED = "connect_failed"
    DNS = "dns"
    TLS = "tls"
    RESET = "reset"
    TIMEOUT = "timeout"
    SHORT_BODY = "short_body"
    MALFORMED = "malformed"
    WRONG_STATUS = "wrong_status"
    WRONG_LENGTH = "wrong_length"
    WRONG_BODY = "wrong_body"
    PROTOCOL = "protocol"
    SCRIPT = "script"


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """All errors of one kind in one trial, of all phases.

    first_s and last_s are seconds of the trial's clock, sample is one of their messages; all are None where
    only a worker that was lost knew them.
    """

    count: int
    first_s: float | None = None
    last_s: float | None = None
    sample: str | None = None


def merged_spans(parts: Iterable[Mapping[str, tuple[float, float]]]) -> dict[str, tuple[float, float]]:
    """Return when each kind of error came first and last, from what several workers say of it."""
    merged: dict[str, tuple[float, float]] = {}
    for part in parts:
        for kind, (first_s, last_s) in part.items():
            before_s, after_s = merged.get(kind, (first_s, last_s))
            merged[kind] = (min(before_s, first_s), max(after_s, last_s))
    return merged


def errors_of(
    counts: Mapping[str, int],
    *,
    spans: Mapping[str, tuple[float, float]],
    messages: Mapping[str, Iterable[str]],
) -> dict[str, Errors]:
    """Return a trial's errors by kind: counts are those of its windows, the rest is what its workers say."""
    found = {}
    for kind, count in sorted(counts.items()):
        first_s, last_s = spans.get(kind, (None, None))
        sample = next(iter(messages.get(kind, ())), None)
        found[kind] = Errors(count=count, first_s=first_s, last_s=last_s, sample=sample)
    return found
