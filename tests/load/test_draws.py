"""What is drawn for the requests of a scenario: the same over all workers, in the proportions that a plan asks for."""

import json
import uuid
from collections import Counter
from itertools import islice
from math import sqrt
from urllib.parse import unquote

import pytest

from controller.load.job import Job, JobRequest, job_request
from controller.load.wire.deck import MOST_KEPT, compiled
from controller.load.wire.draws import every_request, mixed, sample_requests
from controller.plan.draw import distinct
from controller.plan.scenario import Request

MIX = (
    Request(path="/a/{u}?z={z}", weight=3.0, draws=(("u", "uniform(-3, 400)"), ("z", "zipf(100, 1.1)"))),
    Request(method="POST", path="/b/{i}", body='{"i":"{i}","k":"{k}"}', draws=(("i", "sequence"), ("k", "uuid"))),
    Request(path="/c", weight=0.5),
    Request(path="/d/{c}", draws=(("c", "choice(x, y z, 100%)"),)),
)
# More than one chunk of random numbers.
MANY = 3_000
FIRST_UNIFORM = ["73", "391", "23", "524", "77"]
FIRST_UUID = ["90616dd2-bf1f-4e12-bf94-d901ebc01464"]
FIRST_OF_A_MIX = [2, 2, 1, 1, 2, 1, 2, 1, 2, 0, 1, 0]


def job_of(*requests: Request, seed: int = 7, share: tuple[int, int] = (0, 1)) -> Job:
    """Return a job that asks for these requests."""
    listed: tuple[JobRequest, ...] = tuple(map(job_request, requests))
    return Job(order=1, url="http://127.0.0.1:1", requests=listed, seed=seed, share=share)


def dealt(*requests: Request, many: int, seed: int = 7, share: tuple[int, int] = (0, 1)) -> list[bytes]:
    """Return the bytes of the first requests of one worker."""
    deal, _ = compiled(job_of(*requests, seed=seed, share=share))
    return [deal().request for _ in range(many)]


def values_of(draw: str, many: int) -> list[str]:
    """Return the first values of a draw, as a path carries them."""
    lines = dealt(Request(path="/{x}", draws=(("x", draw),)), many=many)
    return [unquote(line.split(b" ", 2)[1].decode()[1:]) for line in lines]


@pytest.mark.parametrize("workers", [1, 2, 4, 7])
@pytest.mark.parametrize("requests", [MIX, MIX[1:2], MIX[:1], MIX[2:]], ids=["mix", "sequence", "drawn", "no sequence"])
def test_workers_together_ask_what_one_alone_would(requests: tuple[Request, ...], workers: int) -> None:
    """Request n belongs to worker n modulo workers, and is the same request to the last byte."""
    alone = dealt(*requests, many=MANY)
    shares = [dealt(*requests, many=len(alone[number::workers]), share=(number, workers)) for number in range(workers)]

    for number, share in enumerate(shares):
        assert share == alone[number::workers]
    assert Counter(line for share in shares for line in share) == Counter(alone)


def test_the_seed_alone_decides() -> None:
    """The same seed gives the same requests again, and another one others."""
    assert dealt(*MIX, many=MANY) == dealt(*MIX, many=MANY)
    assert dealt(*MIX, many=MANY) != dealt(*MIX, many=MANY, seed=8)


def test_the_same_in_every_version() -> None:
    """Values that were drawn once are drawn for ever: these are written down."""
    assert values_of("uniform(1, 1000)", 5) == FIRST_UNIFORM
    assert values_of("uuid", 1) == FIRST_UUID
    assert list(islice(mixed([1, 2, 3], seed=0), 12)) == FIRST_OF_A_MIX


def test_a_sequence_counts_the_requests_of_its_kind() -> None:
    """Over all workers, the i-th request of a kind has i, whatever else is in the mix."""
    shares = [dealt(*MIX, many=1_000, share=(number, 3)) for number in range(3)]
    posts = [line for turn in zip(*shares, strict=True) for line in turn if line.startswith(b"POST")]

    assert [line.split(b" ", 2)[1] for line in posts] == [b"/b/%d" % n for n in range(len(posts))]
    assert [json.loads(line.partition(b"\r\n\r\n")[2])["i"] for line in posts] == [str(n) for n in range(len(posts))]


