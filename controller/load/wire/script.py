"""Requests that Locust's own users make beside the lanes: reported by greenlets, counted in the engine's thread."""

from collections import deque
from typing import Final, NamedTuple

from controller.load.wire.tally import EndpointTally, Tally

# Names of one trial on one worker: a script that names each request after its number would fill every table.
MOST_ENDPOINTS: Final = 200
OTHER: Final = "(other)"


class Report(NamedTuple):
    """A request that came to its end at a moment of time.monotonic_ns, after so many microseconds.

    kind is that of an error, empty for a right answer; size counts the bytes of its body.
    """

    at_ns: int
    endpoint: str
    us: int
    size: int
    kind: str = ""
    text: str = ""


class Script:
    """What Locust's own users do in one trial on one worker.

    Greenlets write and the engine's thread reads: every step is one on a deque or an attribute, and needs no lock.
    begun counts reports as they come, on its own, as a tally counts attempts; users are those at work now; over says
    that nothing will be reported any more.
    """

    __slots__ = ("_reports", "begun", "over", "users")

    def __init__(self, *, over: bool = True) -> None:
        self._reports: deque[Report] = deque()
        self.begun = 0
        self.users = 0
        self.over = over

    def report(self, report: Report) -> None:
        """Take a request that has come to its end; reports come in the order of their moments."""
        self.begun += 1
        self._reports.append(report)

    def count(self, tally: Tally, before_ns: float) -> None:
        """Count what came to its end before a moment."""
        reports = self._reports
        while reports and reports[0].at_ns < before_ns:
            report = reports.popleft()
            counter = _counter(tally, report.endpoint)
            if report.kind:
                tally.error(counter, report.kind, report.text, now_ns=report.at_ns)
            else:
                counter.durations[report.us] += 1
                if counter.timeout_us is not None:
                    # It shares its name with an endpoint of an open load, where service times stand apart.
                    counter.services[report.us] += 1
                counter.bytes += report.size


def _counter(tally: Tally, endpoint: str) -> EndpointTally:
    endpoints = tally.endpoints
    if endpoint not in endpoints and len(endpoints) >= MOST_ENDPOINTS:
        endpoint = OTHER
    return endpoints.setdefault(endpoint, EndpointTally(endpoint))
