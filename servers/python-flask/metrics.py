"""What Prometheus reads at /metrics: the usual exporter, over all processes of this service."""

from flask import Flask, Request
from prometheus_flask_exporter.multiprocess import GunicornInternalPrometheusMetrics


def add_metrics(app: Flask) -> None:
    """Count and time every answer from now on. Every process leaves its numbers in PROMETHEUS_MULTIPROC_DIR."""
    GunicornInternalPrometheusMetrics(app, path="/metrics", group_by=route)


def route(request: Request) -> str:
    """The pattern of a route; what matches none is one label, however many paths are tried."""
    return request.url_rule.rule if request.url_rule else "none"
