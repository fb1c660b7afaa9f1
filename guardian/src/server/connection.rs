//! One connection to either database.

use super::{
    Database,
    unfinished_transaction::{end_sqlite, is_in_transaction},
};
use sqlx::{PgConnection, Postgres, Sqlite, SqliteConnection, pool::PoolConnection};

/// The connection that a [`Transaction`](super::Transaction) runs on, for
/// [`with_connection!`](crate::with_connection).
///
/// ```
/// use leptos_guardian::{server::Connection, with_connection};
///
/// async fn forget(connection: Connection<'_>, id: &str) -> Result<(), sqlx::Error> {
///     with_connection!(connection, connection => {
///         sqlx::query("delete from note where id = $1").bind(id).execute(connection).await?;
///     });
///     Ok(())
/// }
/// ```
#[derive(Debug)]
pub enum Connection<'c> {
    /// To a SQLite file.
    Sqlite(&'c mut SqliteConnection),
    /// To a PostgreSQL server.
    Postgres(&'c mut PgConnection),
}

impl Connection<'_> {
    pub(crate) fn reborrow(&mut self) -> Connection<'_> {
        match self {
            Self::Sqlite(connection) => Connection::Sqlite(connection),
            Self::Postgres(connection) => Connection::Postgres(connection),
        }
    }
}

/// Runs code on a [`Connection`](crate::server::Connection), whichever kind it is. The code is
/// compiled for both kinds, so its SQL must be valid on both.
///
/// ```
/// use leptos_guardian::{server::Connection, with_connection};
///
/// async fn users(connection: Connection<'_>) -> Result<i64, sqlx::Error> {
///     with_connection!(connection, connection => {
///         sqlx::query_scalar("select count(*) from users").fetch_one(connection).await
///     })
/// }
/// ```
#[macro_export]
macro_rules! with_connection {
    ($of:expr, $connection:ident => $code:expr) => {
        match $of {
            $crate::server::Connection::Sqlite($connection) => $code,
            $crate::server::Connection::Postgres($connection) => $code,
        }
    };
}

/// A connection that goes back to the pool when it is dropped.
pub(crate) enum PooledConnection {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
}

impl PooledConnection {
    /// Takes a connection from the pool. A connection on which an earlier transaction is still open
    /// is closed: writes on it might never be committed.
    pub(crate) async fn acquire(database: &Database) -> Result<Self, sqlx::Error> {
        loop {
            let mut connection = match database {
                Database::Sqlite(pool) => Self::Sqlite(pool.acquire().await?),
                Database::Postgres(pool) => Self::Postgres(pool.acquire().await?),
            };
            if connection.end_open_transaction().await {
                return Ok(connection);
            }
            tracing::warn!("a connection with an unfinished transaction is closed");
            connection.close_on_drop();
        }
    }

    pub(crate) fn connection(&mut self) -> Connection<'_> {
        match self {
            Self::Sqlite(connection) => Connection::Sqlite(connection),
            Self::Postgres(connection) => Connection::Postgres(connection),
        }
    }

    async fn end_open_transaction(&mut self) -> bool {
        match self {
            Self::Sqlite(connection) => end_sqlite(connection).await,
            Self::Postgres(connection) => !is_in_transaction::<Postgres>(connection),
        }
    }

    /// Keeps the connection out of the pool.
    pub(crate) fn close_on_drop(&mut self) {
        match self {
            Self::Sqlite(connection) => connection.close_on_drop(),
            Self::Postgres(connection) => connection.close_on_drop(),
        }
    }
}
