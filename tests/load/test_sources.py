"""Where answers of /api/cache came from: counted over those that are looked into, coded or not, right ones only."""

import gzip
from collections.abc import Callable

import pytest

from controller.load.job import JobRequest
from controller.load.wire.ask import CHECK_EVERY
from controller.load.wire.engine import Engine
from controller.plan.contract import cache_value, contract_to_wire, read_contract
from tests.load.driving import ask
from tests.load.servers import Caller, Script, answer_of
from tests.sources import ROOT

CONTRACT = contract_to_wire(read_contract(ROOT / "servers"))
DRAWN = JobRequest(
    method="GET", path="/api/cache?key={k}", weight=1.0, endpoint="/api/cache", draws=(("k", "uniform(1, 9)"),)
)


def plain(body: bytes) -> bytes:
    """Return an answer that is not coded."""
    return answer_of(body)


def zipped(body: bytes) -> bytes:
    """Return an answer in gzip."""
    coded = gzip.compress(body, mtime=0)
    return b"HTTP/1.1 200 X\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s" % (len(coded), coded)


def caches(written: Callable[[bytes], bytes], *, origins: int, wrong_from: int | None = None) -> Script:
    """Answer as /api/cache does, so many of a connection from the origin; from some number on with another value."""

    def script(caller: Caller) -> None:
        number = 0
        while True:
            key = caller.request().partition("=")[2]
            source = "origin" if number < origins else "cache"
            wrong = wrong_from is not None and number >= wrong_from
            value = cache_value("another" if wrong else key)
            body = f'{{"source":"{source}","value":"{value}","cachedAt":"2030-01-01T00:00:00.{number % 1000:03d}Z"}}'
            caller.answer(written(body.encode()))
            number += 1

    return script


@pytest.mark.parametrize("written", [plain, zipped])
def test_the_answers_that_are_looked_into_say_where_they_came_from(
    engine: Engine, written: Callable[[bytes], bytes]
) -> None:
    """The first and one in 64 of all keys together are counted, each as its source: two of them are the origin's."""
    script = caches(written, origins=2 * CHECK_EVERY)
    headers = (("Accept-Encoding", "gzip"),)
    outcome, _ = ask(
        engine, script, lanes=1, attempts=10 * CHECK_EVERY, requests=(DRAWN,), headers=headers, contract=CONTRACT
    )

    assert outcome.counts.errors == {}
    looked_into = -(-outcome.counts.samples // CHECK_EVERY)
    assert outcome.counts.sources == {"origin": 2, "cache": looked_into - 2}
    assert sum(sum(window.together.sources.values()) for window in outcome.windows) == looked_into


def test_wrong_answers_have_no_source(engine: Engine) -> None:
    """One with another value counts as an error and nowhere else."""
    script = caches(plain, origins=0, wrong_from=3 * CHECK_EVERY)
    outcome, _ = ask(engine, script, lanes=1, attempts=6 * CHECK_EVERY, requests=(DRAWN,), contract=CONTRACT)

    assert outcome.counts.errors.keys() == {"wrong_body"}
    assert outcome.counts.sources == {"cache": 3}


def test_without_the_contract_no_source_is_looked_for(engine: Engine) -> None:
    """A path of the same name on another server means what that server likes."""
    outcome, _ = ask(engine, caches(plain, origins=0), requests=(DRAWN,))

    assert outcome.counts.samples > 0
    assert outcome.counts.sources == {}
