"""What is drawn for requests: which of a mix, and the values in it. Pure: no clock, no state of the machine.

Requests of a scenario are numbered 0, 1, 2, ... over all workers; worker k of W asks numbers k, k + W, k + 2 W, ...
All that is drawn for a number depends on the seed, on the number and on nothing else: over a run the requests are
the same, however many workers share them.
"""

import json
import struct
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache, partial
from hashlib import shake_128
from itertools import accumulate, chain, count, islice, product, repeat
from typing import Any, Final, TypeAlias
from urllib.parse import quote

from controller.plan.draw import PLACE, Choice, Draw, Sequential, Uniform, Uuid, Zipf, draw_of, values_of
from controller.plan.scenario import Request

# Gives the text for a request: its number, and how many of its kind came before it.
Filler: TypeAlias = Callable[[int, int], str]

_CHUNK: Final = 1024
_WORD_BITS: Final = 64
_WORDS: Final = struct.Struct(f"<{_CHUNK}Q")
_UUIDS: Final = struct.Struct("16s" * _CHUNK)
# No trial comes to it, so that what was asked once before is not asked again; and any server can hold it.
_SAMPLE_NUMBER: Final = 2**31 - 1


# How a text that was chosen is written where it stands.
_IN_PATH: Final = partial(quote, safe="")


def _in_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def numbered_kinds(
    weights: Sequence[float], *, seed: int, share: tuple[int, int], counted: bool
) -> Iterator[tuple[int, int, int]]:
    """Yield a worker's requests without end: which of a mix, its number, and how many of its kind came before.

    Without `counted` nobody asks for the last of these, and it may be 0 throughout.
    """
    number, workers = share
    own = count(number, workers)
    if len(weights) == 1:
        return zip(repeat(0), own, count(number, workers), strict=False)
    if counted:
        return islice(_with_counts(mixed(weights, seed=seed), len(weights)), number, None, workers)
    return zip(mixed(weights, seed=seed, share=share), own, repeat(0), strict=False)


def mixed(weights: Sequence[float], *, seed: int, share: tuple[int, int] = (0, 1)) -> Iterator[int]:
    """Yield which request of a mix each one of a worker's is, without end and without a period."""
    # Whole numbers and fractions: a weight may be far smaller than another one's last digit.
    *sums, total = accumulate(map(Fraction, weights))
    bounds = [int(one / total * 2**_WORD_BITS) for one in sums]
    return map(partial(bisect_right, bounds), chain.from_iterable(_own_words(f"{seed}:mix", share)))


def _own_words(stream: str, share: tuple[int, int]) -> Iterator[tuple[int, ...]]:
    number, workers = share
    for chunk in count():
        words = _WORDS.unpack(_random_bytes(stream, chunk, _WORDS.size))
        yield words[(number - chunk * _CHUNK) % workers :: workers]


def _with_counts(kinds: Iterable[int], many: int) -> Iterator[tuple[int, int, int]]:
    before = [0] * many
    for number, kind in enumerate(kinds):
        yield kind, number, before[kind]
        before[kind] += 1


def _random_bytes(stream: str, chunk: int, size: int) -> bytes:
    # A hash that is a standard gives the same bytes in every version of Python, which Random promises of random() only.
    return shake_128(f"{stream}:{chunk}".encode()).digest(size)


def fillers(draws: Sequence[tuple[str, str]], *, stream: str, written: Callable[[str], str]) -> dict[str, Filler]:
    """Return what draws each value; a chosen text is `written` as the place needs it, numbers and UUIDs are plain."""
    return {name: _filler(draw_of(draw), f"{stream}:{name}", written) for name, draw in draws}


def template(text: str, drawn: Mapping[str, Filler]) -> Filler:
    """Return what fills the places of a text."""
    parts = PLACE.split(text)
    if len(parts) == 1:
        return lambda _number, _before: text
    layout = "%s".join(part.replace("%", "%%") for part in parts[::2])
    places = [drawn[name] for name in parts[1::2]]
    if len(places) == 1:
        (only,) = places
        return lambda number, before: layout % only(number, before)
    return lambda number, before: layout % tuple([place(number, before) for place in places])


