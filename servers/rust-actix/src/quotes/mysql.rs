//! MySQL through sqlx.

use std::time::Duration;

use deadpool::managed::{self, Metrics, RecycleError, RecycleResult};
use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlRow};
use sqlx::{ConnectOptions, Connection, Row};
use tokio::time::timeout;

use super::{QUERY, Quote, WAIT, lent, pool_of, random_id};
use crate::error::Unavailable;

// A connection that was used within this time is taken as it is: to ask it first would cost a round trip each time.
const TRUSTED: Duration = Duration::from_secs(1);

/// deadpool instead of sqlx's own pool, which pings a connection every time one comes back: half of all round trips.
pub struct Pool(managed::Pool<Opener>);

struct Opener(MySqlConnectOptions);

struct Link {
    connection: MySqlConnection,
    /// Since its last request did not come to its end, it is broken, or an answer may still come in on it.
    unfinished: bool,
}

impl managed::Manager for Opener {
    type Type = Link;
    type Error = sqlx::Error;

    async fn create(&self) -> sqlx::Result<Link> {
        Ok(Link { connection: self.0.connect().await?, unfinished: false })
    }

    async fn recycle(&self, link: &mut Link, metrics: &Metrics) -> RecycleResult<sqlx::Error> {
        if link.unfinished {
            return Err(RecycleError::message("left in the middle of a request"));
        }
        if metrics.last_used() > TRUSTED {
            // It may have died with its server.
            link.connection.ping().await?;
        }
        Ok(())
    }
}

impl Pool {
    pub fn new(options: MySqlConnectOptions, connections: u32) -> Self {
        Self(pool_of(Opener(options.disable_statement_logging()), connections))
    }

    pub async fn draw(&self, count: usize) -> Result<Vec<Quote>, Unavailable> {
        let mut link = lent(&self.0).await?;
        // Stays so when a query fails, and when the client goes away and all this is dropped.
        link.unfinished = true;
        let mut quotes = Vec::with_capacity(count);
        for _ in 0..count {
            quotes.push(random_row(&mut link.connection).await?);
        }
        link.unfinished = false;
        Ok(quotes)
    }
}

async fn random_row(connection: &mut MySqlConnection) -> Result<Quote, Unavailable> {
    // Prepared by its first use on each connection.
    let query = sqlx::query(QUERY).bind(random_id()).fetch_one(connection);
    match timeout(WAIT, query).await {
        Ok(row) => row.and_then(|row| quote(&row)).map_err(|_| Unavailable("the database is away")),
        Err(_) => Err(Unavailable("the database did not answer in time")),
    }
}

fn quote(row: &MySqlRow) -> sqlx::Result<Quote> {
    Ok(Quote { id: row.try_get(0)?, author: row.try_get(1)?, content: row.try_get(2)? })
}
