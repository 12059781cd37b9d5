// What /api/cache remembers, for CACHE_TTL_S: in this process, in Redis, or nowhere.

import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

import { Redis } from 'ioredis';
import { LRUCache } from 'lru-cache';

import { BACKING_WAIT_MS, Complaints } from './backing.js';
import { Unavailable } from './errors.js';

// Bounds the memory of a process whatever keys are asked for; the least recently used go first.
const MEMORY_ENTRIES = 100_000;
const REDIS_PREFIX = 'fastserve:';

/** Open the cache that the settings ask for; away is no error. */
export async function openCache(settings) {
  if (settings.cacheBackend === 'redis') {
    const cache = new RedisCache(settings.redis, settings.cacheTtlS);
    await cache.connected();
    return cache;
  }
  return settings.cacheBackend === 'memory' ? new MemoryCache(settings.cacheTtlS) : new NoCache();
}

class NoCache {
  get() {}

  put() {}

  close() {}
}

class MemoryCache {
  #entries;

  constructor(ttlS) {
    this.#entries = new LRUCache({ max: MEMORY_ENTRIES, ttl: ttlS * 1000 });
  }

  get(key) {
    return this.#entries.get(key);
  }

  put(key, entry) {
    this.#entries.set(key, entry);
  }

  close() {}
}

/** Entries in Redis over one connection, on which the commands of all requests follow each other without waiting. */
class RedisCache {
  #redis;
  #ttlS;
  #complaints = new Complaints('Redis');

  constructor({ host, port, username, password, path }, ttlS) {
    this.#ttlS = ttlS;
    this.#redis = new Redis({
      host,
      port,
      family: 0,
      username: username || undefined,
      password: password || undefined,
      db: Number(path),
      connectTimeout: BACKING_WAIT_MS,
      commandTimeout: BACKING_WAIT_MS,
      // A connection that answers nothing for so long is given up, not only the commands on it.
      socketTimeout: BACKING_WAIT_MS,
      // No command waits for a connection or is sent again over the next one: it fails at once, and its request with it.
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      retryStrategy: (attempt) => Math.min(attempt * 100, 500),
    });
    this.#redis.on('error', (error) => this.#complaints.say(error));
  }

  /** Wait until the first commands can be sent, but not long: Redis may come later than this service. */
  async connected() {
    await Promise.race([once(this.#redis, 'ready'), sleep(BACKING_WAIT_MS)]).catch(() => {});
  }

  async get(key) {
    const text = await this.#answer(this.#redis.get(REDIS_PREFIX + key));
    return text === null ? undefined : JSON.parse(text);
  }

  async put(key, entry) {
    await this.#answer(this.#redis.set(REDIS_PREFIX + key, JSON.stringify(entry), 'EX', this.#ttlS));
  }

  close() {
    this.#redis.disconnect();
  }

  async #answer(command) {
    try {
      return await command;
    } catch (error) {
      this.#complaints.say(error);
      throw new Unavailable('the cache is unavailable', { cause: error });
    }
  }
}
