"""An HTTP/1.1 answer, read from bytes as they come, split anywhere; bodies are counted, and kept only on demand."""

import re
from functools import lru_cache

from controller.plan.coding import coding_of

# A head longer than this is no answer of a sane server.
MOST_HEAD_BYTES = 64 * 1024
# The most of a body that is kept for a check; longer ones are only counted.
MOST_KEPT_BYTES = 4 * 1024 * 1024

_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: [^\r\n]*)?")
_DIGITS = re.compile(rb"[0-9]{1,18}")
_HEX = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NO_VALUE = re.compile(rb"[\r\n\0]")
_BARE_LINE_FEED = re.compile(rb"(?<!\r)\n")

CLOSED_ENDS_IT = -1
CHUNKED = -2


class Malformed(Exception):
    """The bytes are no HTTP/1.1 answer; the text says where they stop being one."""


class Head:
    """What the head of an answer says about it.

    body_bytes is the body's length, or CLOSED_ENDS_IT, or CHUNKED; an answer to HEAD is bodiless, whatever its head
    announces. coding is coding_of's value. Source: RFC 9112, sections 6 and 9.3.
    """

    __slots__ = ("body_bytes", "coding", "keep_alive", "status")

    def __init__(self, head: bytes, bodiless: bool) -> None:
        lines = head[:-4].split(b"\r\n")
        if (match := _STATUS_LINE.fullmatch(lines[0])) is None:
            raise Malformed(f"no status line: {lines[0][:80]!r}")
        self.status = int(match[2])
        if self.status == 101:
            raise Malformed("a switch to another protocol that nobody asked for")
        fields = [_field(line) for line in lines[1:]]
        tokens = {part.lower() for name, value in fields if name == b"connection" for part in _elements(value)}
        self.keep_alive = b"close" not in tokens if match[1] == b"1" else b"keep-alive" in tokens
        codings = [value.decode("latin-1") for name, value in fields if name == b"content-encoding"]
        self.coding = coding_of(",".join(codings)) if codings else ""
        body_bytes = _body_bytes(fields)
        self.body_bytes = 0 if bodiless or self.status < 200 or self.status in (204, 304) else body_bytes
        # HTTP/1.0 knows no Transfer-Encoding: who sends one there may have framed the body in another way.
        faulty = match[1] == b"0" and any(name == b"transfer-encoding" for name, _ in fields)
        if self.body_bytes == CLOSED_ENDS_IT or faulty:
            self.keep_alive = False


# Heads differ in few lines, and answers that come in several reads mostly share theirs: each is looked through once.
_head = lru_cache(maxsize=256)(Head)


@lru_cache(maxsize=512)
def _field(line: bytes) -> tuple[bytes, bytes]:
    name, colon, value = line.partition(b":")
    if not colon or _NAME.fullmatch(name) is None or _NO_VALUE.search(value) is not None:
        raise Malformed(f"no header field: {line[:80]!r}")
    return name.lower(), value.strip(b" \t")


def _elements(value: bytes) -> list[bytes]:
    # Of the bytes that Python takes for space, HTTP knows two.
    return [part.strip(b" \t") for part in value.split(b",")]


def _body_bytes(fields: list[tuple[bytes, bytes]]) -> int:
    lengths = {part for name, value in fields if name == b"content-length" for part in _elements(value)}
    encodings = [value for name, value in fields if name == b"transfer-encoding"]
    if encodings:
        if lengths:
            raise Malformed("both Transfer-Encoding and Content-Length")
        return _coded_bytes(encodings)
    if not lengths:
        return CLOSED_ENDS_IT
    if len(lengths) > 1 or _DIGITS.fullmatch(length := lengths.pop()) is None:
        raise Malformed("a Content-Length that is no number, or several that differ")
    return int(length)


def _coded_bytes(encodings: list[bytes]) -> int:
    # Empty elements of a list count for nothing: RFC 9110, section 5.6.1.
    codings = [part.lower() for value in encodings for part in _elements(value) if part]
    if codings.count(b"chunked") > 1:
        raise Malformed("chunked more than once")
    return CHUNKED if codings[-1:] == [b"chunked"] else CLOSED_ENDS_IT


