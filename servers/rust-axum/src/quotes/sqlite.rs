//! A small pool of read-only SQLite connections, asked on the runtime's threads for blocking work.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use rusqlite::{Connection, OpenFlags};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::{QUERY, Quote, WAIT, random_id};
use crate::error::Unavailable;

pub struct Pool {
    connections: Arc<Connections>,
    permits: Arc<Semaphore>,
}

struct Connections {
    path: PathBuf,
    free: Mutex<Vec<Connection>>,
}

impl Pool {
    pub fn new(path: PathBuf, connections: u32) -> Self {
        let permits = Arc::new(Semaphore::new(connections as usize));
        Self { connections: Arc::new(Connections { path, free: Mutex::default() }), permits }
    }

    pub async fn draw(&self, count: usize) -> Result<Vec<Quote>, Unavailable> {
        let permit = timeout(WAIT, Arc::clone(&self.permits).acquire_owned()).await;
        let permit = permit.map_err(|_| Unavailable("no connection got free in time"))?;
        let connections = Arc::clone(&self.connections);
        // All rows in one go: a query takes microseconds, handing it to another thread about as long.
        let rows = spawn_blocking(move || -> rusqlite::Result<Vec<Quote>> {
            let _permit = permit.expect("the semaphore is never closed");
            let connection = connections.take()?;
            let rows = (0..count).map(|_| random_row(&connection)).collect();
            connections.give_back(connection);
            rows
        });
        match rows.await {
            Ok(Ok(rows)) => Ok(rows),
            Ok(Err(_)) => Err(Unavailable("the database cannot be read")),
            Err(_) => Err(Unavailable("the service is about to end")),
        }
    }
}

impl Connections {
    /// Last in, first out: a connection used just now has its pages and its statement at hand.
    fn take(&self) -> rusqlite::Result<Connection> {
        let free = self.free().pop();
        free.map_or_else(|| open(&self.path), Ok)
    }

    fn give_back(&self, connection: Connection) {
        self.free().push(connection);
    }

    fn free(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.free.lock().expect("nothing panics with the lock held")
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
