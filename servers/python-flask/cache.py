"""Where the origin's values are kept: nowhere, in this process, or in Redis."""

import json
from threading import Lock
from typing import Protocol

from breaker import BACKING_WAIT_S, Breaker, Unavailable
from cachetools import TTLCache
from redis import BlockingConnectionPool, Redis, RedisError
from redis.backoff import NoBackoff
from redis.retry import Retry
from settings import THREADS, Settings

# Bounds the memory of a process whatever keys are asked for; the oldest go first.
MEMORY_ENTRIES = 100_000
REDIS_PREFIX = "fastserve:"

Entry = dict[str, str]


class Cache(Protocol):
    """Values by key with the time they were taken; raises Unavailable while it is away."""

    def get(self, key: str) -> Entry | None: ...

    def put(self, key: str, entry: Entry) -> None: ...


class NoCache:
    """Every look-up is a miss, and nothing is stored."""

    def get(self, _key: str) -> Entry | None:
        return None

    def put(self, _key: str, _entry: Entry) -> None:
        pass


class MemoryCache:
    """Entries of this process."""

    def __init__(self, ttl_s: int) -> None:
        self._entries: TTLCache[str, Entry] = TTLCache(maxsize=MEMORY_ENTRIES, ttl=ttl_s)
        # The library is not safe with threads.
        self._lock = Lock()

    def get(self, key: str) -> Entry | None:
        with self._lock:
            return self._entries.get(key)

    def put(self, key: str, entry: Entry) -> None:
        with self._lock:
            self._entries[key] = entry


class RedisCache:
    """Entries that all processes share, one string of JSON each."""

    def __init__(self, url: str, ttl_s: int) -> None:
        self._ttl_s = ttl_s
        pool = BlockingConnectionPool.from_url(
            url,
            # One for each thread: a connection is held for one command.
            max_connections=THREADS,
            timeout=BACKING_WAIT_S,
            socket_connect_timeout=BACKING_WAIT_S,
            socket_timeout=BACKING_WAIT_S,
            # The library would ask again, some times, for seconds.
            retry=Retry(NoBackoff(), 0),
        )
        self._redis = Redis(connection_pool=pool)
        self._breaker = Breaker()

    def get(self, key: str) -> Entry | None:
        try:
            with self._breaker.attempt():
                stored = self._redis.get(REDIS_PREFIX + key)
        except RedisError as error:
            raise Unavailable("the cache does not answer") from error
        return None if stored is None else json.loads(stored)

    def put(self, key: str, entry: Entry) -> None:
        text = json.dumps(entry, separators=(",", ":"))
        try:
            with self._breaker.attempt():
                self._redis.set(REDIS_PREFIX + key, text, ex=self._ttl_s)
        except RedisError as error:
            raise Unavailable("the cache does not answer") from error


def cache_of(settings: Settings) -> Cache:
    """Return the cache that the settings ask for."""
    if settings.cache_backend == "redis":
        return RedisCache(settings.redis_url, settings.cache_ttl_s)
    return MemoryCache(settings.cache_ttl_s) if settings.cache_backend == "memory" else NoCache()
