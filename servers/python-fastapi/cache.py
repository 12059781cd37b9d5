"""Where the origin's values are kept: nowhere, in this process, or in Redis."""

import json
from typing import Protocol

from cachetools import TTLCache
from pool import BACKING_WAIT_S, Unavailable
from redis.asyncio import BlockingConnectionPool, Redis, RedisError
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from settings import Settings

# Bounds the memory of a process whatever keys are asked for; the oldest go first.
MEMORY_ENTRIES = 100_000
REDIS_PREFIX = "fastserve:"
# A connection is held for one command, so few of them serve many requests.
REDIS_CONNECTIONS = 32

Entry = dict[str, str]


class Cache(Protocol):
    """Values by key with the time they were taken; raises Unavailable while it is away."""

    async def get(self, key: str) -> Entry | None: ...

    async def put(self, key: str, entry: Entry) -> None: ...

    async def close(self) -> None: ...


class NoCache:
    """Every look-up is a miss, and nothing is stored."""

    async def get(self, _key: str) -> Entry | None:
        return None

    async def put(self, _key: str, _entry: Entry) -> None:
        pass

    async def close(self) -> None:
        pass


class MemoryCache:
    """Entries of this process."""

    def __init__(self, ttl_s: int) -> None:
        self._entries: TTLCache[str, Entry] = TTLCache(maxsize=MEMORY_ENTRIES, ttl=ttl_s)

    async def get(self, key: str) -> Entry | None:
        return self._entries.get(key)

    async def put(self, key: str, entry: Entry) -> None:
        self._entries[key] = entry

    async def close(self) -> None:
        pass


class RedisCache:
    """Entries that all processes share, one string of JSON each."""

    def __init__(self, url: str, ttl_s: int) -> None:
        self._ttl_s = ttl_s
        self._pool = BlockingConnectionPool.from_url(
            url,
            max_connections=REDIS_CONNECTIONS,
            timeout=BACKING_WAIT_S,
            socket_connect_timeout=BACKING_WAIT_S,
            socket_timeout=BACKING_WAIT_S,
            # The library would ask again, some times, for seconds.
            retry=Retry(NoBackoff(), 0),
        )
        self._redis = Redis.from_pool(self._pool)

    async def get(self, key: str) -> Entry | None:
        try:
            stored = await self._redis.get(REDIS_PREFIX + key)
        except (RedisError, OSError) as error:
            raise await self._lost() from error
        return None if stored is None else json.loads(stored)

    async def put(self, key: str, entry: Entry) -> None:
        text = json.dumps(entry, separators=(",", ":"))
        try:
            await self._redis.set(REDIS_PREFIX + key, text, ex=self._ttl_s)
        except (RedisError, OSError) as error:
            raise await self._lost() from error

    async def _lost(self) -> Unavailable:
        # Idle connections lead to the same service: once it is back, each of them would fail one more request.
        await self._pool.disconnect(inuse_connections=False)
        return Unavailable("the cache does not answer")

    async def close(self) -> None:
        await self._redis.aclose()


def cache_of(settings: Settings) -> Cache:
    """Return the cache that the settings ask for."""
    if settings.cache_backend == "redis":
        return RedisCache(settings.redis_url, settings.cache_ttl_s)
    return MemoryCache(settings.cache_ttl_s) if settings.cache_backend == "memory" else NoCache()
