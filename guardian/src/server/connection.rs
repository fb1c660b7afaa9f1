//! One connection to either database, and an open transaction on it.

use super::Database;
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

/// Runs one piece of code on a [`Connection`](crate::server::Connection), whichever it is. The
/// code is compiled for both, so its SQL must be valid on both.
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
    pub(crate) async fn acquire(database: &Database) -> Result<Self, sqlx::Error> {
        Ok(match database {
            Database::Sqlite(pool) => Self::Sqlite(pool.acquire().await?),
            Database::Postgres(pool) => Self::Postgres(pool.acquire().await?),
        })
    }

    pub(crate) fn connection(&mut self) -> Connection<'_> {
        match self {
            Self::Sqlite(connection) => Connection::Sqlite(connection),
            Self::Postgres(connection) => Connection::Postgres(connection),
        }
    }
}

/// The write lock at once: a transaction that only asks for it after a read fails when another
/// has written in between, however long it would wait.
const BEGIN_SQLITE: &str = "begin immediate";

/// Each statement sees what was committed before it, whatever the database's own default: locks
/// are waited for, and what they kept back must be seen. And neither a client that has given up
/// nor one that has lost its power may keep others waiting for long.
const BEGIN_POSTGRES: &str = "begin isolation level read committed;
    set local lock_timeout = '4s';
    set local idle_in_transaction_session_timeout = '30s'";

/// A transaction on either database. Dropped without a commit, it has done nothing.
pub(crate) enum OpenTransaction {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

impl OpenTransaction {
    pub(crate) async fn begin(database: &Database) -> Result<Self, sqlx::Error> {
        let database = database.clone();
        // In a task, which nobody gives up half-way: sqlx would give the pool a connection back
        // on which the transaction has begun, and what comes next would never be committed.
        let begun = tokio::spawn(async move {
            Ok(match database {
                Database::Sqlite(pool) => Self::Sqlite(pool.begin_with(BEGIN_SQLITE).await?),
                Database::Postgres(pool) => Self::Postgres(pool.begin_with(BEGIN_POSTGRES).await?),
            })
        });
        begun.await.map_err(|_| sqlx::Error::WorkerCrashed)?
    }

    pub(crate) fn connection(&mut self) -> Connection<'_> {
        match self {
            Self::Sqlite(transaction) => Connection::Sqlite(transaction),
            Self::Postgres(transaction) => Connection::Postgres(transaction),
        }
    }

    pub(crate) async fn commit(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await,
            Self::Postgres(transaction) => transaction.commit().await,
        }
    }
}
