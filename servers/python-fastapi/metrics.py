"""What Prometheus reads at /metrics: the usual exporter, over all processes of this service."""

from fastapi import FastAPI
from prometheus_fastapi_instrumentator import Instrumentator


def add_metrics(app: FastAPI) -> None:
    """Count and time every answer from now on. Every process leaves its numbers in PROMETHEUS_MULTIPROC_DIR.

    Routes are named by their pattern, statuses by their number; paths that match no route are one label.
    """
    exporter = Instrumentator(should_group_status_codes=False)
    exporter.instrument(app).expose(app, endpoint="/metrics", include_in_schema=False)
