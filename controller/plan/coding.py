"""Content codings: which of them requests accept, and what a body was before it was coded.

Used before load by stack/check.py and under load by every worker, so: standard library only, quick to import.
Source: RFC 9110, sections 8.4 and 12.5.3; RFC 1952.
"""

import re
import zlib
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache
from typing import Final

from controller.plan.contract import Difference
from controller.plan.factors import Variant
from controller.plan.scenario import Scenario
from controller.units import MIB

GZIP: Final = "gzip"
# Far more than any body of the contract, and so little that a small one which grows without end holds up nobody long.
MOST_DECODED_BYTES: Final = 64 * MIB

_ACCEPT: Final = "Accept-Encoding"
_OLD_NAMES: Final = {"x-gzip": GZIP}
_NEVER: Final = re.compile(r"[ \t]*q=0(?:\.0{0,3})?[ \t]*", re.IGNORECASE)
# zlib's number for the largest window, in the format of gzip.
_GZIP_WINDOW: Final = 16 + zlib.MAX_WBITS


def as_sent(scenario: Scenario, variant: Variant) -> Scenario:
    """Return a scenario with the headers that its requests carry in a variant.

    Behind Nginx they accept gzip, whichever level that factor has: both levels answer the same requests. What a
    scenario says of its own accord stands.
    """
    if variant.levels["proxy"] != "nginx" or any(name.lower() == _ACCEPT.lower() for name, _ in scenario.headers):
        return scenario
    return replace(scenario, headers=(*scenario.headers, (_ACCEPT, GZIP)))


def accepted_codings(headers: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Return the codings that requests with these headers accept, in small letters, `*` among them as it stands."""
    values = [value for name, value in headers if name.lower() == _ACCEPT.lower()]
    named = [element.partition(";") for value in values for element in value.split(",")]
    return frozenset(_one_name(name) for name, _, weight in named if not _NEVER.fullmatch(weight)) - {"", "identity"}


@lru_cache(maxsize=64)
def coding_of(field: str) -> str:
    """Return what a Content-Encoding says, in the order of the coding: "gzip", "br, gzip"; empty where it says nothing.

    Values of several such fields stand here with commas between them.
    """
    return ", ".join(name for name in map(_one_name, field.split(",")) if name not in ("", "identity"))


def plain_body(
    body: bytes | None, coding: str, *, accepted: frozenset[str], looked_into: bool
) -> bytes | Difference | None:
    """Return a body that came coded as it was before; what is wrong with it, where it cannot be had.

    accepted are the codings that the request accepts; looked_into says whether anything is expected of the body. None
    is not known: of a body that was not kept (None), and of one in a coding that only the server knows, where nothing
    is expected of it.
    """
    if not looked_into and not accepted:
        return None
    if "*" not in accepted and not accepted.issuperset(coding.split(", ")):
        asked = f"coded in {' or '.join(sorted(accepted))}, or not" if accepted else "that is not coded"
        return Difference(f"a body {asked}", f"Content-Encoding: {coding[:80]}, which the request does not accept")
    if coding != GZIP:
        found = f"Content-Encoding: {coding[:80]}, which cannot be looked into"
        return Difference("a body coded in gzip, or not", found) if looked_into else None
    return None if body is None else unzipped(body)


def unzipped(body: bytes) -> bytes | Difference:
    """Return what a body in gzip was before, or what keeps it from being one.

    It is one member, as all servers write it, and at most MOST_DECODED_BYTES long. More members, which the format
    allows, would cost most where they hold nothing.
    """
    # Each is one answer's: a decoder cannot be used again.
    decoder = zlib.decompressobj(_GZIP_WINDOW)
    try:
        plain = decoder.decompress(body, MOST_DECODED_BYTES + 1)
    except zlib.error as error:
        return Difference("a body in gzip", f"{len(body)} bytes that are none ({error})")
    if len(plain) > MOST_DECODED_BYTES:
        return Difference(f"at most {MOST_DECODED_BYTES // MIB} MiB in gzip", f"more in a body of {len(body)} bytes")
    if not decoder.eof:
        return Difference("a whole body in gzip", f"that its {len(body)} bytes end before it does")
    if decoder.unused_data:
        return Difference("a body in gzip", f"{len(decoder.unused_data)} bytes after its end")
    return plain


def _one_name(name: str) -> str:
    name = name.strip(" \t").lower()
    return _OLD_NAMES.get(name, name)