@pytest.mark.parametrize(("low", "high"), [(0, 9), (-3, 3), (5, 5), (1, 1_000), (0, 999_999_999_999_999)])
def test_uniform_holds_its_range_and_spreads_evenly(low: int, high: int) -> None:
    """Both ends come, nothing beyond them does, and the cells of the range are hit alike."""
    values = list(map(int, values_of(f"uniform({low}, {high})", 20_000)))
    cells = min(high - low + 1, 10)

    assert min(values) >= low
    assert max(values) <= high
    if high - low < 100:
        assert set(values) == set(range(low, high + 1))
    counts = Counter((value - low) * cells // (high - low + 1) for value in values)
    _is_like(counts, dict.fromkeys(range(cells), 1.0))


@pytest.mark.parametrize(("ranks", "exponent"), [(1, 1.1), (2, 0), (20, 1.1), (1_000, 0.8), (1_000_000, 1.5)])
def test_zipf_gives_ranks_their_weight(ranks: int, exponent: float) -> None:
    """Rank k comes with weight 1 / k ** s, up to the last rank and not beyond."""
    values = list(map(int, values_of(f"zipf({ranks}, {exponent})", 20_000)))
    weights = {rank: rank**-exponent for rank in range(1, ranks + 1)}
    first = {rank: weights[rank] for rank in range(1, min(ranks, 8) + 1)}
    # All others are one cell.
    first[0] = sum(weights.values()) - sum(first.values())

    assert 1 <= min(values) <= max(values) <= ranks
    _is_like(Counter(value if value in first else 0 for value in values), {k: w for k, w in first.items() if w > 1e-9})


def test_choice_takes_each_text_alike_and_writes_it_as_the_place_needs() -> None:
    """In a path what has a meaning there is escaped, in JSON what has one there; both places get the same text."""
    texts = ["a b", 'c"d', "e&f=g/?%+", "\\"]
    draws = (("x", f"choice({', '.join(texts)})"),)
    lines = dealt(Request(method="PUT", path="/{x}", body='["{x}{x}"]', draws=draws), many=4_000)
    paths = [line.split(b" ", 2)[1].decode() for line in lines]
    bodies = [json.loads(line.partition(b"\r\n\r\n")[2]) for line in lines]

    assert {unquote(path[1:]) for path in paths} == set(texts)
    assert bodies == [[2 * unquote(path[1:])] for path in paths]
    assert all(path[1:].replace("%", "").replace(".", "").isalnum() for path in paths)
    _is_like(Counter(paths), dict.fromkeys(set(paths), 1.0))


def test_uuids_are_version_4_and_all_different() -> None:
    """Each is one that a parser takes for a random UUID."""
    values = values_of("uuid", 5_000)

    assert len(set(values)) == len(values)
    assert all(str(uuid.UUID(value)) == value and uuid.UUID(value).version == 4 for value in values)
    assert {uuid.UUID(value).variant for value in values} == {uuid.RFC_4122}
    assert len({value[19] for value in values}) == 4


@pytest.mark.parametrize("weights", [(1.0, 1.0), (3.0, 1.0, 2.0), (1e9, 1.0, 1e9), (0.001, 0.002)])
def test_a_mix_holds_its_proportions(weights: tuple[float, ...]) -> None:
    """Each request of a mix comes as often as its weight says."""
    counts = Counter(islice(mixed(weights, seed=1), 50_000))

    _is_like(counts, {kind: weight for kind, weight in enumerate(weights) if weight / sum(weights) > 1e-4})


def test_what_is_rare_comes_in_the_long_run() -> None:
    """One of a million comes about so often, wherever it stands in the mix, and no draw comes again with a period."""
    many = 4_000_000
    kinds = bytes(islice(mixed([1e6, 1.0], seed=3), many))
    other = bytes(islice(mixed([1.0, 1e6], seed=3), many))
    half = bytes(islice(mixed([1.0, 1.0], seed=3), 200_000))

    assert 0 < kinds.count(1) < 4 + 6 * sqrt(4)
    assert 0 < other.count(0) < 4 + 6 * sqrt(4)
    for period in (1_024, 8_192, 65_536, 100_000):
        same = sum(one == two for one, two in zip(half, half[period:], strict=False))
        assert abs(same / (len(half) - period) - 0.5) < 0.01


def test_few_different_requests_are_compiled_once_and_many_are_not_kept() -> None:
    """A finite draw gives the same compiled request again; what may differ without end is not gathered in memory."""
    few, _ = compiled(job_of(Request(path="/{x}", draws=(("x", f"uniform(1, {MOST_KEPT})"),))))
    many, _ = compiled(job_of(Request(path="/{x}", draws=(("x", f"uniform(0, {MOST_KEPT})"),))))

    few_asks, many_asks = [few() for _ in range(20_000)], [many() for _ in range(20_000)]
    assert len({id(ask) for ask in few_asks}) == len({ask.request for ask in few_asks}) < MOST_KEPT
    assert len({id(ask) for ask in many_asks}) == len(many_asks)
    assert len({id(ask.learned) for ask in (*few_asks, *many_asks)}) == 2


def test_every_request_is_one_that_a_trial_asks_and_each_stands_there_once() -> None:
    """All that draws give in the long run, written as the load writes it: no other, none twice, none left out."""
    draws = (("a", 'choice(x, y z, "&", x)'), ("b", "uniform(-1, 1)"), ("c", "zipf(4, 0.5)"))
    requests = (Request(method="PUT", path="/{a}/{b}", body='["{c}{a}"]', draws=draws), Request(path="/plain"))
    every = list(every_request(requests))
    lines = Counter(line for request in every for line in dealt(request, many=1))

    assert set(lines) == set(dealt(*requests, many=2_000))
    assert set(lines.values()) == {1}
    assert len(every) == distinct(draws) + 1 == 3 * 3 * 4 + 1


def test_samples_have_no_places_and_are_not_asked_again() -> None:
    """What is asked once before a trial is one request of each kind, with a sequence far from where trials begin."""
    samples = sample_requests(MIX, seed=7)

    assert [(sample.method, sample.draws) for sample in samples] == [(request.method, ()) for request in MIX]
    assert not any("{" in sample.path for sample in samples)
    assert samples[1].path == "/b/2147483647"
    assert samples[1].body is not None
    assert json.loads(samples[1].body)["i"] == "2147483647"
    assert samples == sample_requests(MIX, seed=7) != sample_requests(MIX, seed=8)


def _is_like(counts: Counter[int] | Counter[str], weights: dict[int, float] | dict[str, float]) -> None:
    """Hold counts to weights by Pearson's chi-square, within six standard deviations of its distribution."""
    many, total = sum(counts[kind] for kind in weights), sum(weights.values())
    square = sum(
        (counts[kind] - many * weight / total) ** 2 / (many * weight / total) for kind, weight in weights.items()
    )
    freedom = len(weights) - 1

    assert square <= freedom + 6 * sqrt(2 * freedom) + 1e-9
    # Nothing that is random is even: closer than this is not drawn at all.
    assert freedom < 4 or square > freedom / 20
