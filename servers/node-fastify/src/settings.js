// The settings of the contract, read from the environment and checked before anything starts.

import { isIP } from 'node:net';

/** A setting that is missing or cannot be used: one line for the operator. */
export class WrongSetting extends Error {}

/** Read and check all settings; throws WrongSetting for the first that is wrong. */
export function readSettings(env) {
  const settings = {
    port: whole(env, 'PORT', { least: 1, most: 65535 }),
    bind: address(env, 'BIND', '127.0.0.1'),
    serverCpus: whole(env, 'SERVER_CPUS', { standard: 1, least: 1, most: 1024 }),
    cacheBackend: oneOf(env, 'CACHE_BACKEND', ['memory', 'none', 'redis']),
    cacheMissMs: whole(env, 'CACHE_MISS_MS', { standard: 2000, least: 0, most: 60000 }),
    cacheTtlS: whole(env, 'CACHE_TTL_S', { standard: 60, least: 1, most: 86400 }),
    dbBackend: oneOf(env, 'DB_BACKEND', ['sqlite', 'mysql']),
    dbPoolSize: whole(env, 'DB_POOL_SIZE', { standard: 10, least: 1, most: 10000 }),
    metrics: oneOf(env, 'METRICS', ['none', 'full']),
  };
  if (settings.cacheBackend === 'redis') {
    settings.redis = redisPlace(env, 'REDIS_URL');
  }
  if (settings.dbBackend === 'mysql') {
    settings.mysql = mysqlPlace(env, 'MYSQL_URL');
  } else {
    settings.sqlitePath = needed(env, 'SQLITE_PATH');
  }
  if (settings.dbPoolSize < settings.serverCpus) {
    throw new WrongSetting(
      `DB_POOL_SIZE: expected at least one connection for each of ${settings.serverCpus} processes, ` +
        `found ${settings.dbPoolSize}`,
    );
  }
  return settings;
}

/** Connections of one process, counted from 1: the first ones have one more where the pool does not divide evenly. */
export function poolShare({ dbPoolSize, serverCpus }, process) {
  return Math.floor(dbPoolSize / serverCpus) + (process <= dbPoolSize % serverCpus ? 1 : 0);
}

function needed(env, name) {
  if (!env[name]) {
    throw new WrongSetting(`${name}: expected a value, found none`);
  }
  return env[name];
}

function whole(env, name, { standard, least, most }) {
  const text = standard === undefined ? needed(env, name) : (env[name] ?? String(standard));
  if (!/^[0-9]{1,9}$/.test(text) || Number(text) < least || Number(text) > most) {
    throw new WrongSetting(`${name}: expected a whole number from ${least} to ${most}, found ${shown(text)}`);
  }
  return Number(text);
}

function oneOf(env, name, levels) {
  const level = env[name] ?? levels[0];
  if (!levels.includes(level)) {
    throw new WrongSetting(`${name}: expected ${levels.join(' or ')}, found ${shown(level)}`);
  }
  return level;
}

function address(env, name, standard) {
  const text = env[name] ?? standard;
  if (!isIP(text)) {
    throw new WrongSetting(`${name}: expected an IP address, found ${shown(text)}`);
  }
  return text;
}

function redisPlace(env, name) {
  const form = 'redis://[user][:password@]host:port/number';
  const place = urlPlace(env, name, 'redis:', form);
  if (!/^[0-9]{1,9}$/.test(place.path)) {
    throw new WrongSetting(`${name}: expected ${form}, found no number at its end`);
  }
  return place;
}

function mysqlPlace(env, name) {
  const form = 'mysql://user:password@host:port/database';
  const place = urlPlace(env, name, 'mysql:', form);
  if (!place.username || !place.path) {
    throw new WrongSetting(`${name}: expected ${form}, found no ${place.username ? 'database' : 'user'}`);
  }
  return place;
}

/** Read the parts of an URL. What was found is never shown: it may hold a password. */
function urlPlace(env, name, protocol, form) {
  const text = needed(env, name);
  try {
    const url = new URL(text);
    if (url.protocol === protocol && url.hostname && url.port) {
      return {
        // An IPv6 address stands in brackets in an URL, and nowhere else.
        host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
        port: Number(url.port),
        username: decodeURIComponent(url.username),
        password: decodeURIComponent(url.password),
        path: decodeURIComponent(url.pathname.slice(1)),
      };
    }
  } catch {
    // No URL, or a % that escapes nothing: as wrong as another protocol.
  }
  throw new WrongSetting(`${name}: expected ${form}, found something else`);
}

function shown(text) {
  return `'${text}'`;
}