def request_fillers(
    path: str, body: str | None, draws: Sequence[tuple[str, str]], *, stream: str
) -> tuple[Filler, Filler]:
    """Return what gives the path and the body of each request of a kind; a body that there is none of is empty."""
    in_path = fillers(draws, stream=stream, written=_IN_PATH)
    in_json = fillers(draws, stream=stream, written=_in_json)
    return template(path, in_path), template(body or "", in_json)


def stream_of(seed: int, position: int) -> str:
    """Return the name of the random numbers for a request of a mix."""
    return f"{seed}:{position}"


def sample_requests(requests: Sequence[Request], *, seed: int) -> list[Request]:
    """Return each request of a mix with values drawn for its places, others than any trial asks for in sequence."""
    samples = []
    for position, request in enumerate(requests):
        path, body = request_fillers(request.path, request.body, request.draws, stream=stream_of(seed, position))
        filled = None if request.body is None else body(_SAMPLE_NUMBER, _SAMPLE_NUMBER)
        samples.append(replace(request, path=path(_SAMPLE_NUMBER, _SAMPLE_NUMBER), body=filled, draws=()))
    return samples


def every_request(requests: Iterable[Request]) -> Iterator[Request]:
    """Yield each request of a mix with all that its draws can give, each once; the draws must be finite."""
    for request in requests:
        names = [name for name, _ in request.draws]
        for values in product(*(values_of(draw_of(draw)) or () for _, draw in request.draws)):
            drawn = dict(zip(names, values, strict=True))
            path, body = (
                template(text, {name: _always(written(str(value))) for name, value in drawn.items()})(0, 0)
                for text, written in ((request.path, _IN_PATH), (request.body or "", _in_json))
            )
            yield replace(request, path=path, body=None if request.body is None else body, draws=())


def _always(text: str) -> Filler:
    return lambda _number, _before: text


def _filler(draw: Draw, stream: str, written: Callable[[str], str]) -> Filler:
    match draw:
        case Sequential():
            return lambda _number, before: str(before)
        case Uuid():
            return _from_items(stream, _UUIDS, _uuid_text)
        case Uniform(low, high):
            many = high - low + 1
            return _from_items(stream, _WORDS, lambda word: str(low + (word * many >> _WORD_BITS)))
        case Zipf(ranks, exponent):
            shares = _zipf_shares(ranks, exponent)
            # The 53 bits that a float holds exactly, so that it stays below 1.
            return _from_items(stream, _WORDS, lambda word: str(bisect_right(shares, (word >> 11) * 2.0**-53) + 1))
        case Choice(values):
            texts = [written(value) for value in values]
            many = len(texts)
            return _from_items(stream, _WORDS, lambda word: texts[word * many >> _WORD_BITS])


def _from_items(stream: str, layout: struct.Struct, text: Callable[[Any], str]) -> Filler:
    """Return what turns the random item of each number into a text; a chunk of them is drawn at once."""
    drawn, items = -1, ()

    def value(number: int, _before: int) -> str:
        nonlocal drawn, items
        chunk, place = divmod(number, _CHUNK)
        if chunk != drawn:
            drawn, items = chunk, layout.unpack(_random_bytes(stream, chunk, layout.size))
        return text(items[place])

    return value


def _uuid_text(data: bytes) -> str:
    digits = data.hex()
    variant = "89ab"[data[8] >> 6]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


@lru_cache(maxsize=8)
def _zipf_shares(ranks: int, exponent: float) -> Sequence[float]:
    """Return for each rank which share of draws it and those before it get, without the last, which gets the rest."""
    sums = list(accumulate(rank**-exponent for rank in range(1, ranks + 1)))
    return array("d", [one / sums[-1] for one in sums[:-1]])
