import assert from 'node:assert/strict';
import { test } from 'node:test';

import { poolShare, readSettings, WrongSetting } from '../src/settings.js';

const LEAST = { PORT: '8080', SQLITE_PATH: 'quotes.sqlite' };

test('what is not set has the default of the contract', () => {
  const { bind, serverCpus, cacheBackend, cacheMissMs, dbPoolSize } = readSettings(LEAST);
  assert.deepEqual([bind, serverCpus, cacheBackend, cacheMissMs, dbPoolSize], ['127.0.0.1', 1, 'memory', 2000, 10]);
});

test('the places of Redis and MySQL are taken apart', () => {
  const { redis, mysql } = readSettings({
    PORT: '8080',
    CACHE_BACKEND: 'redis',
    REDIS_URL: 'redis://:p%40ss@[::1]:6379/2',
    DB_BACKEND: 'mysql',
    MYSQL_URL: 'mysql://user:pass@db:3306/fastserve',
  });
  assert.deepEqual(redis, { host: '::1', port: 6379, username: '', password: 'p@ss', path: '2' });
  assert.deepEqual(mysql, { host: 'db', port: 3306, username: 'user', password: 'pass', path: 'fastserve' });
});

test('a wrong place is refused by name, without the password in it', () => {
  const wrong = ['', 'redis', 'http://:secret@host:6379/0', 'redis://:secret@host/0', 'redis://:secret@host:6379/first'];
  for (const url of wrong) {
    assert.throws(
      () => readSettings({ ...LEAST, CACHE_BACKEND: 'redis', REDIS_URL: url }),
      (error) =>
        error instanceof WrongSetting && error.message.startsWith('REDIS_URL: expected') && !error.message.includes('secret@'),
    );
  }
});

test('the shares of all processes are the pool', () => {
  const shares = [1, 2, 3].map((number) => poolShare({ dbPoolSize: 11, serverCpus: 3 }, number));
  assert.deepEqual(shares, [4, 4, 3]);
});
