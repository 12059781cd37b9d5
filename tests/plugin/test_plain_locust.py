"""Plain Locust with FastServe's Locust file: what it writes is what the server counted, to the request."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.errors import LoadError
from tests.load.certificates import AUTHORITY_PEM, server_context
from tests.load.counting_server import WRONG, CountingServer, counting
from tests.load.h2_scripts import answers_h2
from tests.load.scripts import answers
from tests.load.servers import ScriptedServer, answer_of, closed_port
from tests.plugin.plain import WITHIN_S, run_locust, start_locust

pytestmark = [pytest.mark.slow, pytest.mark.e2e]

ALL = "Aggregated"
LOAD = ("-u", "6", "-r", "6", "-t", "1s")


@pytest.fixture
def server() -> Iterator[CountingServer]:
    """Return a counting server that nobody has asked yet."""
    with counting() as running:
        yield running


def test_csv_and_page_say_what_the_server_counted(tmp_path: Path, server: CountingServer) -> None:
    """A lone Locust has every request in its own tables, under its path, and none that was not answered."""
    written = run_locust(tmp_path, *LOAD, "--fs-path", "/api/health?x=1", host=server.url)

    counted = server.counts()["/api/health?x=1"]
    assert counted > 0
    assert written.table.requests == written.page.requests == {"/api/health": counted, ALL: counted}, written.log
    assert written.table.failures == written.page.failures == {"/api/health": 0, ALL: 0}
    assert written.status == 0


_SLOW_TO_LOAD = """
import time
from controller.load.user import WireUser
from controller.plugin import install

install()
until_s = time.monotonic() + 1.5
while time.monotonic() < until_s:
    pass

class Wire(WireUser):
    pass
"""


def test_a_run_takes_its_time_however_long_locust_took_to_load(tmp_path: Path, server: CountingServer) -> None:
    """What passes while files are loaded is no part of the run time: a run of a second is not over before it begins."""
    slow = tmp_path / "slow.py"
    slow.write_text(_SLOW_TO_LOAD, encoding="utf-8")
    written = run_locust(tmp_path, *LOAD, "-f", str(slow), host=server.url)

    assert written.table.requests[ALL] == server.answered > 0, written.log


def test_wrong_answers_are_failures_in_locusts_tables(tmp_path: Path, server: CountingServer) -> None:
    """With a master and workers: as many failures as requests where all are 500, and Locust's status says so."""
    written = run_locust(tmp_path, *LOAD, "--fs-path", WRONG, host=server.url, workers=2)

    counted = server.counts()[WRONG]
    assert counted > 0
    assert written.table.requests == written.table.failures == {WRONG: counted, ALL: counted}, written.log
    assert written.page == written.table
    assert written.kinds == {"wrong_status": counted}
    assert written.status == 1


def test_a_ramp_up_and_slow_last_answers_are_in_the_tables(tmp_path: Path, server: CountingServer) -> None:
    """Users that Locust spawns one by one, and answers that come after its time is up: all are written."""
    server.hold(1.1)
    written = run_locust(tmp_path, "-u", "6", "-r", "4", "-t", "2s", host=server.url, workers=2)

    assert written.table.requests[ALL] == server.answered > 0, written.log
    assert written.table.failures[ALL] == 0


def test_nobody_listening_is_told_as_failures(tmp_path: Path) -> None:
    """Refused connections are few, counted, and named; Locust ends in time."""
    with closed_port() as port:
        written = run_locust(tmp_path, *LOAD, host=f"http://127.0.0.1:{port}")

    assert written.table.requests == written.table.failures
    assert set(written.kinds) == {"connect_refused"}
    assert 0 < written.table.requests[ALL] < 200


def test_a_connection_for_each_request(tmp_path: Path, server: CountingServer) -> None:
    """With --fs-close a server that keeps connections all the same is left after a second: still no error."""
    written = run_locust(tmp_path, "-u", "3", "-r", "3", "-t", "1s", "--fs-close", host=server.url)

    assert written.table.requests[ALL] == server.answered > 0
    assert written.table.failures[ALL] == 0


