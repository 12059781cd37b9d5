"""Any windows and counts that could come from a worker, for laws that hold for all of them."""

from hypothesis import strategies as st

from controller.measure.errors import ErrorKind
from controller.measure.histogram import Histogram, recorded
from controller.measure.window import EndpointCounts, Phase, Window

ERRORS = [kind.value for kind in ErrorKind]
SECONDS = st.floats(0, 86_400, allow_nan=False)


def histograms() -> st.SearchStrategy[Histogram]:
    """Draw histograms of up to a few durations."""
    return st.dictionaries(st.integers(0, 60_000_000), st.integers(1, 10_000), max_size=5).map(recorded)


def counts() -> st.SearchStrategy[EndpointCounts]:
    """Draw what one endpoint did, with service time apart or not, in a closed load or an open one."""
    closed = {
        "latency": histograms(),
        "service": st.none() | histograms(),
        "bytes": st.integers(0, 1 << 40),
        "errors": st.dictionaries(st.sampled_from(ERRORS), st.integers(1, 1000), max_size=3),
        "sources": st.dictionaries(st.sampled_from(["cache", "origin"]), st.integers(1, 1000), max_size=2),
    }
    opened = {"lag": histograms(), "queued": st.integers(0, 1000), "timeout_us": st.integers(60_000_000, 90_000_000)}
    return st.builds(EndpointCounts, **closed) | st.builds(EndpointCounts, **closed, **opened)


def endpoints() -> st.SearchStrategy[dict[str, EndpointCounts]]:
    """Draw what all endpoints did."""
    return st.dictionaries(st.sampled_from(["/api/health", "/api/db", "/api/cache", "/ä b"]), counts(), max_size=3)


def windows(order: st.SearchStrategy[int] | None = None) -> st.SearchStrategy[Window]:
    """Draw windows of any trial, or of the orders given."""
    return st.builds(
        Window,
        order=st.integers(1, 5) if order is None else order,
        index=st.integers(0, 100),
        start_s=SECONDS,
        end_s=SECONDS,
        phase=st.sampled_from(Phase),
        users=st.integers(0, 1000),
        workers=st.integers(1, 8),
        endpoints=endpoints(),
        earlier=endpoints(),
        step=st.none() | st.integers(1, 3),
    )
