"""HTTP/2's parts alone: frames, header blocks and uploads, held against the hyperframe and hpack packages."""

import pytest
from hpack import Decoder, Encoder
from hyperframe.frame import ContinuationFrame, DataFrame, Frame, HeadersFrame
from hypothesis import given
from hypothesis import strategies as st

from controller.errors import LoadError
from controller.load.job import Job, JobRequest
from controller.load.wire.answer import Malformed
from controller.load.wire.fields import Head, answer_head
from controller.load.wire.frames import FRAME_BYTES, BrokenProtocol, error_name, header_parts, pack_number
from controller.load.wire.http2_request import http2_writer
from controller.load.wire.reply import Reply
from controller.load.wire.uploads import Uploads

NAMES = st.from_regex(r"[a-z][a-z0-9-]{0,20}", fullmatch=True).filter(
    lambda name: (
        name not in ("host", "connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "te")
    )
)
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=200).map(str.strip)


def frames_of(data: bytes) -> list[Frame]:
    """Read whole frames as hyperframe does."""
    found = []
    while data:
        frame, size = Frame.parse_frame_header(memoryview(data[:9]))
        frame.parse_body(memoryview(data[9 : 9 + size]))
        found.append(frame)
        data = data[9 + size :]
    return found


def block_of(method: str = "GET", *, body: str | None = None, headers: list[tuple[str, str]] | None = None) -> bytes:
    """Return the header block of a request to https://h:1/a?b=1."""
    request = JobRequest(method=method, path="/a?b=1", weight=1.0, endpoint="/a", body=body)
    job = Job(order=1, url="https://h:1", requests=(request,), headers=tuple(headers or ()), http="2")
    return http2_writer(job, request)(request.path, body or "").request


@given(st.sampled_from(["GET", "POST", "PATCH"]), st.lists(st.tuples(NAMES, VALUES), max_size=8))
def test_a_request_is_read_as_it_was_meant(method: str, headers: list[tuple[str, str]]) -> None:
    """Any decoder gets the fields back, in order, the pseudo fields first, also when it has no table at all."""
    decoder = Decoder()
    decoder.header_table_size = decoder.max_allowed_table_size = 0

    pseudo = [(":method", method), (":scheme", "https"), (":authority", "h:1"), (":path", "/a?b=1")]
    assert [tuple(field) for field in decoder.decode(block_of(method, headers=headers))] == [*pseudo, *headers]


def test_a_host_of_ones_own_is_the_authority() -> None:
    """Host, in any case, becomes :authority and is not sent twice."""
    pseudo = {":method": "GET", ":scheme": "https", ":authority": "shop.example", ":path": "/a?b=1"}

    assert dict(Decoder().decode(block_of(headers=[("HOST", "shop.example")]))) == pseudo


@pytest.mark.parametrize("name", ["Connection", "keep-alive", "TE", "Transfer-Encoding", "Upgrade", "Proxy-Connection"])
def test_fields_of_http1_connections_are_refused(name: str) -> None:
    """HTTP/2 knows no such field: one line says which to leave out."""
    with pytest.raises(LoadError, match=f"found {name.lower()}: leave it out"):
        block_of(headers=[(name, "x")])


