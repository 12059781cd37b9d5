"""A hundred thousand answers are read as h11 and httptools read them, apart from differences that stand in a table."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.load.answer_maker import ALPHABET, FRAGMENTS, Case, anything, changed, cuts_of, right
from tests.load.answers import read
from tests.load.oracles import DIFFERENCES, ORACLES, Difference, problems

# Of each kind; all together are more than a hundred thousand.
CASES = 34_000
MOST_SHOWN = 5
KINDS: dict[str, Callable[[Random], Case]] = {"right": right, "changed": changed, "anything": anything}


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


# An answer for each line of the table, in its order.
EXAMPLES = (
    b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nzz",
    b"HTTP/1.1 200 O\0K\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200\r\nX: a\vb\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: x\r\n\r\n",
    b"HTTP/1.1 200 OK\nContent-Length: 0\n\n",
    b"HTTP/1.1 200 OK\r\nX: y\r\n z\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 0000000000000000000\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked,\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\t\r\n\r\n0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nX: \x7f\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0 ;\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nTransfer-Encoding: gzip\r\n\r\n",
    b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
)


@pytest.mark.parametrize(("difference", "data"), list(zip(DIFFERENCES, EXAMPLES, strict=True)))
def test_each_difference_is_one(difference: Difference, data: bytes) -> None:
    """No line of the table stands there for nothing: it explains the verdicts of the readers that it names."""
    case, ours = Case(data), read(data)

    assert [name for name, oracle in ORACLES.items() if difference.explains(name, case, ours, oracle(case))] == sorted(
        difference.readers
    )