def test_a_server_is_asked_over_tls(tmp_path: Path) -> None:
    """With the authority named, and without verification, every request is in the tables; else none, and why."""
    authorities = tmp_path / "ca.pem"
    authorities.write_text(AUTHORITY_PEM)
    with ScriptedServer(answers(answer_of()), context=server_context()) as server:
        named = run_locust(tmp_path, *LOAD, "--fs-ca", str(authorities), host=server.url, workers=2)
        answered = server.answered
        anybody = run_locust(tmp_path, *LOAD, "--fs-insecure", host=server.url)
        both = server.answered
        unknown = run_locust(tmp_path, *LOAD, host=server.url)

    assert named.table.requests[ALL] == answered > 0, named.log
    assert anybody.table.requests[ALL] == both - answered > 0, anybody.log
    assert (named.table.failures[ALL], anybody.table.failures[ALL]) == (0, 0)
    assert set(unknown.kinds) == {"tls"}
    assert server.answered == both


def test_http2_is_a_matter_of_two_options(tmp_path: Path) -> None:
    """With --fs-http 2 users are connections, each with --fs-streams requests at a time: the tables have them all."""
    with ScriptedServer(answers_h2()) as server:
        options = ("--fs-http", "2", "--fs-streams", "4")
        written = run_locust(tmp_path, "-u", "2", "-r", "2", "-t", "1s", *options, host=server.url)

    assert written.table.requests[ALL] == server.answered > 0, written.log
    assert written.table.failures[ALL] == 0
    assert server.accepted == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--host", ""), "expected --host http://HOST:PORT, found none"),
        (("--host", "ftp://127.0.0.1:1"), "expected http://HOST:PORT or https://HOST:PORT and nothing after it"),
        (("--host", "https://127.0.0.1:1", "--fs-ca", "/nowhere.pem"), "/nowhere.pem: expected a file of certificates"),
        (("--host", "http://127.0.0.1:1", "--fs-path", "health"), "expected a path: starts with /"),
        (("--host", "http://127.0.0.1:1", "--fs-timeout", "0"), "expected a number above 0"),
        (("--host", "http://127.0.0.1:1", "--fs-http", "3"), 'expected "1.1" or "2", found "3"'),
        (("--host", "http://127.0.0.1:1", "--fs-streams", "2"), "expected --fs-http 2 with --fs-streams 2, found 1.1"),
        (("--host", "http://127.0.0.1:1", "--fs-http", "2", "--fs-close"), "expected connections kept alive"),
    ],
    ids=["no host", "no http", "no authorities", "no path", "no time", "no HTTP/3", "streams of 1.1", "closed streams"],
)
def test_what_cannot_be_asked_ends_locust_with_one_line(tmp_path: Path, options: tuple[str, ...], words: str) -> None:
    """Options that describe no load are refused at once, without a traceback, with FastServe's status for the load."""
    ended = start_locust(tmp_path, ["--headless", "-u", "1", "-t", "60s", *options])
    log, _ = ended.communicate(timeout=WITHIN_S)

    assert words in log
    assert "Traceback" not in log
    assert ended.returncode == LoadError.exit_code


@pytest.mark.parametrize("workers", [0, 2])
def test_arrivals_come_at_the_rate_that_was_asked_for(tmp_path: Path, server: CountingServer, workers: int) -> None:
    """With --fs-rate all users together send so many a second, however many workers; all are in the tables."""
    written = run_locust(
        tmp_path,
        "-u", "6", "-r", "6", "-t", "3s", "--fs-rate", "200", "--fs-arrivals", "constant",
        host=server.url,
        workers=workers,
    )  # fmt: skip

    assert written.table.requests[ALL] == server.answered, written.log
    assert written.table.failures[ALL] == 0
    # Locust's run time has its own grain; a closed load would have sent thousands.
    assert 400 <= server.answered <= 1000


def test_arrivals_without_a_rate_are_refused(tmp_path: Path, server: CountingServer) -> None:
    """A load that would be another one than was asked for does not begin: one line says what is missing."""
    written = run_locust(tmp_path, *LOAD, "--fs-arrivals", "constant", host=server.url)

    assert "expected --fs-rate beside --fs-arrivals, found none" in written.log
    assert written.status != 0
    assert server.answered == 0
