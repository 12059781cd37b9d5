"""The endpoint contract in Flask, run by gunicorn with threads (gunicorn.conf.py)."""

import os
import re
import time
from typing import Any

from breaker import Unavailable
from cache import cache_of
from flask import Flask, Response, abort, request
from flask.json.provider import DefaultJSONProvider
from quotes import quotes_of
from settings import read_settings
from werkzeug.exceptions import HTTPException, ServiceUnavailable
from work import fib, now_text, origin_value


class CompactJSON(DefaultJSONProvider):
    """JSON without spaces, sorting, escapes of plain text or the line feed that Flask adds."""

    sort_keys = False
    ensure_ascii = False

    def response(self, *args: Any, **kwargs: Any) -> Response:
        text = self.dumps(self._prepare_response_obj(args, kwargs), separators=(",", ":"))
        return self._app.response_class(text, mimetype=self.mimetype)


def create_app() -> Flask:
    """Build the application from the settings in the environment."""
    settings = read_settings(os.environ)
    quotes = quotes_of(settings, process=int(os.environ.get("GUNICORN_WORKER", "1")))
    cache = cache_of(settings)
    app = Flask(__name__, static_folder=None)
    app.json = CompactJSON(app)
    add_error_handlers(app)
    if settings.metrics == "full":
        # Not even imported otherwise.
        from metrics import add_metrics

        add_metrics(app)

    @app.get("/api/health")
    def health() -> Response:
        return Response("ok", mimetype="text/plain")

    @app.get("/api/compute")
    def compute() -> dict[str, Any]:
        n = whole_parameter("n", default=40, least=0, most=45)
        started = time.perf_counter_ns()
        result = fib(n)
        elapsed_ns = time.perf_counter_ns() - started
        return {"input": n, "result": result, "elapsedMs": round(elapsed_ns / 1e6, 3)}

    @app.get("/api/cache")
    def cached() -> dict[str, str]:
        key = request.args.get("key", "default")
        if not key:
            abort(400, "key: expected a value, found none")
        if entry := cache.get(key):
            return {"source": "cache", **entry}
        # Requests that miss together each wait and each store: nothing is shared but the cache.
        time.sleep(settings.cache_miss_ms / 1000)
        entry = {"value": origin_value(key), "cachedAt": now_text()}
        cache.put(key, entry)
        return {"source": "origin", **entry}

    @app.get("/api/db")
    def database() -> dict[str, Any] | list[dict[str, Any]]:
        if "count" not in request.args:
            [quote] = quotes.random(1)
            return quote
        return quotes.random(whole_parameter("count", least=1, most=500))

    return app


def add_error_handlers(app: Flask) -> None:
    """Answer every error in JSON."""

    @app.errorhandler(HTTPException)
    def error_as_json(error: HTTPException) -> Response:
        response = error.get_response()
        response.data = app.json.dumps({"error": error.description}, separators=(",", ":"))
        response.content_type = "application/json"
        return response

    @app.errorhandler(Unavailable)
    def unavailable(error: Unavailable) -> Response:
        return error_as_json(ServiceUnavailable(str(error)))


def whole_parameter(name: str, *, default: int | None = None, least: int, most: int) -> int:
    """Return a parameter of the request; answers 400 unless it is ASCII digits within the range."""
    value = request.args.get(name)
    if value is None and default is not None:
        return default
    if value is None or not re.fullmatch("[0-9]{1,9}", value) or not least <= int(value) <= most:
        abort(400, f"{name}: expected a whole number from {least} to {most}")
    return int(value)
