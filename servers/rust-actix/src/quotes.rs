//! The quotes: random rows from SQLite or MySQL, each by a query of its own.

mod mysql;
mod sqlite;

use std::time::Duration;

use deadpool::managed::{Manager, Object, Pool, QueueMode};
use serde::Serialize;
use tokio::time::timeout;

use crate::error::Unavailable;
use crate::settings::{DatabaseBackend, DatabaseSettings};
pub use sqlite::check_database;

const QUERY: &str = "SELECT id, author, content FROM quotes WHERE id = ?";
const ROWS: i32 = 1000;
// For a connection to get free or opened, and again for each query.
const WAIT: Duration = Duration::from_millis(900);

#[derive(Debug, Serialize)]
pub struct Quote {
    pub id: i32,
    pub author: String,
    pub content: String,
}

pub enum Quotes {
    Sqlite(sqlite::Pool),
    Mysql(mysql::Pool),
}

impl Quotes {
    /// Connections are opened by the requests that need them.
    pub fn new(settings: DatabaseSettings) -> Self {
        match settings.backend {
            DatabaseBackend::Sqlite(path) => Self::Sqlite(sqlite::Pool::new(path, settings.pool_size)),
            DatabaseBackend::Mysql(options) => Self::Mysql(mysql::Pool::new(*options, settings.pool_size)),
        }
    }

    /// Draws random rows over one connection.
    pub async fn draw(&self, count: usize) -> Result<Vec<Quote>, Unavailable> {
        match self {
            Self::Sqlite(pool) => pool.draw(count).await,
            Self::Mysql(pool) => pool.draw(count).await,
        }
    }
}

fn random_id() -> i32 {
    rand::random_range(1..=ROWS)
}

fn pool_of<M: Manager>(manager: M, connections: u32) -> Pool<M> {
    Pool::builder(manager)
        .max_size(connections as usize)
        // A connection used just now has its pages and its statement at hand.
        .queue_mode(QueueMode::Lifo)
        .build()
        .expect("a pool without timeouts of its own needs nothing else")
}

/// A connection, unless it takes too long to get free or to be opened.
async fn lent<M: Manager>(pool: &Pool<M>) -> Result<Object<M>, Unavailable> {
    match timeout(WAIT, pool.get()).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(_)) => Err(Unavailable("the database is away")),
        Err(_) => Err(Unavailable("no connection to the database in time")),
    }
}
