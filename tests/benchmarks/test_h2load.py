"""What h2load prints is read strictly: a summary with wrong answers in it is no measurement."""

import pytest

from benchmarks.h2load import requests_in
from controller.errors import LoadError

SUMMARY = """\
starting benchmark...
TLS Protocol: TLSv1.3
Application protocol: h2

finished in 4.00s, 190213.25 req/s, 5.26MB/s
requests: 760853 total, 760981 started, 760853 done, 760853 succeeded, 0 failed, 0 errored, 0 timeout
status codes: 760901 2xx, 0 3xx, 0 4xx, 0 5xx
"""


def test_requests_are_those_of_the_summary() -> None:
    """The count is h2load's own, to the request."""
    assert requests_in(SUMMARY) == 760_853


@pytest.mark.parametrize("kind", ["failed", "errored", "timeout"])
def test_wrong_answers_are_no_measurement(kind: str) -> None:
    """Errors are cheaper than answers, so a round with any of them is refused with h2load's own words."""
    with pytest.raises(LoadError, match=f"3 {kind}"):
        requests_in(SUMMARY.replace(f"0 {kind}", f"3 {kind}"))


def test_no_summary_is_no_measurement() -> None:
    """Where h2load could not even connect, what it said is shown."""
    with pytest.raises(LoadError, match="unable to connect"):
        requests_in("unable to connect to 127.0.0.1:1\n")
