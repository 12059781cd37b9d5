//! sqlx's pool of MySQL connections.

use std::time::Duration;

use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlPool, MySqlPoolOptions, MySqlRow};
use sqlx::{ConnectOptions, Connection, Row};
use tokio::time::timeout;

use super::{QUERY, Quote, WAIT, random_id};
use crate::error::Unavailable;

// A connection that was used within this time is taken as it is: to ask it first would cost a round trip each time.
const TRUSTED: Duration = Duration::from_secs(1);

pub struct Pool(MySqlPool);

impl Pool {
    pub fn new(options: MySqlConnectOptions, connections: u32) -> Self {
        let pool = MySqlPoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(WAIT)
            .test_before_acquire(false)
            // One that rested for longer may have died with its server.
            .before_acquire(|connection, meta| {
                Box::pin(async move {
                    if meta.idle_for > TRUSTED {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_lazy_with(options.disable_statement_logging());
        Self(pool)
    }

    pub async fn draw(&self, count: usize) -> Result<Vec<Quote>, Unavailable> {
        let mut connection = self.0.acquire().await.map_err(|_| Unavailable("no database connection in time"))?;
        let mut quotes = Vec::with_capacity(count);
        for _ in 0..count {
            match random_row(&mut connection).await {
                Ok(quote) => quotes.push(quote),
                Err(error) => {
                    // It is broken, or an answer may still come in on it: closed at once, its place in the pool is free.
                    drop(connection.detach());
                    return Err(error);
                }
            }
        }
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