@pytest.mark.parametrize("size", [1, FRAME_BYTES - 1, FRAME_BYTES, FRAME_BYTES + 1, 3 * FRAME_BYTES])
@pytest.mark.parametrize("ended", [True, False])
def test_long_header_blocks_are_continued(size: int, ended: bool) -> None:
    """The number joins the parts to HEADERS and CONTINUATION frames that hold the block, ended only at its end."""
    block = bytes(range(256)) * (size // 256 + 1)
    sent = frames_of(pack_number(2**31 - 1).join(header_parts(block[:size], ended=ended)))

    assert b"".join(frame.data for frame in sent) == block[:size]
    assert [type(frame) for frame in sent] == [HeadersFrame] + [ContinuationFrame] * ((size - 1) // FRAME_BYTES)
    assert {frame.stream_id for frame in sent} == {2**31 - 1}
    assert ["END_HEADERS" in frame.flags for frame in sent] == [False] * (len(sent) - 1) + [True]
    assert ("END_STREAM" in sent[0].flags) == ended


@given(
    st.integers(200, 599),
    st.none() | st.integers(0, 10**12),
    st.sampled_from(["", "gzip", "br, gzip"]),
    st.lists(st.tuples(NAMES, VALUES), max_size=5),
)
def test_an_answers_head_is_read(
    status: int, body_bytes: int | None, coding: str, headers: list[tuple[str, str]]
) -> None:
    """Status, length and coding are found among any fields, with and without Huffman's code."""
    headers = [field for field in headers if field[0] not in ("content-length", "content-encoding")]
    headers += [("content-encoding", name) for name in coding.split(", ") if coding]
    length = [] if body_bytes is None else [("content-length", str(body_bytes))]
    encoder = Encoder()
    encoder.header_table_size = 0
    fields = [(":status", str(status)), *headers, *length]

    assert answer_head(encoder.encode(fields)) == Head(status, body_bytes, coding)
    assert answer_head(encoder.encode(fields, huffman=False)) == Head(status, body_bytes, coding)


@pytest.mark.parametrize("length", ["", "-1", "+2", "0x2", "2.0", "\v2", "2, 3", "9" * 19])
def test_a_length_that_is_none_is_malformed(length: str) -> None:
    """What the reading of HTTP/1.1 refuses is refused here too."""
    with pytest.raises(Malformed, match="content-length"):
        answer_head(Encoder().encode([(":status", "200"), ("content-length", length)]))


@given(st.binary(max_size=60))
def test_any_bytes_are_a_head_or_an_error_of_ours(block: bytes) -> None:
    """No block makes the decoder fail in a way of its own."""
    try:
        head = answer_head(block)
    except (BrokenProtocol, Malformed):
        return
    assert head.status is None or 100 <= head.status <= 999


def test_head_and_no_content_have_no_body() -> None:
    """An answer to HEAD keeps the length of what it stands for; 204 and 304 may name one too."""
    for status, bodiless in [(b"\x88", True), (b"\x89", False), (b"\x8b", False)]:
        reply = Reply(keep=True, bodiless=bodiless)
        reply.take_block(status + b"\x0f\x0d\x019", ended=True)

        assert reply.done
        assert reply.body == b""


CREDITS = st.lists(st.tuples(st.sampled_from([0, 1, 3, 5, "first"]), st.integers(1, 40_000)), max_size=40)


@given(st.lists(st.integers(1, 90_000), min_size=1, max_size=3), CREDITS)
def test_uploads_keep_to_every_window(sizes: list[int], opened: list[tuple[int | str, int]]) -> None:
    """Whatever windows open and shrink: never a byte more than they allow, none withheld, bodies whole."""
    uploads = Uploads()
    bodies = {2 * index + 1: bytes([index + 1]) * size for index, size in enumerate(sizes)}
    connection, first, windows, got = 65_535, 65_535, dict.fromkeys(bodies, 65_535), dict.fromkeys(bodies, b"")
    sent = b"".join([uploads.begin(stream, body) for stream, body in bodies.items()])
    for which, amount in [*opened, (0, 10**6), *((stream, 10**6) for stream in bodies)]:
        for frame in frames_of(sent):
            assert isinstance(frame, DataFrame)
            assert len(frame.data) <= FRAME_BYTES
            got[frame.stream_id] += frame.data
            windows[frame.stream_id] -= len(frame.data)
            connection -= len(frame.data)
            assert ("END_STREAM" in frame.flags) == (got[frame.stream_id] == bodies[frame.stream_id])
            assert connection >= 0
            assert windows[frame.stream_id] >= 0
        left = [stream for stream in bodies if got[stream] != bodies[stream]]
        assert connection == 0 or all(windows[stream] <= 0 for stream in left)
        if which == "first":
            windows = {stream: window + amount - first for stream, window in windows.items()}
            first, sent = amount, uploads.set_first_window(amount)
        elif which == 0:
            connection, sent = connection + amount, uploads.credit(0, amount)
        else:
            windows = {stream: window + (amount if stream == which else 0) for stream, window in windows.items()}
            sent = uploads.credit(int(which), amount)
    for frame in frames_of(sent):
        got[frame.stream_id] += frame.data
    assert got == bodies


def test_codes_have_names() -> None:
    """An error is said by its name, one without a name by its number."""
    assert (error_name(7), error_name(0x99)) == ("REFUSED_STREAM", "error 0x99")
