"""Fuzzes the reading of HTTP/1.1 answers against h11 and httptools: `make fuzz`, or `python -m tests.fuzz.answer`."""

from random import Random

import atheris

# Seen by the search are our reader, and h11: where it takes another turn, there may be a difference.
with atheris.instrument_imports(include=["controller.load.wire.answer", "h11"]):
    from tests.load.answers import MALFORMED, UNTIL_CLOSE, WHOLE, read
    from tests.load.oracles import problems

from tests.fuzz.campaign import MOST_BYTES, search
from tests.load.answer_maker import FRAGMENTS, Case, cuts_of


def law(data: bytes) -> None:
    """Raise where the answer after the first byte is read otherwise in pieces, or than by others for no listed reason.

    The first byte says where to cut, and whether the request was HEAD.
    """
    if not data:
        return
    case = Case(data[1:], bodiless=data[0] % 8 == 7)
    ours = read(case.data, bodiless=case.bodiless)
    cuts = cuts_of(Random(data[0]), case.data)
    assert read(case.data, cuts, bodiless=case.bodiless) == ours, f"{case} cut at {cuts}"
    found = problems(case, ours)
    assert not found, "\n".join(found)


if __name__ == "__main__":
    listed = [data for data, _ in (*WHOLE.values(), *UNTIL_CLOSE.values())] + list(MALFORMED.values())
    search(
        "answer",
        law,
        seeds=[bytes([number % 8]) + data for number, data in enumerate(listed) if len(data) < MOST_BYTES],
        words=FRAGMENTS,
    )
