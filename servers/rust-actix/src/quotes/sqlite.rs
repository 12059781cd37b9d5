//! SQLite through rusqlite, on the runtime's threads for blocking work.

use std::path::{Path, PathBuf};

use deadpool::managed::{self, Metrics, RecycleResult};
use rusqlite::{Connection, OpenFlags};
use tokio::task::spawn_blocking;

use super::{QUERY, Quote, lent, pool_of, random_id};
use crate::error::Unavailable;

pub struct Pool(managed::Pool<Opener>);

struct Opener(PathBuf);

impl managed::Manager for Opener {
    type Type = Connection;
    type Error = rusqlite::Error;

    async fn create(&self) -> rusqlite::Result<Connection> {
        open(&self.0)
    }

    async fn recycle(&self, _: &mut Connection, _: &Metrics) -> RecycleResult<rusqlite::Error> {
        Ok(())
    }
}

impl Pool {
    pub fn new(path: PathBuf, connections: u32) -> Self {
        Self(pool_of(Opener(path), connections))
    }

    pub async fn draw(&self, count: usize) -> Result<Vec<Quote>, Unavailable> {
        let connection = lent(&self.0).await?;
        // All rows in one go: a query takes microseconds, handing it to another thread about as long.
        let rows = spawn_blocking(move || -> rusqlite::Result<Vec<_>> {
            (0..count).map(|_| random_row(&connection)).collect()
        });
        match rows.await {
            Ok(rows) => rows.map_err(|_| Unavailable("the database cannot be read")),
            Err(_) => Err(Unavailable("the service is about to end")),
        }
    }
}

fn random_row(connection: &Connection) -> rusqlite::Result<Quote> {
    // Prepared once per connection.
    connection
        .prepare_cached(QUERY)?
        .query_row([random_id()], |row| Ok(Quote { id: row.get(0)?, author: row.get(1)?, content: row.get(2)? }))
}

/// Opens the quotes as the contract says: read-only, with the shared lock kept from the first query on.
fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    Ok(connection)
}

/// Says what is wrong with a file unless it is an SQLite database with quotes in it.
pub fn check_database(path: &Path) -> Result<(), String> {
    let count = open(path).and_then(|connection| {
        connection.query_row("SELECT count(id), count(author), count(content) FROM quotes", [], |row| row.get(0))
    });
    match count {
        Ok(0) => Err("no quotes".to_owned()),
        Ok(1_i64..) => Ok(()),
        Ok(_) => unreachable!("a count is not negative"),
        Err(rusqlite::Error::SqlInputError { msg, .. }) => Err(msg),
        Err(error) => Err(error.to_string()),
    }
}
