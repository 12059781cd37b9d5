// The quotes behind /api/db, in SQLite or in MySQL: each row is drawn by itself and read by a query of its own.

import { setImmediate as giveWay } from 'node:timers/promises';

import Sqlite from 'better-sqlite3';
import mysql from 'mysql2/promise';

import { BACKING_WAIT_MS, Complaints, Permits, withinWait } from './backing.js';
import { Unavailable } from './errors.js';
import { WrongSetting } from './settings.js';

const QUOTE = 'SELECT id, author, content FROM quotes WHERE id = ?';
const QUOTES = 1000;
// So many rows of SQLite take less than a millisecond.
const ROWS_AT_ONCE = 100;

/** Open the quotes, with this process's share of the pool. */
export function openQuotes(settings, connections) {
  return settings.dbBackend === 'mysql' ? new MysqlQuotes(settings.mysql, connections) : new SqliteQuotes(settings);
}

/** Throw WrongSetting unless the quotes can be served. MySQL may come later than this service. */
export function checkQuotes(settings) {
  if (settings.dbBackend === 'sqlite') {
    openSqlite(settings.sqlitePath).close();
  }
}

/**
 * Quotes in SQLite by better-sqlite3, which is synchronous, and the usual choice all the same: the rows come from a file
 * in memory within microseconds, less than a trip to another thread and back would take. One connection is all of
 * the pool that can be used: a query is over before the next request is looked at.
 */
class SqliteQuotes {
  #database;
  #select;
  #turns = new Permits(1);

  constructor({ sqlitePath }) {
    this.#database = openSqlite(sqlitePath);
    this.#select = this.#database.prepare(QUOTE);
  }

  one() {
    return this.#select.get(randomId());
  }

  async many(count) {
    if (count <= ROWS_AT_ONCE) {
      return this.#rows(count);
    }
    // Large answers take turns and let others in between: many of them at once would hold the event loop for seconds.
    await this.#turns.acquire();
    try {
      const rows = [];
      while (rows.length < count) {
        rows.push(...this.#rows(Math.min(ROWS_AT_ONCE, count - rows.length)));
        await giveWay();
      }
      return rows;
    } finally {
      this.#turns.release();
    }
  }

  #rows(count) {
    return Array.from({ length: count }, () => this.one());
  }

  close() {
    this.#database.close();
  }
}

/** Quotes in MySQL by a pool of mysql2. Its own queue has no end and no time limit, so permits stand before it. */
class MysqlQuotes {
  #pool;
  #permits;
  #complaints = new Complaints('MySQL');

  constructor({ host, port, username, password, path }, connections) {
    this.#permits = new Permits(connections);
    this.#pool = mysql.createPool({
      host,
      port,
      user: username,
      password,
      database: path,
      connectionLimit: connections,
      connectTimeout: BACKING_WAIT_MS,
    });
    // A connection may fail again after it has failed, when the pool listens no more.
    this.#pool.on('connection', (connection) => connection.on('error', () => {}));
  }

  one() {
    return this.#withConnection(randomRow);
  }

  many(count) {
    return this.#withConnection(async (connection) => {
      const rows = [];
      for (let left = count; left > 0; left -= 1) {
        rows.push(await randomRow(connection));
      }
      return rows;
    });
  }

  async close() {
    await this.#pool.end();
  }

  async #withConnection(read) {
    const connection = await this.#lend();
    try {
      const found = await read(connection);
      connection.release();
      return found;
    } catch (error) {
      // What it still sends would be taken for the answer to the next query.
      connection.destroy();
      throw this.#unavailable(error);
    } finally {
      this.#permits.release();
    }
  }

  /** Lend a connection and its permit; waiting for both together has one end. */
  async #lend() {
    const began = performance.now();
    await this.#permits.acquire();
    const connecting = this.#pool.getConnection();
    try {
      return await withinWait(connecting, 'a connection', began);
    } catch (error) {
      // It may still come, and has its permit until it came or failed.
      connecting
        .then((connection) => connection.release(), () => {})
        .finally(() => this.#permits.release());
      throw this.#unavailable(error);
    }
  }

  #unavailable(error) {
    this.#complaints.say(error);
    return new Unavailable('the database is unavailable', { cause: error });
  }
}

/** Read one row; a connection prepares the statement once, at its first query. */
async function randomRow(connection) {
  const [rows] = await withinWait(connection.execute(QUOTE, [randomId()]), 'a query');
  return rows[0];
}

function randomId() {
  return 1 + Math.floor(Math.random() * QUOTES);
}

function openSqlite(path) {
  try {
    const database = new Sqlite(path, { readonly: true, fileMustExist: true });
    // With it, a connection that only reads takes its shared lock once instead of at every query.
    database.pragma('locking_mode = EXCLUSIVE');
    const { rows } = database
      .prepare('SELECT count(id) AS rows, count(author), count(content) FROM quotes')
      .get();
    if (rows === 0) {
      throw new Error('it holds no quotes');
    }
    return database;
  } catch (error) {
    throw new WrongSetting(
      `SQLITE_PATH: expected a database with a table quotes, found '${path}': ${error.message}`,
    );
  }
}
