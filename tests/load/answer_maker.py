"""Answers made by chance: right ones of every framing, right ones with something changed, and bytes of any kind."""

from dataclasses import dataclass
from random import Random

# What bodies and values are made of: enough of HTTP's own bytes that a reader can stumble over them.
ALPHABET = b"\r\n\t \v:;,=\0\x7f\xff0129afAFxX-/HTP."
FRAGMENTS = (
    b"HTTP/1.1 200 OK\r\n",
    b"HTTP/1.0 204 x\r\n",
    b"HTTP/1.1 304\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\n",
    b"Content-Length: 3\r\n",
    b"content-length:0\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: gzip\r\n",
    b"Content-Encoding: gzip\r\n",
    b"Connection: close\r\n",
    b"Connection: keep-alive\r\n",
    b"X: y\r\n",
    b"\r\n",
    b"\n",
    b"3\r\nabc\r\n",
    b"0\r\n\r\n",
    b"0\r\n",
    b"abc",
    b";x=1",
    b"FFFFFFFFFFFFFFF\r\n",
    b"0000000000000000000\r\n",
    b"Content-Length: 0000000000000000000\r\n",
    b"Transfer-Encoding: chunked,\r\n",
    b"HTTP/2.0 200 OK\r\n",
)
_STATUSES = (200, 200, 200, 201, 204, 206, 301, 304, 400, 404, 500, 503, 599)
_REASONS = ("OK", "", "Not Found", "Não", "a\tb  c")
_CONNECTIONS = (None, None, "close", "keep-alive", "Keep-Alive, x", "x,close", "CLOSE", "upgrade, keep-alive")
_FIELDS = (
    "Server: x",
    "Date: Tue, 01 Jan 2030 00:00:00 GMT",
    "X-Empty:",
    'ETag: "a:b"',
    "X-Z: ë",
    "Content-Encoding: gzip",
)


@dataclass(frozen=True, slots=True)
class Case:
    """Bytes that come in answer to a request; bodiless where that was HEAD."""

    data: bytes
    bodiless: bool = False


def right(random: Random) -> Case:
    """Return an answer as HTTP allows it, perhaps with interim answers before it and bytes after its end."""
    interim = b"".join(_interim(random) for _ in range(random.choice((0, 0, 0, 1, 2))))
    bodiless = random.random() < 0.1
    status = random.choice(_STATUSES)
    head, body = _framed(random, bodiless=bodiless or status in (204, 304), status=status)
    after = random.choice((b"", b"", b"", b"", b"x", b"\r\n", b"HTTP/1.1 200 OK\r\n\r\n"))
    return Case(interim + head + body + after, bodiless)


def changed(random: Random) -> Case:
    """Return a right answer with one to three changes to its bytes."""
    case = right(random)
    data = bytearray(case.data)
    for _ in range(random.randint(1, 3)):
        at = random.randrange(len(data) + 1)
        until = min(len(data), at + random.choice((0, 0, 1, 1, 2, 5, 20)))
        data[at:until] = random.choice((b"", _some(random, 2), random.choice(FRAGMENTS), bytes(data[at:until]) * 2))
    return Case(bytes(data), case.bodiless)


def anything(random: Random) -> Case:
    """Return fragments of answers, one after the other, with other bytes between them."""
    parts = [
        random.choice(FRAGMENTS) if random.random() < 0.8 else _some(random, 4) for _ in range(random.randint(1, 9))
    ]
    return Case((b"HTTP/1.1 200 OK\r\n" if random.random() < 0.7 else b"") + b"".join(parts))


def cuts_of(random: Random, data: bytes) -> tuple[int, ...]:
    """Return where to cut: between any two bytes, or at up to a few places."""
    if random.random() < 0.2:
        return tuple(range(len(data)))
    return tuple(random.randrange(len(data) + 1) for _ in range(random.randint(1, 5)))


def _some(random: Random, most: int) -> bytes:
    return bytes(random.choices(ALPHABET, k=random.randint(1, most)))


def _interim(random: Random) -> bytes:
    status, field = random.choice((("100 Continue", ""), ("103 Early Hints", "Link: </a>\r\n"), ("102 ", "X:\r\n")))
    return f"HTTP/1.1 {status}\r\n{field}\r\n".encode()


def _framed(random: Random, *, bodiless: bool, status: int) -> tuple[bytes, bytes]:
    version = "1.0" if random.random() < 0.15 else "1.1"
    body = bytes(random.choices(ALPHABET, k=random.choice((0, 1, 2, 3, 10, 60))))
    framing = random.choice(("length", "length", "close", *(("chunked",) * 2 if version == "1.1" else ())))
    fields = random.sample(_FIELDS, random.randint(0, 2))
    if framing == "length":
        fields.append(f"Content-Length: {len(body):0{random.choice((1, 1, 5))}d}")
    elif framing == "chunked":
        fields.append(random.choice(("Transfer-Encoding: chunked", "Transfer-Encoding: Chunked")))
        body = _in_chunks(random, body)
    if connection := random.choice(_CONNECTIONS):
        fields.append(f"Connection: {connection}")
    random.shuffle(fields)
    lines = [f"HTTP/{version} {status} {random.choice(_REASONS)}", *(_spelt(random, field) for field in fields)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1"), b"" if bodiless else body


def _spelt(random: Random, field: str) -> str:
    name, _, value = field.partition(":")
    spelling = random.choice((str, str, str.lower, str.upper))
    before, after = random.choice((" ", "", "\t", "  ")), random.choice(("", "", " ", "\t"))
    return f"{spelling(name)}:{before}{value.strip()}{after}"


def _in_chunks(random: Random, body: bytes) -> bytes:
    parts, rest = [], body
    while rest:
        size = random.randint(1, len(rest))
        extension = random.choice(("", "", "", ";a", ";a=1", ';a="b c"'))
        parts.append(
            f"{random.choice(('', '0'))}{size:{random.choice('xX')}}{extension}\r\n".encode() + rest[:size] + b"\r\n"
        )
        rest = rest[size:]
    trailers = random.choice((b"", b"", b"X-Sum: 1\r\n", b"A: 1\r\nB:\r\n"))
    return b"".join(parts) + random.choice((b"0", b"000")) + b"\r\n" + trailers + b"\r\n"
