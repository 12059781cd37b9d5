"""HTTP/2's header blocks: a request's, compiled once, and what an answer's says.

A request's block uses the static table and literals only, and an answer's is asked to (a table of size 0): so a block
means the same at any time, on any connection. Source: RFC 7541 and RFC 9113, section 8.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from hpack import Decoder
from hpack.exceptions import HPACKError
from hpack.hpack import encode_integer
from hpack.table import HeaderTable

from controller.errors import LoadError
from controller.load.wire.answer import Malformed
from controller.load.wire.frames import COMPRESSION_ERROR, BrokenProtocol
from controller.plan.coding import coding_of

# At the start of a connection's first block: no entry of ours is to be kept, whatever the server's table holds.
NO_TABLE: Final = b"\x20"

# Fields that speak of one HTTP/1.1 connection and may not be in a message of HTTP/2.
_OF_CONNECTIONS: Final = frozenset(
    {b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"}
)
_TABLE: Final = tuple(HeaderTable.STATIC_TABLE)
_STATUS: Final = re.compile(rb"[1-9][0-9]{2}")
_DIGITS: Final = re.compile(rb"[0-9]{1,18}")
_NAME: Final = re.compile(rb":?[!#$%&'*+.^_`|~0-9a-z-]+")
_NO_VALUE: Final = re.compile(rb"[\r\n\0]")


@dataclass(frozen=True, slots=True)
class Head:
    """What a header block of an answer says: status None in trailers, body_bytes None without a length.

    coding is coding_of's value.
    """

    status: int | None
    body_bytes: int | None
    coding: str


def request_block(fields: Iterable[tuple[str, str]]) -> bytes:
    """Return a header block of fields, the pseudo fields first, names in lower case.

    Raises LoadError for a field that only HTTP/1.1 knows.
    """
    coded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields]
    for name, value in coded:
        if name in _OF_CONNECTIONS or (name == b"te" and value.lower() != b"trailers"):
            raise LoadError(f"expected headers that HTTP/2 knows, found {name.decode('latin-1')}: leave it out")
    return b"".join(_field(*field) for field in coded)


@lru_cache(maxsize=1024)
def answer_head(block: bytes) -> Head:
    """Return what a header block of an answer says.

    Raises BrokenProtocol where it cannot be decoded, Malformed where its fields cannot be an answer's.
    """
    fields = _decoded(block)
    for name, value in fields:
        if _NAME.fullmatch(name) is None or _NO_VALUE.search(value) is not None or name in _OF_CONNECTIONS:
            raise Malformed(f"no header field of HTTP/2: {name[:80]!r}")
    codings = [value.decode("latin-1") for name, value in fields if name == b"content-encoding"]
    return Head(_status(fields), _length(fields), coding_of(",".join(codings)))


def fields_of(block: bytes) -> dict[str, str]:
    """Return the fields of a header block, but for :status; of several with one name the last one."""
    fields = ((name.decode("latin-1"), value.decode("latin-1")) for name, value in _decoded(block))
    return {name: value for name, value in fields if not name.startswith(":")}


def _decoded(block: bytes) -> list[tuple[bytes, bytes]]:
    # It keeps nothing that came before: we asked the server for a table of size 0.
    decoder = Decoder()
    decoder.header_table_size = decoder.max_allowed_table_size = 0
    try:
        return [(bytes(name), bytes(value)) for name, value in decoder.decode(block, raw=True)]
    except HPACKError as error:
        raise BrokenProtocol(COMPRESSION_ERROR, f"a header block that cannot be decoded: {error}") from error


def _field(name: bytes, value: bytes) -> bytes:
    if (name, value) in _TABLE:
        return _prefixed(_TABLE.index((name, value)) + 1, bits=7, first=0x80)
    index = next((at for at, known in enumerate(_TABLE, start=1) if known[0] == name), 0)
    return _prefixed(index, bits=4, first=0) + (b"" if index else _text(name)) + _text(value)


def _text(text: bytes) -> bytes:
    return _prefixed(len(text), bits=7, first=0) + text


def _prefixed(number: int, *, bits: int, first: int) -> bytes:
    encoded = encode_integer(number, bits)
    encoded[0] |= first
    return bytes(encoded)


def _status(fields: list[tuple[bytes, bytes]]) -> int | None:
    """Return the status, which stands first and alone among the fields with a colon, or None where there are none."""
    pseudo = [field for field in fields if field[0].startswith(b":")]
    if not pseudo:
        return None
    if pseudo != fields[:1] or pseudo[0][0] != b":status" or _STATUS.fullmatch(pseudo[0][1]) is None:
        raise Malformed(f"expected :status and nothing like it, found {pseudo[:3]!r}")
    return int(pseudo[0][1])


def _length(fields: list[tuple[bytes, bytes]]) -> int | None:
    # Of the bytes that Python takes for space, HTTP knows two.
    lengths = {part.strip(b" \t") for name, value in fields if name == b"content-length" for part in value.split(b",")}
    if not lengths:
        return None
    if len(lengths) > 1 or _DIGITS.fullmatch(length := lengths.pop()) is None:
        raise Malformed("a content-length that is no number, or several that differ")
    return int(length)
