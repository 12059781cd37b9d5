"""A hundred thousand answers are read as h11 and httptools read them, apart from differences that stand in a table."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.load.answer_maker import ALPHABET, FRAGMENTS, Case, anything, changed, cuts_of, right
from tests.load.answers import Reading, read
from tests.load.oracles import read_by_h11, read_by_httptools

# Of each kind; all together are more than a hundred thousand.
CASES = 40_000
MOST_SHOWN = 5
KINDS: dict[str, Callable[[Random], Case]] = {"right": right, "changed": changed, "anything": anything}
ORACLES: dict[str, Callable[[Case], Reading]] = {"h11": read_by_h11, "httptools": read_by_httptools}


def _refuses(ours: Reading, other: Reading) -> bool:
    return ours.verdict is None


def _takes(ours: Reading, other: Reading) -> bool:
    return other.verdict is None


def _keeps(ours: Reading, other: Reading) -> bool:
    return ours == _with_keep_alive(other, True) != other


def _closes(ours: Reading, other: Reading) -> bool:
    return ours == _with_keep_alive(other, False) != other


def _with_keep_alive(reading: Reading, keep_alive: bool) -> Reading:
    verdict = reading.verdict
    return reading if verdict is None else replace(reading, verdict=replace(verdict, keep_alive=keep_alive))


@dataclass(frozen=True, slots=True)
class Difference:
    """Where another reader's verdict is not ours: what ours does, why that is right, and how such bytes look."""

    reader: str
    does: Callable[[Reading, Reading], bool]
    what: str
    source: str
    looks: str

    def explains(self, reader: str, case: Case, ours: Reading, other: Reading) -> bool:
        """Whether this is such a case."""
        seen = re.search(self.looks.encode("latin-1"), case.data, re.IGNORECASE | re.DOTALL)
        return reader == self.reader and seen is not None and self.does(ours, other)


# A coding that is not chunked alone.
CODED = r"\ntransfer-encoding:(?![ \t]*chunked[ \t]*\r)"
LATE_CODING = r"\n0+\r\n.*transfer-encoding:"
DIFFERENCES = (
    Difference("h11", _keeps, "HTTP/1.0 where it says so", "RFC 9112, 9.3", r"HTTP/1\.0 .*keep-alive"),
    Difference("h11", _takes, "other codings, to the close", "RFC 9112, 6.3", CODED),
    Difference("h11", _takes, "any reason, which is to be ignored", "RFC 9112, 4", r"1\.[01] \d{3} [^\r\n]*[\0-\x1f]"),
    Difference("h11", _refuses, "lines without a carriage return", "RFC 9112, 2.2", r"(?<!\r)\n"),
    Difference("h11", _refuses, "folded lines", "RFC 9112, 5.2", r"\n[ \t]"),
    Difference("httptools", _takes, "a tab after a value", "RFC 9110, 5.6.3", r"chunked *\t"),
    Difference("httptools", _takes, "control bytes in a value", "RFC 9110, 5.5", r":[^\r\n]*[\1-\x08\x0b-\x1f\x7f]"),
    Difference("httptools", _takes, "any extension of a chunk", "RFC 9112, 7.1.1", r"\n[0-9a-f]+[ \t]*;"),
    Difference("httptools", _takes, "a length said twice alike", "RFC 9110, 8.6", r"content-length.*content-length"),
    Difference("httptools", _keeps, "whatever trailers say of framing", "RFC 9110, 6.5.1", LATE_CODING),
    Difference("httptools", _closes, "HTTP/1.0 with a coding", "RFC 9112, 6.1", r"HTTP/1\.0 .*transfer-encoding:"),
)


def problems(case: Case, ours: Reading) -> list[str]:
    """Return which readers say otherwise without a reason that is listed.

    Where they disagree about whether bytes are an answer at all, ours may be with the one that refuses them.
    """
    others = {name: oracle(case) for name, oracle in ORACLES.items() if not (case.bodiless and name == "httptools")}
    refused = ours.verdict is None and any(other.verdict is None for other in others.values())
    return [
        f"of {case}\n  {name} reads {other}\n  ours  {ours}"
        for name, other in others.items()
        if (other.verdict, other.done) != (ours.verdict, ours.done) and not refused
        if not any(difference.explains(name, case, ours, other) for difference in DIFFERENCES)
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_answers_are_read_as_others_read_them(kind: str) -> None:
    """Status, body, re-use, the end and what comes after it are as others say, however the bytes are split."""
    found: list[str] = []
    done = 0
    for number in range(CASES):
        random = Random(f"{kind} {number}")
        case = KINDS[kind](random)
        ours = read(case.data, bodiless=case.bodiless)
        cuts = cuts_of(random, case.data)
        if read(case.data, cuts, bodiless=case.bodiless) != ours:
            found.append(f"of {case}\n  cut at {cuts} ours differs from ours in one piece")
        found += problems(case, ours)
        done += 1
        assert len(found) < MOST_SHOWN, "\n".join(found)

    assert found == []
    assert done == CASES


def test_a_part_of_a_right_answer_is_neither_refused_nor_whole() -> None:
    """Of answers made by chance, every part is one that has not come yet, unless the close ends it."""
    for number in range(CASES // 100):
        case = right(Random(f"part {number}"))
        whole = read(case.data, bodiless=case.bodiless)
        assert whole.verdict is not None
        end = len(case.data) - len(whole.verdict.rest)
        parts = [read(case.data[:size], bodiless=case.bodiless) for size in range(end)]
        assert not any(part.malformed or part.done for part in parts)
        assert not (whole.done and any(part.closed_whole for part in parts))


@given(
    parts=st.lists(st.sampled_from(FRAGMENTS) | st.lists(st.sampled_from(ALPHABET), max_size=4).map(bytes), max_size=9)
)
@settings(max_examples=1000, deadline=None)
def test_the_least_bytes_that_are_read_otherwise(parts: list[bytes]) -> None:
    """The same law, searched by a tool that makes what it finds as short as it can."""
    case = Case(b"HTTP/1.1 200 OK\r\n" + b"".join(parts))

    assert problems(case, read(case.data)) == []


@pytest.mark.parametrize("number", range(len(DIFFERENCES)))
def test_each_difference_is_one(number: int) -> None:
    """No line of the table stands there for nothing: there are answers that only it explains."""
    difference = DIFFERENCES[number]
    oracle = ORACLES[difference.reader]
    cases = (kind(Random(f"{name} {n}")) for n in range(CASES) for name, kind in KINDS.items())

    assert any(
        difference.explains(difference.reader, case, read(case.data), oracle(case))
        for case in cases
        if not case.bodiless
    )
