//! One connection to either database.

use super::{
    Database,
    backend::{Backend, BackendConnection as _},
};
use crate::{with_connection, with_pool};

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
    #[cfg(feature = "sqlite")]
    Sqlite(&'c mut sqlx::SqliteConnection),
    /// To a PostgreSQL server.
    #[cfg(feature = "postgres")]
    Postgres(&'c mut sqlx::PgConnection),
}

impl Connection<'_> {
    pub(crate) fn reborrow(&mut self) -> Connection<'_> {
        with_connection!(self, connection => Connection::from(&mut **connection))
    }
}

#[cfg(feature = "sqlite")]
impl<'c> From<&'c mut sqlx::SqliteConnection> for Connection<'c> {
    fn from(connection: &'c mut sqlx::SqliteConnection) -> Self {
        Self::Sqlite(connection)
    }
}

#[cfg(feature = "postgres")]
impl<'c> From<&'c mut sqlx::PgConnection> for Connection<'c> {
    fn from(connection: &'c mut sqlx::PgConnection) -> Self {
        Self::Postgres(connection)
    }
}

/// Runs code on a [`Connection`](crate::server::Connection), whichever kind it is. The code is
/// compiled for each kind, so its SQL must be valid on each.
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
        $crate::__match_database!($crate::server::Connection, $of, $connection => $code)
    };
}

/// A connection that goes back to the pool when it is dropped.
pub(crate) enum PooledConnection {
    #[cfg(feature = "sqlite")]
    Sqlite(sqlx::pool::PoolConnection<sqlx::Sqlite>),
    #[cfg(feature = "postgres")]
    Postgres(sqlx::pool::PoolConnection<sqlx::Postgres>),
}

#[cfg(feature = "sqlite")]
impl From<sqlx::pool::PoolConnection<sqlx::Sqlite>> for PooledConnection {
    fn from(connection: sqlx::pool::PoolConnection<sqlx::Sqlite>) -> Self {
        Self::Sqlite(connection)
    }
}

#[cfg(feature = "postgres")]
impl From<sqlx::pool::PoolConnection<sqlx::Postgres>> for PooledConnection {
    fn from(connection: sqlx::pool::PoolConnection<sqlx::Postgres>) -> Self {
        Self::Postgres(connection)
    }
}

macro_rules! with_pooled {
    ($of:expr, $connection:ident => $code:expr) => {
        $crate::__match_database!(PooledConnection, $of, $connection => $code)
    };
}

impl PooledConnection {
    /// Takes a connection from the pool. A connection on which an earlier transaction is still open
    /// is closed: writes on it might never be committed.
    pub(crate) async fn acquire(database: &Database) -> Result<Self, sqlx::Error> {
        loop {
            let mut connection =
                with_pool!(database, pool => PooledConnection::from(pool.acquire().await?));
            let is_clean = with_pooled!(&mut connection, connection => {
                connection.end_open_transaction().await
                    && connection.end_uncounted_transaction().await
            });
            if is_clean {
                return Ok(connection);
            }
            tracing::warn!("a connection with an open transaction is closed");
            connection.close_on_drop();
        }
    }

    pub(crate) fn connection(&mut self) -> Connection<'_> {
        with_pooled!(self, connection => Connection::from(&mut **connection))
    }

    /// Keeps the connection out of the pool.
    pub(crate) fn close_on_drop(&mut self) {
        with_pooled!(self, connection => connection.close_on_drop());
    }

    /// Undoes a dropped transaction. `sync` is SQLite's `synchronous` setting outside it.
    pub(crate) fn abandon(self, sync: i64) {
        with_pooled!(self, connection => Backend::abandon(connection, sync));
    }
}