class Answer:
    """Reads one answer. Feed it bytes until `done`; `rest` is then what came after its end.

    keep says whether the body is kept in `body`, up to MOST_KEPT_BYTES; body_bytes counts it in any case.
    bodiless says that the answer ends with its head, whatever that announces, as all answers to HEAD do.
    However the bytes are split, the answer is the same, and the work grows with their number alone.
    """

    __slots__ = (
        "_at",
        "_bodiless",
        "_buffer",
        "_kept",
        "_left",
        "_step",
        "body_bytes",
        "done",
        "head",
        "keep",
        "raw_head",
        "rest",
    )

    def __init__(self, *, keep: bool, bodiless: bool = False) -> None:
        self._bodiless = bodiless
        self.keep = keep
        self.head: Head | None = None
        self.raw_head = b""
        self.body_bytes = 0
        self.done = False
        self.rest = b""
        self._kept: list[bytes] = []
        self._buffer = b""
        self._at = 0
        self._left = 0
        self._step = self._read_head

    @property
    def begun(self) -> bool:
        """Whether any byte of an answer has come."""
        return self._at < len(self._buffer) or self.head is not None

    @property
    def body(self) -> bytes | None:
        """The body; None where it was not kept, or not all of it."""
        return b"".join(self._kept) if self.keep and self.body_bytes <= MOST_KEPT_BYTES else None

    def feed(self, data: bytes) -> None:
        """Take the next bytes. Raises Malformed where they cannot be part of an answer."""
        # Steps move a mark instead of cutting the buffer: many small chunks in one read would each copy the rest.
        self._buffer = self._buffer[self._at :] + data if self._at < len(self._buffer) else data
        self._at = 0
        while not self.done and self._step():
            pass
        if self.done:
            self.rest, self._buffer, self._at = self._buffer[self._at :], b"", 0

    def close(self) -> bool:
        """Take the end of the connection; returns whether the answer is whole."""
        if self.head is not None and self.head.body_bytes == CLOSED_ENDS_IT:
            self.done = True
        return self.done

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n", self._at) + 4
        size = end - self._at if end > 3 else len(self._buffer) - self._at
        if size > MOST_HEAD_BYTES or (end == 3 and size == MOST_HEAD_BYTES):
            raise Malformed(f"a head of more than {MOST_HEAD_BYTES} bytes")
        if end == 3:
            self._check_begin(self._buffer[self._at : self._at + 1024])
            return False
        raw, self._at = self._buffer[self._at : end], end
        head = _head(raw, self._bodiless)
        if head.status < 200:
            return True  # An interim answer: the real one follows.
        self.head, self.raw_head = head, raw
        self._begin_body(head.body_bytes)
        return True

    def _check_begin(self, begin: bytes) -> None:
        """Refuse what can no longer become a head, instead of waiting for an end that never comes."""
        if b"HTTP/1."[: len(begin)] != begin[:7]:
            raise Malformed(f"no status line: {begin[:80]!r}")
        if (found := _BARE_LINE_FEED.search(begin)) is not None:
            raise Malformed(f"a line without its carriage return: {begin[: found.end()][-80:]!r}")

    def _begin_body(self, body_bytes: int) -> None:
        self._left = body_bytes
        if body_bytes == 0:
            self.done = True
        elif body_bytes == CHUNKED:
            self._step = self._read_chunk_size
        else:
            self._step = self._read_until_close if body_bytes == CLOSED_ENDS_IT else self._read_body

    def _take(self, size: int) -> int:
        """Take up to `size` bytes of the body; returns how many there were."""
        begin, self._at = self._at, min(self._at + size, len(self._buffer))
        if self.keep and self.body_bytes < MOST_KEPT_BYTES:
            self._kept.append(self._buffer[begin : self._at])
        self.body_bytes += self._at - begin
        return self._at - begin

    def _read_body(self) -> bool:
        self._left -= self._take(self._left)
        self.done = self._left == 0
        return False

    def _read_until_close(self) -> bool:
        self._take(len(self._buffer))
        return False

    def _line(self) -> bytes | None:
        end = self._buffer.find(b"\r\n", self._at)
        size = (end + 1 if end >= 0 else len(self._buffer)) - self._at
        if size >= MOST_HEAD_BYTES:
            raise Malformed(f"a chunk's line of more than {MOST_HEAD_BYTES} bytes")
        if end < 0:
            return None
        line, self._at = self._buffer[self._at : end], end + 2
        return line

    def _read_chunk_size(self) -> bool:
        if (line := self._line()) is None:
            return False
        if (match := _HEX.fullmatch(line)) is None:
            raise Malformed(f"no chunk size: {line[:80]!r}")
        self._left = int(match[1], 16)
        self._step = self._read_chunk if self._left else self._read_trailer
        return True

    def _read_chunk(self) -> bool:
        self._left -= self._take(self._left)
        if self._left:
            return False
        self._step = self._read_chunk_end
        return True

    def _read_chunk_end(self) -> bool:
        if len(self._buffer) - self._at < 2:
            return False
        if not self._buffer.startswith(b"\r\n", self._at):
            raise Malformed("a chunk longer than its size")
        self._at += 2
        self._step = self._read_chunk_size
        return True

    def _read_trailer(self) -> bool:
        if (line := self._line()) is None:
            return False
        if line:
            _field(line)
        else:
            self.done = True
        return not self.done
