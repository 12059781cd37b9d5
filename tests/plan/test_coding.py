"""Content codings: which requests accept, which answers name, and bodies in gzip as they were before."""

import gzip
import zlib
from random import Random

import pytest

from controller.plan.coding import (
    MOST_DECODED_BYTES,
    accepted_codings,
    as_sent,
    coding_of,
    plain_body,
    unzipped,
)
from controller.plan.contract import Difference
from controller.plan.factors import variant_of
from controller.plan.scenario import Load, Request, Scenario

GZIP = frozenset({"gzip"})


def body_of(random: Random) -> bytes:
    """Return a body made by chance: of few letters or of all bytes, of any length from none on."""
    letters = random.choice((b"ab", bytes(range(256))))
    return bytes(random.choices(letters, k=random.choice((0, 1, 20, 3000))))


@pytest.mark.parametrize("seed", range(50))
def test_a_body_is_what_another_writer_zipped(seed: int) -> None:
    """Whatever Python's gzip wrote, at any level, is read as it was; and Python reads the same bytes alike."""
    random = Random(seed)
    body = body_of(random)
    coded = gzip.compress(body, random.randrange(10))

    assert unzipped(coded) == body == gzip.decompress(coded)


def test_no_part_of_a_body_is_whole_and_nothing_may_follow_it() -> None:
    """Cut anywhere it is refused as cut, with bytes after it or a second member as having more."""
    coded = gzip.compress(body_of(Random(3)) + b"end", mtime=0)

    for size in range(len(coded)):
        assert f"that its {size} bytes end before it does" in str(unzipped(coded[:size]))
    for rest in (b"\0", b"more", coded):
        assert str(unzipped(coded + rest)) == f"expected a body in gzip, found {len(rest)} bytes after its end"


@pytest.mark.parametrize("seed", range(20))
def test_a_changed_byte_is_found_where_it_matters(seed: int) -> None:
    """With one byte changed the body is refused, or it is what it was: the header says more than what counts."""
    random = Random(seed)
    body = body_of(random)
    coded = bytearray(gzip.compress(body, mtime=0))
    at = random.randrange(10, len(coded))
    coded[at] ^= 1 << random.randrange(8)

    found = unzipped(bytes(coded))

    assert isinstance(found, Difference) or found == body


@pytest.mark.parametrize(
    "coded", [b"ok", zlib.compress(b"ok"), b"\x1f\x8b\x09" + bytes(20)], ids=["plain", "zlib", "9"]
)
def test_what_is_no_gzip_is_said_to_be_none(coded: bytes) -> None:
    """A plain body, one in zlib's own format, and a method that nobody knows."""
    assert str(unzipped(coded)).startswith(f"expected a body in gzip, found {len(coded)} bytes that are none (")


def test_a_bomb_is_put_out() -> None:
    """A body of exactly the most is read; with one byte more it is refused, and no more of it is made."""
    most = gzip.compress(bytes(MOST_DECODED_BYTES), 1)
    more = gzip.compress(bytes(MOST_DECODED_BYTES + 1), 1)

    whole = unzipped(most)
    assert isinstance(whole, bytes)
    assert len(whole) == MOST_DECODED_BYTES
    assert str(unzipped(more)) == f"expected at most 64 MiB in gzip, found more in a body of {len(more)} bytes"


@pytest.mark.parametrize(
    ("values", "accepted"),
    [
        ([], set()),
        (["gzip"], {"gzip"}),
        (["X-GZip"], {"gzip"}),
        (["br;q=1.0, gzip;q=0.8,\t*;q=0"], {"br", "gzip"}),
        (["deflate, gzip; q=0.000"], {"deflate"}),
        (["identity, , gzip ;Q=0"], set()),
        (["*"], {"*"}),
        (["br", "gzip"], {"br", "gzip"}),
    ],
    ids=lambda value: str(sorted(value)),
)
def test_requests_accept_what_their_headers_say(values: list[str], accepted: set[str]) -> None:
    """All fields of the name count, in whichever letters; a weight of 0 refuses, and a body as it is is no coding."""
    headers = [("Accept", "br"), *(("accept-Encoding", value) for value in values)]

    assert accepted_codings(headers) == accepted


@pytest.mark.parametrize(
    ("field", "coding"),
    [("", ""), ("gzip", "gzip"), (" X-GZIP ", "gzip"), ("identity", ""), ("br,, gzip", "br, gzip"), (",", "")],
)
def test_answers_name_their_coding(field: str, coding: str) -> None:
    """Old names and letters make no difference, empty elements and identity count for nothing."""
    assert coding_of(field) == coding


@pytest.mark.parametrize(
    ("coding", "accepted", "said"),
    [
        ("gzip", set(), "expected a body that is not coded, found Content-Encoding: gzip, which the request does not"),
        ("br", {"gzip"}, "expected a body coded in gzip, or not, found Content-Encoding: br, which the request does"),
        (
            "gzip, gzip",
            {"gzip"},
            "expected a body coded in gzip, or not, found Content-Encoding: gzip, gzip, which can",
        ),
        ("br", {"br", "gzip"}, "expected a body coded in gzip, or not, found Content-Encoding: br, which cannot be"),
        ("zstd", {"*"}, "expected a body coded in gzip, or not, found Content-Encoding: zstd, which cannot be looked"),
    ],
)
def test_other_codings_are_refused_where_something_is_expected(coding: str, accepted: set[str], said: str) -> None:
    """One that was not asked for, several, and one that only the server knows: kept or not, each has its line."""
    for body in (b"any", None):
        assert str(plain_body(body, coding, accepted=frozenset(accepted), looked_into=True)).startswith(said)


def test_where_nothing_is_expected_only_what_was_asked_for_is_looked_at() -> None:
    """Without a word about codings any is right; a coding that was asked for is not read, gzip is, others are wrong."""
    assert plain_body(b"any", "br", accepted=frozenset(), looked_into=False) is None
    assert plain_body(b"any", "br", accepted=frozenset({"br"}), looked_into=False) is None
    assert plain_body(gzip.compress(b"any"), "gzip", accepted=frozenset({"*"}), looked_into=False) == b"any"
    assert isinstance(plain_body(b"any", "gzip", accepted=GZIP, looked_into=False), Difference)
    assert isinstance(plain_body(b"any", "br", accepted=GZIP, looked_into=False), Difference)


def test_behind_nginx_requests_accept_gzip_at_both_levels_of_the_factor() -> None:
    """They carry the header once, after the scenario's own; one that the scenario has stands; without Nginx none."""
    scenario = Scenario(name="s", requests=(Request(path="/"),), headers=(("Accept", "text/plain"),), load=Load())
    own = Scenario(name="s", requests=(Request(path="/"),), headers=(("ACCEPT-encoding", "br"),), load=Load())

    for level in ("off", "on"):
        behind = variant_of({"proxy": "nginx", "gzip": level})
        assert as_sent(scenario, behind).headers == (("Accept", "text/plain"), ("Accept-Encoding", "gzip"))
        assert as_sent(own, behind) == own
    assert as_sent(scenario, variant_of({})) == scenario
