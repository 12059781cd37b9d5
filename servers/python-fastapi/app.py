"""The endpoint contract in FastAPI, run by uvicorn in processes of gunicorn (gunicorn.conf.py)."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from cache import cache_of
from errors import add_error_handlers
from fastapi import FastAPI, Query
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from quotes import quotes_of
from settings import Whole, read_settings
from work import fib, now_text, origin_value


def create_app() -> FastAPI:
    """Build the application from the settings in the environment."""
    settings = read_settings()
    quotes = quotes_of(settings, process=int(os.environ.get("GUNICORN_WORKER", "1")))
    cache = cache_of(settings)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        # Connections are opened by the first requests: a service that is away at start comes later.
        yield
        await quotes.close()
        await cache.close()

    # The contract knows no other path: no pages about the interface, no redirects.
    app = FastAPI(lifespan=lifespan, openapi_url=None, redirect_slashes=False)
    add_error_handlers(app)
    if settings.metrics == "full":
        # Not even imported otherwise.
        from metrics import add_metrics

        add_metrics(app)

    @app.get("/api/health")
    async def health() -> Response:
        return PlainTextResponse("ok")

    # Not async: it computes for up to minutes, and so runs in the thread pool, where it shares the processor with
    # the loop in slices of some milliseconds. On the loop, nobody else would be answered until it is done.
    @app.get("/api/compute")
    def compute(n: Annotated[Whole, Query(ge=0, le=45)] = 40) -> Response:
        started = time.perf_counter_ns()
        result = fib(n)
        elapsed_ns = time.perf_counter_ns() - started
        return JSONResponse({"input": n, "result": result, "elapsedMs": round(elapsed_ns / 1e6, 3)})

    @app.get("/api/cache")
    async def cached(key: Annotated[str, Query(min_length=1)] = "default") -> Response:
        if entry := await cache.get(key):
            return JSONResponse({"source": "cache", **entry})
        # Requests that miss together each wait and each store: nothing is shared but the cache.
        await asyncio.sleep(settings.cache_miss_ms / 1000)
        entry = {"value": origin_value(key), "cachedAt": now_text()}
        await cache.put(key, entry)
        return JSONResponse({"source": "origin", **entry})

    @app.get("/api/db")
    async def database(count: Annotated[Whole | None, Query(ge=1, le=500)] = None) -> Response:
        rows = await quotes.random(count or 1)
        return JSONResponse(rows[0] if count is None else rows)

    return app
