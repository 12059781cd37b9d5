"""An HTTP/1.1 answer, read from bytes as they come, split anywhere; bodies are counted, and kept only on demand."""

import re

# A head longer than this is no answer of a sane server.
MOST_HEAD_BYTES = 64 * 1024
# The most of a body that is kept for a check; longer ones are only counted.
MOST_KEPT_BYTES = 4 * 1024 * 1024

_STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-9][0-9]{2})(?: [^\r\n]*)?")
_DIGITS = re.compile(rb"[0-9]{1,18}")
_HEX = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")

CLOSED_ENDS_IT = -1
CHUNKED = -2


class Malformed(Exception):
    """The bytes are no HTTP/1.1 answer; the text says where they stop being one."""


class Head:
    """What the head of an answer says about it.

    body_bytes is the body's length, or CLOSED_ENDS_IT, or CHUNKED. Source: RFC 9112, sections 6 and 9.3.
    """

    __slots__ = ("body_bytes", "keep_alive", "status")

    def __init__(self, head: bytes) -> None:
        lines = head[:-4].split(b"\r\n")
        if (match := _STATUS_LINE.fullmatch(lines[0])) is None:
            raise Malformed(f"no status line: {lines[0][:80]!r}")
        self.status = int(match[2])
        fields = [_field(line) for line in lines[1:]]
        tokens = {part.strip().lower() for name, value in fields if name == b"connection" for part in value.split(b",")}
        self.keep_alive = b"close" not in tokens if match[1] == b"1" else b"keep-alive" in tokens
        self.body_bytes = _body_bytes(self.status, fields)
        if self.body_bytes == CLOSED_ENDS_IT:
            self.keep_alive = False


def _field(line: bytes) -> tuple[bytes, bytes]:
    name, colon, value = line.partition(b":")
    if not colon or _NAME.fullmatch(name) is None:
        raise Malformed(f"no header field: {line[:80]!r}")
    return name.lower(), value.strip(b" \t")


def _body_bytes(status: int, fields: list[tuple[bytes, bytes]]) -> int:
    lengths = {part.strip() for name, value in fields if name == b"content-length" for part in value.split(b",")}
    codings = [
        part.strip().lower() for name, value in fields if name == b"transfer-encoding" for part in value.split(b",")
    ]
    if status < 200 or status in (204, 304):
        return 0
    if codings:
        if lengths:
            raise Malformed("both Transfer-Encoding and Content-Length")
        return CHUNKED if codings[-1] == b"chunked" else CLOSED_ENDS_IT
    if not lengths:
        return CLOSED_ENDS_IT
    if len(lengths) > 1 or _DIGITS.fullmatch(length := lengths.pop()) is None:
        raise Malformed("a Content-Length that is no number, or several that differ")
    return int(length)


class Answer:
    """Reads one answer. Feed it bytes until `done`; `rest` is then what came after its end.

    keep says whether the body is kept (up to MOST_KEPT_BYTES) in `body`; body_bytes counts it in any case.
    """

    __slots__ = ("_buffer", "_left", "_step", "body", "body_bytes", "done", "head", "keep", "raw_head", "rest")

    def __init__(self, *, keep: bool) -> None:
        self.keep = keep
        self.head: Head | None = None
        self.raw_head = b""
        self.body = b""
        self.body_bytes = 0
        self.done = False
        self.rest = b""
        self._buffer = b""
        self._left = 0
        self._step = self._read_head

    @property
    def begun(self) -> bool:
        """Whether any byte of an answer has come."""
        return bool(self._buffer) or self.head is not None

    def feed(self, data: bytes) -> None:
        """Take the next bytes. Raises Malformed where they cannot be part of an answer."""
        self._buffer += data
        while not self.done and self._step():
            pass
        if self.done:
            self.rest, self._buffer = self._buffer, b""

    def close(self) -> bool:
        """Take the end of the connection; returns whether the answer is whole."""
        if self.head is not None and self.head.body_bytes == CLOSED_ENDS_IT:
            self.done = True
        return self.done

    def _read_head(self) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > MOST_HEAD_BYTES:
                raise Malformed(f"a head of more than {MOST_HEAD_BYTES} bytes")
            if not b"HTTP/1."[: len(self._buffer)] == self._buffer[:7]:
                raise Malformed(f"no status line: {self._buffer[:80]!r}")
            return False
        raw, self._buffer = self._buffer[: end + 4], self._buffer[end + 4 :]
        head = Head(raw)
        if 100 <= head.status < 200 and head.status != 101:
            return True  # An interim answer: the real one follows.
        self.head, self.raw_head = head, raw
        self._begin_body(head.body_bytes)
        return True

    def _begin_body(self, body_bytes: int) -> None:
        self._left = body_bytes
        if body_bytes == 0:
            self.done = True
        elif body_bytes == CHUNKED:
            self._step = self._read_chunk_size
        else:
            self._step = self._read_until_close if body_bytes == CLOSED_ENDS_IT else self._read_body

    def _take(self, size: int) -> int:
        part, self._buffer = self._buffer[:size], self._buffer[size:]
        self.body_bytes += len(part)
        if self.keep and len(self.body) < MOST_KEPT_BYTES:
            self.body += part
        return len(part)

    def _read_body(self) -> bool:
        self._left -= self._take(self._left)
        self.done = self._left == 0
        return False

    def _read_until_close(self) -> bool:
        self._take(len(self._buffer))
        return False

    def _line(self) -> bytes | None:
        end = self._buffer.find(b"\r\n")
        if end < 0:
            if len(self._buffer) > MOST_HEAD_BYTES:
                raise Malformed("a chunk's line without an end")
            return None
        line, self._buffer = self._buffer[:end], self._buffer[end + 2 :]
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
        if len(self._buffer) < 2:
            return False
        if not self._buffer.startswith(b"\r\n"):
            raise Malformed("a chunk longer than its size")
        self._buffer = self._buffer[2:]
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
