"""What wrk prints is read strictly: a summary with wrong answers in it is no measurement."""

import pytest

from benchmarks.wrk import requests_in
from controller.errors import LoadError

SUMMARY = """\
Running 4s test @ http://127.0.0.1:8000/api/health
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   394.30us  150.83us   5.96ms   94.73%
    Req/Sec   163.60k    10.34k  178.65k    82.93%
  667233 requests in 4.10s, 97.99MB read
Requests/sec: 162754.10
Transfer/sec:     23.90MB
"""


def test_requests_are_those_of_the_summary() -> None:
    """The count is wrk's own, to the request."""
    assert requests_in(SUMMARY) == 667_233


@pytest.mark.parametrize(
    "line",
    ["  Socket errors: connect 0, read 3, write 0, timeout 0\n", "  Non-2xx or 3xx responses: 667233\n"],
)
def test_wrong_answers_are_no_measurement(line: str) -> None:
    """Errors are cheaper than answers, so a round with any of them is refused with wrk's own words."""
    with pytest.raises(LoadError, match=line.partition(":")[0].strip()):
        requests_in(SUMMARY.replace("Requests/sec", f"{line}Requests/sec"))


@pytest.mark.parametrize("text", ["", "unable to connect to 127.0.0.1:1 Connection refused\n"])
def test_no_summary_is_no_measurement(text: str) -> None:
    """Where wrk could not even connect, what it said is shown."""
    with pytest.raises(LoadError, match="requests in"):
        requests_in(text)
