"""Other generators: what they print is read strictly, and counts are those of the server that they asked.

recorded/ holds real output, named after the tool and the version that wrote it; that of oha is written after its
schema.json (1.15.0), since no oha could be run.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.errors import LoadError
from controller.load.rivals import RIVALS
from controller.load.rivals.ab import told_by_ab
from controller.load.rivals.h2load import logged_latency, told_by_h2load
from controller.load.rivals.k6 import told_by_k6
from controller.load.rivals.oha import told_by_oha
from controller.load.rivals.process import Burst, Told, run_to_its_end
from controller.load.rivals.wrk import told_by_wrk
from tests.load.counting_server import WRONG, counting
from tests.needs import require

RECORDED = Path(__file__).with_name("recorded")
READERS: dict[str, Callable[[str], Told]] = {
    "wrk": told_by_wrk,
    "ab": told_by_ab,
    "h2load": told_by_h2load,
    "k6": told_by_k6,
    "oha": told_by_oha,
}
# What CI installs; the others are tried where somebody has them.
FROM_DEBIAN = ("wrk", "ab", "h2load")
TOOLS = [tool for tool in RIVALS if tool in FROM_DEBIAN or shutil.which(tool)]
CONNECTIONS = 8


def recorded(name: str) -> str:
    """Return what a tool once wrote."""
    return (RECORDED / name).read_text(encoding="utf-8")


def burst(url: str) -> Burst:
    """Return a second of load from the last core there is."""
    return Burst(url=url, connections=CONNECTIONS, seconds=1, cores=[max(os.sched_getaffinity(0))])


@pytest.mark.parametrize(
    ("reader", "name", "requests", "per_s", "p50_ms", "p99_ms"),
    [
        ("wrk", "wrk-4.1.0.txt", 17_797, 17_406.49, 0.17, 5.29),
        ("ab", "ab-2.3.txt", 5_232, 5_221.56, 0.0, 19.0),
        ("h2load", "h2load-1.52.0.txt", 8_280, 8_280.0, None, None),
        ("k6", "k6-1.8.1.json", 2_272, 2_259.93625237071, 1.9064025, 18.87491487),
        ("oha", "oha-by-its-schema.json", 10_000, 5_000.0, 1.15, 4.2),
    ],
)
def test_a_summary_is_read_to_the_request(
    reader: str, name: str, requests: int, per_s: float, p50_ms: float | None, p99_ms: float | None
) -> None:
    """Counts, rates and latencies are the tool's own, in one unit; what it does not print is unknown."""
    told = READERS[reader](recorded(name))

    assert told.requests == requests
    assert told.requests / told.seconds == pytest.approx(per_s, rel=1e-6)
    assert (told.p50_ms, told.p99_ms) == pytest.approx((p50_ms, p99_ms))


@pytest.mark.parametrize(("printed", "ms"), [("987.00us", 0.987), ("1.02s", 1020.0), ("2.00m", 120_000.0)])
def test_every_unit_of_wrk_is_known(printed: str, ms: float) -> None:
    """A latency that grows changes its unit, not its meaning."""
    assert told_by_wrk(recorded("wrk-4.1.0.txt").replace("5.29ms", printed)).p99_ms == pytest.approx(ms)


