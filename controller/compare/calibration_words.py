"""A calibration in words: whether FastServe's engine and wrk agree, and why a generator tells something else."""

from collections.abc import Callable, Mapping
from typing import Final

from controller.compare.calibration import AGREE_WITHIN, REFERENCE, Calibration, Row
from controller.compare.pairs import Difference, paired_difference
from controller.compare.words import percent_text, times_text
from controller.measure.judgement import GENERATOR, UNBOUND
from controller.measure.turn import ENGINE, Turn
from controller.units import MS_PER_S, duration_text, rate_text, three_digits

# A difference between two generators below this share is not worth a reason.
_WORTH: Final = 0.05
# Above so many milliseconds nobody asks for a part of one.
_COARSE_MS: Final = 100.0

# What is said of generators that something else than the target held up.
_NOT_SERVER: Final[Mapping[str | None, str]] = {
    GENERATOR: "; {} was at its own limit and not at the target's: a slower target shows more",
    UNBOUND: "; with {} neither the target nor the generator was busy: something else held them up",
    None: "; with {} nobody saw which side was the limit",
}

Reason = Callable[[Row, Calibration], str | None]


def agreement(calibration: Calibration) -> str:
    """Return what the calibration says of FastServe's engine, in one sentence without a full stop."""
    ours, reference = calibration.row(ENGINE), calibration.row(REFERENCE)
    if ours is None:
        return f"{ENGINE}'s engine was not measured: no round of it came to its end"
    if reference is None or ours.of_reference is None:
        return f"nothing to hold {ENGINE}'s engine to: {REFERENCE} was not measured"
    found = ours.of_reference
    if found.ratio is None:
        return f"nothing to hold {ENGINE}'s engine to: no round measured both it and {REFERENCE}"
    times, interval = times_text(found)
    return f"{_verdict(found)}: {times} of {REFERENCE}'s throughput ({interval}){_limit(ours, reference)}"


def _verdict(found: Difference) -> str:
    """Return the words that the interval allows; without one there is no verdict."""
    both = f"{ENGINE}'s engine and {REFERENCE}"
    if found.low is None or found.high is None:
        return f"{both}, side by side"
    least, most = 1 - AGREE_WITHIN, 1 + AGREE_WITHIN
    if least <= found.low and found.high <= most:
        return f"{both} agree"
    if found.high < least or found.low > most:
        return f"{both} differ"
    return f"cannot tell whether {both} agree within {percent_text(AGREE_WITHIN)}"


def _limit(ours: Row, reference: Row) -> str:
    """Return what must be said where the target was not the limit of both: then something else was compared."""
    by_bound = {bound: [row.generator for row in (ours, reference) if row.bound == bound] for bound in _NOT_SERVER}
    return "".join(said.format(" and ".join(by_bound[bound])) for bound, said in _NOT_SERVER.items() if by_bound[bound])


def reasons(calibration: Calibration) -> list[str]:
    """Return why generators tell other things than wrk, for the differences that were seen, each with its numbers."""
    found = (
        reason(row, calibration) for row in calibration.rows for reason in (_saturates, *REASONS.get(row.generator, ()))
    )
    return [text for text in found if text is not None]


def _saturates(row: Row, calibration: Calibration) -> str | None:
    """Explain a generator that was at its own limit while another one got more answers."""
    best = max(other.per_s.mean for other in calibration.rows)
    if row.bound != GENERATOR or row.per_s.mean > (1 - _WORTH) * best:
        return None
    why = {"k6": ", since it runs a script in JavaScript for each"}.get(row.generator, "")
    busy = percent_text(row.shares[GENERATOR])
    return (
        f"{row.generator} saturates first: a request costs it {three_digits(row.generator_us)} us of CPU{why}, so "
        f"{rate_text(row.per_s.mean)}/s is its own limit and not the target's ({busy} busy)"
    )


def _old_protocol(row: Row, calibration: Calibration) -> str | None:
    """Explain what an answer over HTTP/1.0 costs the target."""
    reference = calibration.row(REFERENCE)
    if reference is None or not _is_certain(calibration, (row, reference), _server_us):
        return None
    assert row.server_us is not None  # both are known where they differ
    assert reference.server_us is not None
    return (
        f"ab speaks HTTP/1.0: an answer costs the target {three_digits(row.server_us)} us of CPU, where it is "
        f"{three_digits(reference.server_us)} us with {REFERENCE}, which speaks HTTP/1.1"
    )


