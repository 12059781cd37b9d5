"""The reading of HTTP/1.1 answers: right whatever way the bytes are split, and never fooled or held up."""

import time
import tracemalloc
from itertools import islice
from math import ceil

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from controller.load.wire.answer import MOST_HEAD_BYTES, MOST_KEPT_BYTES, Answer, Malformed
from tests.load.answers import MALFORMED, UNTIL_CLOSE, WHOLE, read

EVERYTHING = {**{name: data for name, (data, _) in {**WHOLE, **UNTIL_CLOSE}.items()}, **MALFORMED}
CUTS = st.lists(st.integers(0, 1 << 20), max_size=8).map(tuple)
# Bytes near enough to an answer that the reader gets past the first line.
FRAGMENTS = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.0 204 x\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"Content-Length: 3\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Connection: close\r\n",
        b"\r\n",
        b"3\r\n",
        b"abc\r\n",
        b"0\r\n",
        b";x",
        b"FFFFFFFFFFFFFFF\r\n",
    ]
)
ANY_BYTES = st.binary(max_size=200) | st.lists(FRAGMENTS | st.binary(max_size=3), max_size=12).map(b"".join)


@pytest.mark.parametrize("name", WHOLE)
def test_an_answer_that_ends_by_itself_is_read_to_its_end(name: str) -> None:
    """Status, body, whether the connection may be used again, and what came after the end are as the bytes say."""
    data, verdict = WHOLE[name]

    reading = read(data)

    assert reading.done
    assert reading.verdict == verdict


@pytest.mark.parametrize("name", UNTIL_CLOSE)
def test_an_answer_without_a_length_ends_with_the_connection(name: str) -> None:
    """It is not done before the close, whole with it, and its connection carries no other request."""
    data, verdict = UNTIL_CLOSE[name]

    reading = read(data)

    assert not reading.done
    assert reading.verdict == verdict
    assert not verdict.keep_alive


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_answer_is_refused(name: str) -> None:
    """Bytes that cannot be an answer are Malformed as they come, not only when the time is up."""
    assert read(MALFORMED[name]).malformed


@pytest.mark.parametrize("name", EVERYTHING)
@given(cuts=CUTS)
@settings(max_examples=8, deadline=None)
def test_splits_change_nothing(name: str, cuts: tuple[int, ...]) -> None:
    """However the bytes are split, the verdict is that of the bytes in one piece."""
    assert read(EVERYTHING[name], cuts) == read(EVERYTHING[name])


@pytest.mark.parametrize("name", [name for name, data in EVERYTHING.items() if len(data) < 1000])
def test_byte_by_byte_changes_nothing(name: str) -> None:
    """The same with a cut between any two bytes."""
    data = EVERYTHING[name]

    assert read(data, tuple(range(len(data)))) == read(data)


@given(data=ANY_BYTES, cuts=CUTS)
@example(
    data=b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * (MOST_HEAD_BYTES - 24) + b"\r\n\r\n", cuts=(MOST_HEAD_BYTES - 1,)
)
@example(
    data=b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * (MOST_HEAD_BYTES - 23) + b"\r\n\r\n", cuts=(MOST_HEAD_BYTES - 1,)
)
@settings(max_examples=600, deadline=None)
def test_any_bytes_are_read_or_refused(data: bytes, cuts: tuple[int, ...]) -> None:
    """No bytes lead to anything but a verdict or Malformed, and splits change nothing here either."""
    assert read(data, cuts) == read(data)


@pytest.mark.parametrize("name", WHOLE)
def test_a_part_is_never_an_answer(name: str) -> None:
    """Cut off at any byte, an answer is neither done nor whole by the close."""
    data, verdict = WHOLE[name]
    end = len(data) - len(verdict.rest)

    assert [size for size in range(end) if read(data[:size]).closed_whole] == []
    assert [size for size in range(end) if read(data[:size]).malformed] == []


@pytest.mark.parametrize("name", UNTIL_CLOSE)
def test_a_part_that_the_close_ends_is_not_done_before(name: str) -> None:
    """An answer without a length is never done while the connection stands, and not begun without its head."""
    data, _ = UNTIL_CLOSE[name]
    head = data.index(b"\r\n\r\n") + 4

    assert [size for size in range(len(data)) if read(data[:size]).done] == []
    assert [size for size in range(head) if read(data[:size]).closed_whole] == []


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("chunked", [False, True])
def test_the_work_grows_with_the_bytes_alone(chunked: bool, keep: bool) -> None:
    """100 MB in reads of 16 KB cost about as much a megabyte as 20 MB do: nothing is copied again and again."""
    per_mb = [min(_seconds(mb, chunked=chunked, keep=keep) for _ in range(3)) / mb for mb in (20, 100)]

    assert per_mb[1] < 3 * per_mb[0] + 0.0005


def test_a_body_takes_no_memory_beyond_what_is_kept() -> None:
    """A body of 100 MB is counted; kept is at most what a check may look at, and a part is never checked."""
    tracemalloc.start()
    try:
        answer = _fed(100, chunked=True, keep=True)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert answer.body_bytes == 100 << 20
    assert answer.body is None
    assert peak < 2 * MOST_KEPT_BYTES


def test_tiny_chunks_cost_as_much_each_however_many_come_at_once() -> None:
    """A stream of chunks of one byte is read in time that grows with its length, even as one piece."""
    seconds = [min(_tiny(chunks) for _ in range(3)) / chunks for chunks in (2_000, 40_000)]

    assert seconds[1] < 4 * seconds[0]


def test_an_endless_head_is_refused_early() -> None:
    """A server that never ends its head, or sends interim answers for ever, holds no more than a head's bytes."""
    answer = Answer(keep=False)
    line = b"X-A: 1\r\n"
    answer.feed(b"HTTP/1.1 200 OK\r\n")

    def endless() -> int:
        for fed in range(2 * MOST_HEAD_BYTES // len(line)):
            try:
                answer.feed(line)
            except Malformed:
                return fed * len(line)
        return 0

    assert 0 < endless() <= MOST_HEAD_BYTES


def _seconds(mb: int, *, chunked: bool, keep: bool) -> float:
    began_s = time.thread_time()
    _fed(mb, chunked=chunked, keep=keep)
    return time.thread_time() - began_s


def _fed(mb: int, *, chunked: bool, keep: bool) -> Answer:
    answer = Answer(keep=keep)
    size = mb << 20
    framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % size
    answer.feed(b"HTTP/1.1 200 OK\r\n" + framing + b"\r\n\r\n")
    part = b"x" * 16_384
    piece = b"4000\r\n" + part + b"\r\n" if chunked else part
    for _ in islice(iter(int, 1), ceil(size / len(part))):
        answer.feed(piece)
    if chunked:
        answer.feed(b"0\r\n\r\n")
    assert answer.done
    return answer


def _tiny(chunks: int) -> float:
    answer = Answer(keep=False)
    began_s = time.thread_time()
    answer.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * chunks + b"0\r\n\r\n")
    assert answer.done
    return time.thread_time() - began_s