def test_percentiles_of_a_log_are_those_of_its_lines() -> None:
    """The log of h2load has every request: its percentiles are exact but for the width of a bucket."""
    lines = recorded("h2load-1.52.0.log").splitlines()
    took_us = sorted(int(line.split("\t")[2]) for line in lines)
    latency = logged_latency(lines)

    assert latency.samples == len(lines) == 200
    for part in (50, 99):
        exact_ms = took_us[len(took_us) * part // 100 - 1] / 1000
        assert latency.quantile_ms(part, 100) == pytest.approx(exact_ms, rel=1 / 128)


@pytest.mark.parametrize(
    ("reader", "name", "old", "new", "said"),
    [
        ("wrk", "wrk-4.1.0.txt", "Requests/sec:", "  Socket errors: connect 0, read 3\nRequests/sec:", "read 3"),
        ("wrk", "wrk-4.1.0.txt", "Requests/sec:", "  Non-2xx or 3xx responses: 9\nRequests/sec:", "responses: 9"),
        ("ab", "ab-2.3.txt", "Failed requests:        0", "Failed requests:        2", "Failed requests: 2"),
        ("ab", "ab-2.3.txt", "Total transferred", "Non-2xx responses:      5232\nTotal transferred", "Non-2xx"),
        ("ab", "ab-2.3.txt", "Keep-Alive requests:    5232", "Keep-Alive requests:    0", "5,232 of 5,232 closed"),
        ("h2load", "h2load-1.52.0.txt", "0 failed", "3 failed", "3 failed"),
        ("h2load", "h2load-1.52.0.txt", "0 errored", "3 errored", "3 errored"),
        ("h2load", "h2load-1.52.0.txt", "0 timeout", "3 timeout", "3 timeout"),
        ("k6", "k6-1.8.1.json", '"passes":0', '"passes":3', "3 failed of 2,272"),
        ("oha", "oha-by-its-schema.json", '{"200": 10000}', '{"200": 9000, "503": 1000}', "status 503 1,000"),
        ("oha", "oha-by-its-schema.json", "aborted due to deadline", "connection refused", "connection refused 8"),
    ],
)
def test_wrong_answers_are_no_measurement(reader: str, name: str, old: str, new: str, said: str) -> None:
    """Errors are cheaper than answers, so a turn with any of them is refused with the tool's own words."""
    text = recorded(name)
    assert old in text

    with pytest.raises(LoadError, match=said):
        READERS[reader](text.replace(old, new))


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("text", ["", "unable to connect to 127.0.0.1:1 Connection refused\n", "{}", "[1]"])
def test_no_summary_is_no_measurement(reader: str, text: str) -> None:
    """Where a tool could not even connect, what it said is shown."""
    with pytest.raises(LoadError, match=rf"expected .*{reader}") as caught:
        READERS[reader](text)

    assert text.strip() in str(caught.value)


@pytest.mark.parametrize("tool", TOOLS)
def test_a_tool_counts_what_the_server_counts(tool: str) -> None:
    """What a tool says it asked is what was answered, but for what was under way when its time was over."""
    require(tool)
    with counting() as server:
        spent = RIVALS[tool](burst(f"{server.url}/asked")).spent

        assert 0 <= server.answered - spent.requests <= CONNECTIONS
    assert spent.seconds == pytest.approx(1.0, abs=0.5)
    assert spent.p50_ms is not None
    assert spent.p99_ms is not None
    assert 0 <= spent.p50_ms <= spent.p99_ms


@pytest.mark.parametrize("tool", TOOLS)
def test_a_tool_that_is_refused_is_not_measured(tool: str) -> None:
    """Answers 500 make a LoadError with the tool's name, for each tool."""
    require(tool)
    with counting() as server, pytest.raises(LoadError, match=tool):
        RIVALS[tool](burst(f"{server.url}{WRONG}"))


def test_a_program_has_its_core_and_no_settings_of_its_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs where it is told, at home in its own folder, and its process is known while it runs."""
    monkeypatch.setenv("K6_VUS", "7")
    seen: list[int] = []
    core = min(os.sched_getaffinity(0))
    told = Burst(url="", connections=1, seconds=1, cores=[core], watch=seen.append)
    script = 'grep Cpus_allowed_list /proc/self/status; echo "$HOME ${K6_VUS-none} $$"'

    ended = run_to_its_end(["sh", "-c", script], told, folder=tmp_path)

    assert ended.text.split() == ["Cpus_allowed_list:", str(core), str(tmp_path), "none", str(seen[0])]
    assert ended.cpu_s >= 0
    assert ended.from_s < ended.until_s


def test_a_program_that_fails_says_why(tmp_path: Path) -> None:
    """Its status and the end of what it wrote on either stream."""
    with pytest.raises(LoadError, match="status 0, found 3: out of luck"):
        run_to_its_end(["sh", "-c", "echo out of luck >&2; exit 3"], burst(""), folder=tmp_path)
