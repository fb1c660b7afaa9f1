//! One connection to either database, and an open transaction on it.

use super::{Database, database::in_time};
use sqlx::{
    Executor as _, PgConnection, Postgres, Sqlite, SqliteConnection, TransactionManager as _,
    pool::PoolConnection,
};

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
    /// Takes a connection from the pool. One on which an earlier transaction is still open is
    /// closed instead: what is written on it might never be committed.
    pub(crate) async fn acquire(database: &Database) -> Result<Self, sqlx::Error> {
        loop {
            let mut connection = match database {
                Database::Sqlite(pool) => Self::Sqlite(pool.acquire().await?),
                Database::Postgres(pool) => Self::Postgres(pool.acquire().await?),
            };
            if connection.has_ended().await {
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

    async fn has_ended(&mut self) -> bool {
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

/// Whether no transaction is open on a connection, as far as sqlx knows or SQLite says.
pub(crate) async fn end_sqlite(connection: &mut SqliteConnection) -> bool {
    !is_in_transaction::<Sqlite>(connection) || reset_sqlite(connection).await
}

/// Whether no transaction is open on a connection, as SQLite itself says: it begins none inside
/// another.
///
/// When the disk is full, SQLite has rolled back by itself. sqlx's rollback fails then, and sqlx goes
/// on to count a transaction and refuses every further one. The one that is begun here is what sqlx
/// then ends. To close the connection instead would be worse: on a full disk none can be opened after
/// the last one has gone, and nobody's session could be checked.
pub(crate) async fn reset_sqlite(connection: &mut SqliteConnection) -> bool {
    let reset = async {
        connection.execute("begin").await?;
        if is_in_transaction::<Sqlite>(connection) {
            <Sqlite as sqlx::Database>::TransactionManager::rollback(connection).await
        } else {
            connection.execute("rollback").await.map(drop)
        }
    };
    in_time(reset).await.is_ok() && !is_in_transaction::<Sqlite>(connection)
}

fn is_in_transaction<DB: sqlx::Database>(connection: &DB::Connection) -> bool {
    DB::TransactionManager::get_transaction_depth(connection) > 0
}
