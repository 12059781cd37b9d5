"""HTTP/1.1 answers as servers write them, right and wrong, and what a reader must make of each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from controller.load.wire.answer import Answer, Malformed


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was read: `done` before or only by the close of the connection; None for malformed bytes."""

    status: int
    body: bytes
    keep_alive: bool
    rest: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What came of feeding all bytes: done without the close, whole with it, or malformed."""

    done: bool = False
    closed_whole: bool = False
    malformed: bool = False
    verdict: Verdict | None = None


def read(data: bytes, cuts: tuple[int, ...] = (), *, bodiless: bool = False) -> Reading:
    """Feed bytes, cut at these places, until the answer is done, and then close the connection."""
    answer = Answer(keep=True, bodiless=bodiless)
    pieces = iter(_pieces(data, cuts))
    try:
        for piece in pieces:
            answer.feed(piece)
            if answer.done:
                break
    except Malformed:
        return Reading(malformed=True)
    done = answer.done
    whole = answer.close()
    if not whole:
        return Reading()
    assert answer.head is not None
    assert answer.body is not None
    rest = answer.rest + b"".join(pieces)
    return Reading(
        done=done, closed_whole=whole, verdict=Verdict(answer.head.status, answer.body, answer.head.keep_alive, rest)
    )


def _pieces(data: bytes, cuts: tuple[int, ...]) -> Iterator[bytes]:
    edges = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return (data[begin:end] for begin, end in pairwise(edges) if begin < end)


def _lines(*lines: str, body: bytes = b"") -> bytes:
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


OK = "HTTP/1.1 200 OK"

# What ends by itself: bytes, and what they say.
WHOLE: Mapping[str, tuple[bytes, Verdict]] = {
    "content-length": (_lines(OK, "Content-Length: 2", body=b"ok"), Verdict(200, b"ok", True)),
    "a body that looks like a head": (
        _lines(OK, "Content-Length: 19", body=b"HTTP/1.1 200 OK\r\n\r\n"),
        Verdict(200, b"HTTP/1.1 200 OK\r\n\r\n", True),
    ),
    "empty body": (_lines(OK, "Content-Length: 0"), Verdict(200, b"", True)),
    "lower case": (_lines(OK, "content-length: 2", body=b"ok"), Verdict(200, b"ok", True)),
    "upper case": (_lines(OK, "CONTENT-LENGTH: 2", "CONNECTION: CLOSE", body=b"ok"), Verdict(200, b"ok", False)),
    "spaces and tabs around a value": (_lines(OK, "Content-Length: \t 2 \t", body=b"ok"), Verdict(200, b"ok", True)),
    "no space before a value": (_lines(OK, "Content-Length:2", body=b"ok"), Verdict(200, b"ok", True)),
    "the same length twice": (
        _lines(OK, "Content-Length: 2", "Content-Length: 2", body=b"ok"),
        Verdict(200, b"ok", True),
    ),
    "the same length in a list": (_lines(OK, "Content-Length: 2, 2", body=b"ok"), Verdict(200, b"ok", True)),
    "leading zeros": (_lines(OK, "Content-Length: 0002", body=b"ok"), Verdict(200, b"ok", True)),
    "no reason phrase": (_lines("HTTP/1.1 200 ", "Content-Length: 2", body=b"ok"), Verdict(200, b"ok", True)),
    "not even a space after the status": (
        _lines("HTTP/1.1 200", "Content-Length: 2", body=b"ok"),
        Verdict(200, b"ok", True),
    ),
    "a reason in Latin-1": (_lines("HTTP/1.1 404 Não", "Content-Length: 0"), Verdict(404, b"", True)),
    "an empty field": (_lines(OK, "X-Empty:", "Content-Length: 2", body=b"ok"), Verdict(200, b"ok", True)),
    "a value in Latin-1": (_lines(OK, "X-Name: Zoë", "Content-Length: 2", body=b"ok"), Verdict(200, b"ok", True)),
    "close": (_lines(OK, "Connection: close", "Content-Length: 2", body=b"ok"), Verdict(200, b"ok", False)),
    "close in a list": (
        _lines(OK, "Connection: x, Close", "Content-Length: 2", body=b"ok"),
        Verdict(200, b"ok", False),
    ),
    "keep-alive": (_lines(OK, "Connection: keep-alive", "Content-Length: 2", body=b"ok"), Verdict(200, b"ok", True)),
    "HTTP/1.0": (_lines("HTTP/1.0 200 OK", "Content-Length: 2", body=b"ok"), Verdict(200, b"ok", False)),
    "HTTP/1.0 kept alive": (
        _lines("HTTP/1.0 200 OK", "Connection: Keep-Alive", "Content-Length: 2", body=b"ok"),
        Verdict(200, b"ok", True),
    ),
    "HTTP/1.0 with chunks": (
        _lines("HTTP/1.0 200 OK", "Transfer-Encoding: chunked", "Connection: keep-alive", body=b"2\r\nok\r\n0\r\n\r\n"),
        Verdict(200, b"ok", False),
    ),
    "204": (_lines("HTTP/1.1 204 No Content"), Verdict(204, b"", True)),
    "204 with a length": (_lines("HTTP/1.1 204 No Content", "Content-Length: 9"), Verdict(204, b"", True)),
    "304 with a length": (_lines("HTTP/1.1 304 Not Modified", "Content-Length: 9"), Verdict(304, b"", True)),
    "100 before the answer": (
        _lines("HTTP/1.1 100 Continue") + _lines(OK, "Content-Length: 2", body=b"ok"),
        Verdict(200, b"ok", True),
    ),
    "two interim answers": (
        _lines("HTTP/1.1 102 Processing")
        + _lines("HTTP/1.1 103 Early Hints", "Link: <a>")
        + _lines(OK, "Content-Length: 2", body=b"ok"),
        Verdict(200, b"ok", True),
    ),
    "chunked": (
        _lines(OK, "Transfer-Encoding: chunked", body=b"1\r\no\r\n1\r\nk\r\n0\r\n\r\n"),
        Verdict(200, b"ok", True),
    ),
    "chunked, in upper case": (
        _lines(OK, "TRANSFER-ENCODING: Chunked", body=b"A\r\n0123456789\r\n0\r\n\r\n"),
        Verdict(200, b"0123456789", True),
    ),
    "chunks with leading zeros": (
        _lines(OK, "Transfer-Encoding: chunked", body=b"0002\r\nok\r\n000\r\n\r\n"),
        Verdict(200, b"ok", True),
    ),
    "no chunk at all": (_lines(OK, "Transfer-Encoding: chunked", body=b"0\r\n\r\n"), Verdict(200, b"", True)),
    "chunks that hold line ends": (
        _lines(OK, "Transfer-Encoding: chunked", body=b"4\r\n\r\n\r\n\r\n0\r\n\r\n"),
        Verdict(200, b"\r\n\r\n", True),
    ),
    "chunk extensions": (
        _lines(OK, "Transfer-Encoding: chunked", body=b'2;a=1;b="c d"\r\nok\r\n0 ;last\r\n\r\n'),
        Verdict(200, b"ok", True),
    ),
    "trailers": (
        _lines(OK, "Transfer-Encoding: chunked", body=b"2\r\nok\r\n0\r\nX-Sum: 1\r\nContent-Length: 99\r\n\r\n"),
        Verdict(200, b"ok", True),
    ),
    "zipped, then chunked": (
        _lines(OK, "Transfer-Encoding: gzip, chunked", body=b"2\r\nok\r\n0\r\n\r\n"),
        Verdict(200, b"ok", True),
    ),
    "chunked in a list with empty elements": (
        _lines(OK, "Transfer-Encoding: ,chunked ,", body=b"2\r\nok\r\n0\r\n\r\n"),
        Verdict(200, b"ok", True),
    ),
    "chunked and closed": (
        _lines(OK, "Transfer-Encoding: chunked", "Connection: close", body=b"2\r\nok\r\n0\r\n\r\n"),
        Verdict(200, b"ok", False),
    ),
    "an answer of wrong status": (
        _lines("HTTP/1.1 503 Busy", "Content-Length: 4", body=b"busy"),
        Verdict(503, b"busy", True),
    ),
    "bytes after the end": (_lines(OK, "Content-Length: 2", body=b"ok!"), Verdict(200, b"ok", True, b"!")),
    "a second answer": (
        _lines(OK, "Content-Length: 2", body=b"ok") + _lines(OK, "Content-Length: 2", body=b"ok"),
        Verdict(200, b"ok", True, _lines(OK, "Content-Length: 2", body=b"ok")),
    ),
    "bytes after the last chunk": (
        _lines(OK, "Transfer-Encoding: chunked", body=b"2\r\nok\r\n0\r\n\r\nHTTP"),
        Verdict(200, b"ok", True, b"HTTP"),
    ),
}

# What only the close of the connection ends.
UNTIL_CLOSE: Mapping[str, tuple[bytes, Verdict]] = {
    "no length": (_lines(OK, body=b"ok and more"), Verdict(200, b"ok and more", False)),
    "no length, though keep-alive is said": (
        _lines(OK, "Connection: keep-alive", body=b"ok"),
        Verdict(200, b"ok", False),
    ),
    "HTTP/1.0 without a length": (_lines("HTTP/1.0 200 OK", body=b"ok"), Verdict(200, b"ok", False)),
    "no coding": (_lines(OK, "Transfer-Encoding:", body=b"ok"), Verdict(200, b"ok", False)),
    "chunked, then zipped": (_lines(OK, "Transfer-Encoding: chunked, gzip", body=b"zzz"), Verdict(200, b"zzz", False)),
    "a coding that is not chunked": (_lines(OK, "Transfer-Encoding: gzip", body=b"zzz"), Verdict(200, b"zzz", False)),
}

MALFORMED: Mapping[str, bytes] = {
    "another protocol": b"SSH-2.0-OpenSSH_9.2\r\n",
    "HTTP/2's answer to HTTP/1": b"\x00\x00\x12\x04\x00\x00\x00\x00\x00",
    "TLS's alert": b"\x15\x03\x01\x00\x02\x02\x46",
    "HTTP/2 in a status line": _lines("HTTP/2 200 OK", "Content-Length: 0"),
    "HTTP/1.2": _lines("HTTP/1.2 200 OK", "Content-Length: 0"),
    "HTTP/0.9": b"<html>ok</html>",
    "a lower case protocol": _lines("http/1.1 200 OK", "Content-Length: 0"),
    "a status of two digits": _lines("HTTP/1.1 20 OK", "Content-Length: 0"),
    "a status of four digits": _lines("HTTP/1.1 2000 OK", "Content-Length: 0"),
    "a status below 100": _lines("HTTP/1.1 099 OK", "Content-Length: 0"),
    "a switch that nobody asked for": _lines("HTTP/1.1 101 Switching Protocols"),
    "no status": _lines("HTTP/1.1 OK", "Content-Length: 0"),
    "two spaces before the status": _lines("HTTP/1.1  200 OK", "Content-Length: 0"),
    "an empty line first": b"\r\n" + _lines(OK, "Content-Length: 0"),
    "line ends without a carriage return": b"HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
    "a field without a colon": _lines(OK, "Content-Length 2"),
    "a field without a name": _lines(OK, ": 2"),
    "a space before the colon": _lines(OK, "Content-Length : 2"),
    "a folded line": _lines(OK, "X-A: 1", " and more", "Content-Length: 0"),
    "a line feed within a value": _lines(OK, "X-A: 1\nX-B: 2", "Content-Length: 0"),
    "a carriage return within a value": _lines(OK, "X-A: 1\rX-B: 2", "Content-Length: 0"),
    "a zero byte within a value": _lines(OK, "X-A: 1\0", "Content-Length: 0"),
    "an empty length": _lines(OK, "Content-Length:"),
    "a negative length": _lines(OK, "Content-Length: -1"),
    "a length with a sign": _lines(OK, "Content-Length: +2", body=b"ok"),
    "a length after a vertical tab": _lines(OK, "Content-Length: \v2", body=b"ok"),
    "a length in hex": _lines(OK, "Content-Length: 0x2", body=b"ok"),
    "a length with a fraction": _lines(OK, "Content-Length: 2.0", body=b"ok"),
    "a length no machine has": _lines(OK, "Content-Length: 9999999999999999999"),
    "two lengths": _lines(OK, "Content-Length: 2", "Content-Length: 3", body=b"ok!"),
    "two lengths in a list": _lines(OK, "Content-Length: 2, 3", body=b"ok!"),
    "a length beside chunks": _lines(OK, "Content-Length: 2", "Transfer-Encoding: chunked", body=b"0\r\n\r\n"),
    "chunked twice": _lines(OK, "Transfer-Encoding: chunked, chunked", body=b"0\r\n\r\n"),
    "an empty line without a carriage return": _lines(OK, "Content-Length: 2").removesuffix(b"\r\n") + b"\nok",
    "a chunk size that is no number": _lines(OK, "Transfer-Encoding: chunked", body=b"ok\r\n"),
    "an empty chunk size": _lines(OK, "Transfer-Encoding: chunked", body=b"\r\nok\r\n"),
    "a negative chunk size": _lines(OK, "Transfer-Encoding: chunked", body=b"-2\r\nok\r\n"),
    "a chunk size with a prefix": _lines(OK, "Transfer-Encoding: chunked", body=b"0x2\r\nok\r\n"),
    "a chunk longer than its size": _lines(OK, "Transfer-Encoding: chunked", body=b"1\r\nok\r\n0\r\n\r\n"),
    "a chunk shorter than its size": _lines(OK, "Transfer-Encoding: chunked", body=b"3\r\nok\r\n0\r\n\r\n"),
    "a trailer without a colon": _lines(OK, "Transfer-Encoding: chunked", body=b"0\r\nsum\r\n\r\n"),
    "a head without an end": b"HTTP/1.1 200 OK\r\n" + b"X-A: 1\r\n" * 9000,
    "a long head with an end": b"HTTP/1.1 200 OK\r\n" + b"X-A: 1\r\n" * 9000 + b"\r\n",
    "a chunk's line without an end": _lines(OK, "Transfer-Encoding: chunked", body=b"2;" + b"x" * 70_000),
    "a chunk's long line": _lines(
        OK, "Transfer-Encoding: chunked", body=b"2;" + b"x" * 70_000 + b"\r\nok\r\n0\r\n\r\n"
    ),
}