def _whole_milliseconds(row: Row, _: Calibration) -> str | None:
    """Explain latencies without decimals."""
    if row.p50_ms is None or row.p50_ms >= _COARSE_MS:
        return None
    least_ms, most_ms = max(0.0, row.p50_ms - 0.5), row.p50_ms + 0.5
    return f"ab prints whole milliseconds: its p50 of {row.p50_ms:.0f} ms stands for {least_ms:g} to {most_ms:g} ms"


def _logged(row: Row, calibration: Calibration) -> str | None:
    """Explain the CPU of a generator that writes a line for each request."""
    reference = calibration.row(REFERENCE)
    if reference is None or not _is_certain(calibration, (row, reference), _generator_us):
        return None
    return (
        "h2load prints no percentiles: those here are from its log of every request, and writing it is part of its "
        f"{three_digits(row.generator_us)} us of CPU"
    )


def _unseen_wait(row: Row, calibration: Calibration) -> str | None:
    """Explain latencies that are too short for the throughput: by Little's law a user's turn takes users over rate."""
    turn_ms = calibration.in_flight / row.per_s.mean * MS_PER_S
    # A median may lie below the mean that the law is about, but not by so much.
    if row.p50_ms is None or row.p50_ms > turn_ms / 2:
        return None
    return (
        f"k6's latency leaves out what its users wait for k6 itself: from one request of a user to the next it takes "
        f"{duration_text(turn_ms)}, of which {duration_text(row.p50_ms)} (p50) is latency"
    )


def _corrected(row: Row, calibration: Calibration) -> str | None:
    """Explain a p99 above ours. Source: stats_correct in wrk 4.1.0, src/stats.c."""
    ours = calibration.row(ENGINE)
    if ours is None or not _is_certain(calibration, (row, ours), _p99_ms):
        return None
    assert row.p99_ms is not None  # both are known where they differ
    assert ours.p99_ms is not None
    return (
        f"{REFERENCE} adds latencies that it did not measure: for an answer that took over twice the usual time also "
        f"those of requests that would have been sent meanwhile; they are in its p99 of {duration_text(row.p99_ms)}, "
        f"not in {ENGINE}'s of {duration_text(ours.p99_ms)}"
    )


def _checks(row: Row, calibration: Calibration) -> str | None:
    """Explain what a request costs our engine beyond wrk's."""
    reference = calibration.row(REFERENCE)
    if reference is None or not _is_certain(calibration, (row, reference), _generator_us):
        return None
    return (
        f"{ENGINE} checks status, framing and length of every answer and the body of one in 64, inside a Locust worker "
        f"that reports each second: {three_digits(row.generator_us)} us of CPU a request, where {REFERENCE}, which "
        f"looks at the status, needs {three_digits(reference.generator_us)}"
    )


def _generator_us(turn: Turn) -> float | None:
    return turn.spent.cpu_us


def _server_us(turn: Turn) -> float | None:
    return turn.server_us


def _p99_ms(turn: Turn) -> float | None:
    return turn.spent.p99_ms


def _is_certain(calibration: Calibration, rows: tuple[Row, Row], value: Callable[[Turn], float | None]) -> bool:
    """Say whether a value of the first is above that of the second: by a share worth a reason, and not by chance.

    Paired by round, with the whole interval above 1: chance needs no reason, and finds one in every quantity.
    """
    one, other = (
        {
            turn.round: at
            for turn in calibration.turns
            if turn.generator == row.generator and (at := value(turn)) is not None
        }
        for row in rows
    )
    found = paired_difference(one, other)
    return found.ratio is not None and found.low is not None and found.low > 1 and found.ratio > 1 + _WORTH


REASONS: Final[Mapping[str, tuple[Reason, ...]]] = {
    ENGINE: (_checks,),
    "wrk": (_corrected,),
    "ab": (_old_protocol, _whole_milliseconds),
    "h2load": (_logged,),
    "k6": (_unseen_wait,),
}
